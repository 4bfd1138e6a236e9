"""The library over HTTP: reading, uploading, and who may do which."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AuditEvent
from ratings.library.models import Dataset, Question, Rationale
from tests.library.files import CQA, GSM8K, PLACE, SUM, TRIPLE, lines, questions, rationales

pytestmark = pytest.mark.django_db

READ = ["/api/v1/datasets/", "/api/v1/datasets/d/", "/api/v1/questions/", "/api/v1/questions/d/sum/"]
IMPORT = ["/api/v1/datasets/d/questions/", "/api/v1/datasets/d/rationales/"]


@pytest.fixture
def library() -> None:
    questions(SUM, {**SUM, "id": "a/b", "split": "test"})
    rationales({"question": "sum", "source": "m", "text": "2 + 3 = 5\n#### 5"})


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def staff(engineer) -> Client:
    return client_of(engineer)


def body(*records: object) -> bytes:
    return lines(*records).read()


def post(client: Client, url: str, *records: object, content_type: str = "application/x-ndjson") -> Any:
    return client.post(url, data=body(*records), content_type=content_type)


def test_datasets_are_listed_with_their_counts(staff, library):
    assert staff.get("/api/v1/datasets/").json()["results"][0] == staff.get("/api/v1/datasets/d/").json()
    dataset = staff.get("/api/v1/datasets/d/").json()
    assert (dataset["name"], dataset["family"], dataset["questions"]) == ("d", "gsm8k", 2)
    assert dataset["sources"] == {"m": {"correct": 1}}


def test_questions_are_found_by_dataset_split_and_id(staff, library):
    def ids(query: str) -> list[str]:
        return [one["id"] for one in staff.get(f"/api/v1/questions/?{query}").json()["results"]]

    assert ids("dataset=d") == ["a/b", "sum"]
    assert ids("split=test") == ["a/b"]
    assert ids("id=sum") == ["sum"]
    assert ids("dataset=nobody") == []


def test_one_question_is_at_its_dataset_and_id(staff, library):
    questions({**SUM, "answer": 6})
    question = staff.get("/api/v1/questions/d/sum/").json()
    assert (question["question"], question["answer"], question["revision"]) == (SUM["question"], "6", 2)
    assert [(one["number"], one["answer"]) for one in question["revisions"]] == [(2, "6"), (1, "5")]
    assert staff.get("/api/v1/questions/d/a/b/").json()["id"] == "a/b"


def test_choices_come_with_their_labels(staff):
    questions(PLACE)
    assert staff.get("/api/v1/questions/d/place/").json()["choices"] == PLACE["choices"]


def test_rationales_are_found_by_every_name(staff, library):
    for query in ("dataset=d", "question=sum", "source=m", "verdict=correct", "live=true"):
        (one,) = staff.get(f"/api/v1/rationales/?{query}").json()["results"]
        assert (one["source"], one["question"], one["normalised"]) == ("m", "sum", "2 + 3 = 5")
    for query in ("dataset=x", "question=x", "source=x", "verdict=wrong", "live=false"):
        assert staff.get(f"/api/v1/rationales/?{query}").json()["results"] == []
    assert staff.get("/api/v1/rationales/?verdict=maybe").status_code == 422


@pytest.mark.parametrize("url", [*READ, "/api/v1/rationales/"])
def test_strangers_read_nothing(client, library, url):
    response = client.get(url)
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")


@pytest.mark.parametrize("url", IMPORT)
def test_strangers_import_nothing(client, library, url):
    assert post(client, url, SUM).status_code == 401


def test_a_blind_analyst_reads_questions_but_no_source(blind_analyst, library):
    client = client_of(blind_analyst)
    for url in READ:
        response = client.get(url)
        assert response.status_code == 200
        assert "sources" not in response.content.decode()
    assert client.get("/api/v1/rationales/").status_code == 403
    for url in IMPORT:
        assert post(client, url, SUM).status_code == 403
    assert Question.objects.count() == 2


@pytest.mark.parametrize("url", ["/api/v1/datasets/x/", "/api/v1/questions/d/x/", "/api/v1/questions/x/sum/"])
def test_what_is_not_there_is_404(staff, library, url):
    response = staff.get(url)
    assert response.status_code == 404
    assert response.json()["code"] in ("unknown_dataset", "unknown_question")


def test_wrong_methods_are_refused(staff, library):
    assert staff.put("/api/v1/datasets/d/questions/").status_code == 405
    assert staff.delete("/api/v1/questions/d/sum/").status_code == 405
    assert staff.post("/api/v1/rationales/").status_code == 405


@pytest.mark.parametrize(
    "content_type", ["application/x-ndjson", "application/json", "text/plain", "application/jsonl"]
)
def test_questions_are_imported_from_a_body_of_any_name(staff, engineer, content_type):
    response = post(staff, "/api/v1/datasets/new/questions/?split=dev", SUM, content_type=content_type)
    assert response.status_code == 201
    assert (response.json()["created"], response.json()["errors"]) == (1, 0)
    assert Question.objects.get().split == "dev"
    assert AuditEvent.objects.get(act="dataset.import_questions").actor == engineer


def test_format_names_the_files_format_and_not_the_answers(staff):
    assert post(staff, "/api/v1/datasets/g/questions/?format=gsm8k", GSM8K).json()["human_rationales"] == 1
    assert post(staff, "/api/v1/datasets/c/questions/?format=commonsenseqa", CQA).json()["created"] == 1
    response = post(staff, "/api/v1/datasets/t/rationales/?format=triples", TRIPLE)
    assert response.json()["sources"]["cose"]["given"] == 1
    assert post(staff, "/api/v1/datasets/d/questions/?format=xml", SUM).status_code == 422


def test_a_file_in_a_form_is_imported(staff):
    content = b"id,question,answer\na,What is 1+1?,2\n"
    file = SimpleUploadedFile("sums.csv", content, content_type="text/csv")
    response = staff.post("/api/v1/datasets/d/questions/?format=csv", {"file": file})
    assert (response.status_code, response.json()["created"]) == (201, 1)
    assert AuditEvent.objects.get(act="dataset.import_questions").details["file"] == "sums.csv"


def test_a_form_without_a_file_is_refused(staff):
    response = staff.post("/api/v1/datasets/d/questions/", {"file": "text"})
    assert (response.status_code, response.json()["details"]["field"]) == (422, "file")


def test_again_is_200_and_changes_nothing(staff, library):
    rows = {"question": "sum", "source": "m", "text": "2 + 3 = 5\n#### 5"}
    response = post(staff, "/api/v1/datasets/d/rationales/", rows)
    assert (response.status_code, response.json()["unchanged"]) == (200, 1)
    assert Rationale.objects.count() == 1


def test_a_dry_run_writes_nothing(staff):
    response = post(staff, "/api/v1/datasets/new/questions/?dry_run=1", SUM)
    assert (response.status_code, response.json()["created"]) == (200, 1)
    assert not Dataset.objects.exists()


def test_row_errors_come_in_the_one_error_shape(staff):
    response = post(staff, "/api/v1/datasets/d/questions/", {**SUM, "answer": "many"})
    assert response.status_code == 422
    error = response.json()
    assert (error["code"], error["details"]["errors"]) == ("row_errors", 1)
    assert error["details"]["error_rows"][0]["field"] == "answer"
    assert not Dataset.objects.exists()


def test_an_empty_body_is_refused(staff):
    response = staff.post("/api/v1/datasets/d/questions/", data=b"", content_type="application/x-ndjson")
    assert (response.status_code, response.json()["code"]) == (422, "empty_file")


def test_an_upload_beyond_the_limit_is_refused_unread(staff, settings):
    settings.MAX_UPLOAD_BYTES = 100
    response = post(staff, "/api/v1/datasets/d/questions/", {**SUM, "question": "x" * 200})
    assert (response.status_code, response.json()["code"]) == (413, "too_large")
    file = SimpleUploadedFile("big.jsonl", json.dumps({**SUM, "question": "x" * 200}).encode())
    assert staff.post("/api/v1/datasets/d/questions/", {"file": file}).status_code == 413


def test_a_body_far_beyond_djangos_memory_limit_is_streamed(staff, settings):
    rows = [{"id": f"q{n}", "question": f"What is {n}? " + "x" * 500, "answer": n} for n in range(1_000)]
    assert len(body(*rows)) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert post(staff, "/api/v1/datasets/d/questions/", *rows).json()["created"] == 1_000


def test_a_page_of_questions_costs_the_same_statements_whatever_its_length(
    staff, django_assert_max_num_queries
):
    questions(*({"id": f"q{n}", "question": f"{n}?", "answer": n} for n in range(50)))
    with django_assert_max_num_queries(8):
        assert len(staff.get("/api/v1/questions/").json()["results"]) == 50
