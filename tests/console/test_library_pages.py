"""Datasets, questions and imports by page."""

from __future__ import annotations

import json
import os
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.audit import COMMAND
from accounts.models import AuditEvent
from ratings.console.datasets import QUESTIONS_A_PAGE, RATIONALES_A_PAGE
from ratings.console.staging import FOLDER, LIFETIME_SECONDS
from ratings.library.models import Dataset, Question, QuestionRevision, Rationale
from ratings.library.services import import_questions
from tests.worlds import digest, make_dataset

IMPORT = "/datasets/import/"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def engineer_client(engineer) -> Client:
    client = Client()
    client.force_login(engineer)
    return client


@pytest.fixture
def analyst_client(blind_analyst) -> Client:
    client = Client()
    client.force_login(blind_analyst)
    return client


@pytest.fixture(autouse=True)
def storage(settings, tmp_path) -> Path:
    settings.STORAGE_DIR = tmp_path
    return tmp_path / FOLDER


def lines(*rows: dict[str, Any]) -> SimpleUploadedFile:
    content = "\n".join(json.dumps(row) for row in rows)
    return SimpleUploadedFile("questions.jsonl", content.encode())


def row(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {"id": f"q{number}", "question": f"What is {number} + 1?", "answer": str(number + 1), **fields}


def add_questions(*rows: dict[str, Any], dataset: str = "sums", **options: Any) -> None:
    file = lines(*rows).file
    assert file is not None
    import_questions(BytesIO(file.read()), format="jsonl", dataset=dataset, actor=COMMAND, **options)


def preview(client: Client, file: SimpleUploadedFile, **changes: str) -> Any:
    return client.post(IMPORT, {"file": file, "format": "questions:jsonl", "dataset": "sums", **changes})


def page_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


# Who may see them


@pytest.mark.parametrize("address", ["/datasets/", "/datasets/sums/", "/datasets/sums/questions/q000000/"])
def test_a_stranger_signs_in_and_only_reading_is_possible(client, engineer_client, address):
    make_dataset(questions=1)
    assert client.get(address)["Location"] == f"/accounts/login/?next={address}"
    assert engineer_client.get(address).status_code == 200
    assert engineer_client.post(address).status_code == 405


@pytest.mark.parametrize(
    "address", ["/datasets/none/", "/datasets/none/questions/q/", "/datasets/sums/questions/no/"]
)
def test_what_is_not_there_is_not_found(engineer_client, address):
    make_dataset(questions=1)
    assert engineer_client.get(address).status_code == 404


def test_a_blind_analyst_sees_questions_and_no_source(analyst_client):
    make_dataset(questions=2)
    pages = [page_of(analyst_client, "/datasets/"), page_of(analyst_client, "/datasets/sums/")]
    pages.append(page_of(analyst_client, "/datasets/sums/questions/q000000/"))
    for page in pages:
        assert "alpha" not in page and "gamma" not in page and "First take" not in page
        assert IMPORT not in page and "/studies/new/" not in page
    assert "What is 0 plus two?" in pages[1] and "What is 0 plus two?" in pages[2]


def test_a_blind_analyst_learns_nothing_by_asking_for_a_source(analyst_client):
    make_dataset(questions=2)
    Rationale.objects.filter(question__external_id="q000001", source__label="alpha").update(verdict="wrong")
    plain = page_of(analyst_client, "/datasets/sums/")
    for query in ("?source=alpha", "?verdict=wrong", "?source=alpha&verdict=wrong"):
        page = page_of(analyst_client, f"/datasets/sums/{query}")
        assert "q000000" in page and "q000001" in page
        assert page.count("question-list__item") == plain.count("question-list__item")


# Datasets and their questions


def test_without_datasets_the_page_leads_to_an_import(engineer_client, analyst_client):
    assert IMPORT in page_of(engineer_client, "/datasets/")
    assert IMPORT not in page_of(analyst_client, "/datasets/")


def test_the_list_counts_questions_splits_and_rationales(engineer_client):
    make_dataset(questions=1300)
    Question.objects.filter(external_id="q000000").update(split="test")
    page = page_of(engineer_client, "/datasets/")
    assert "1,300" in page and "train 1,299" in page and "test 1" in page and "3,900" in page


def test_a_dataset_counts_verdicts_by_source(engineer_client):
    make_dataset(questions=7)
    Rationale.objects.filter(source__label="beta", question__external_id__lt="q000002").update(
        verdict="wrong"
    )
    page = " ".join(page_of(engineer_client, "/datasets/sums/").split())
    assert 'beta</a></th><td>people</td><td class="is-number">5</td><td class="is-number">2</td>' in page


def test_filters_narrow_the_list(engineer_client):
    add_questions(row(1, split="test"), row(2), row(3, question="How many ducks?"))
    for query, kept in [
        ("", {"q1", "q2", "q3"}),
        ("?split=test", {"q1"}),
        ("?search=ducks", {"q3"}),
        ("?search=q2", {"q2"}),
        ("?search=nothing+like+it", set()),
    ]:
        page = page_of(engineer_client, f"/datasets/sums/{query}")
        assert {name for name in ("q1", "q2", "q3") if f"<code>{name}</code>" in page} == kept, query


def test_source_and_verdict_hold_for_the_same_rationale(engineer_client):
    make_dataset(questions=2)
    Rationale.objects.filter(question__external_id="q000001", source__label="alpha").update(verdict="wrong")
    page = page_of(engineer_client, "/datasets/sums/?source=alpha&verdict=wrong")
    assert "<code>q000001</code>" in page and "<code>q000000</code>" not in page
    assert "q0000" not in page_of(engineer_client, "/datasets/sums/?source=beta&verdict=wrong")


def test_an_unknown_filter_value_is_an_error_beside_the_field(engineer_client):
    make_dataset(questions=1)
    answer = engineer_client.get("/datasets/sums/?split=none")
    assert answer.status_code == 422 and 'id="filter-split_error"' in answer.content.decode()


def test_long_lists_come_in_pages_that_keep_the_filters(engineer_client):
    make_dataset(questions=QUESTIONS_A_PAGE + 1)
    page = page_of(engineer_client, "/datasets/sums/?split=train")
    assert 'href="?split=train&amp;page=2"' in page and f"q{QUESTIONS_A_PAGE:06d}" not in page
    assert f"q{QUESTIONS_A_PAGE:06d}" in page_of(engineer_client, "/datasets/sums/?split=train&page=2")


def test_the_statements_do_not_grow_with_the_rows(engineer_client, django_assert_num_queries):
    make_dataset(questions=2)
    addresses = {"/datasets/": 5, "/datasets/sums/": 9, "/datasets/sums/questions/q000000/": 8}
    for address, statements in addresses.items():
        with django_assert_num_queries(statements):
            page_of(engineer_client, address)
    make_dataset(questions=18, start=2)
    make_dataset("more", questions=3, sources=("delta", "epsilon"))
    question = Question.objects.get(external_id="q000000", dataset__name="sums")
    one = question.rationales.first()
    assert one is not None
    for number in range(6):
        one.pk = None
        one.text_digest = digest(f"again {number}")
        one.save()
    for address, statements in addresses.items():
        with django_assert_num_queries(statements):
            page_of(engineer_client, address)


# One question


def test_a_question_shows_texts_before_and_after_normalising_and_steps(engineer_client):
    text = "One and one is <<1+1=2>>2. That is all.\n#### 2"
    add_questions(row(rationales=[{"source": "alpha", "text": text}]))
    page = page_of(engineer_client, "/datasets/sums/questions/q1/")
    assert "&lt;&lt;1+1=2&gt;&gt;2. That is all.\n#### 2" in page
    assert ">One and one is 2. That is all.<" in page
    assert "2 steps" in page and "<li>One and one is 2.</li><li>That is all.</li>" in page
    assert "badge--good" in page and "alpha" in page


def test_a_changed_question_shows_its_earlier_revisions(engineer_client):
    add_questions(row(rationales=[{"source": "alpha", "text": "It is 2."}]))
    add_questions(row(question="What is one more than 1?"))
    page = page_of(engineer_client, "/datasets/sums/questions/q1/")
    assert "revision 2 of 2" in page and "Revision 1," in page
    assert "What is 1 + 1?" in page and "What is one more than 1?" in page


def test_choices_show_the_gold_one(engineer_client):
    choices = [{"label": "A", "text": "pond"}, {"label": "B", "text": "oven"}]
    add_questions(row(question="Where do ducks swim?", choices=choices, answer="A"))
    page = page_of(engineer_client, "/datasets/sums/questions/q1/")
    assert page.index("pond") < page.index("gold answer") < page.index("oven")


@pytest.mark.parametrize("name", ["a/b", "a b", "50%", "what?", "naïve#1", HOSTILE])
def test_any_id_has_an_address_that_the_list_links_to(engineer_client, name):
    add_questions(row(id=name))
    listed = page_of(engineer_client, "/datasets/sums/")
    href = listed.split('question-list__text"><a href="')[1].split('"')[0]
    assert "What is 1 + 1?" in page_of(engineer_client, href)


def test_hostile_texts_come_back_escaped(engineer_client):
    rationales = [{"source": "alpha", "text": f"{HOSTILE} is 2."}]
    add_questions(row(id=HOSTILE, question=f"{HOSTILE} What is it?", rationales=rationales))
    listed = page_of(engineer_client, "/datasets/sums/?search=" + "%3Cscript%3E")
    href = listed.split('question-list__text"><a href="')[1].split('"')[0]
    for page in (listed, page_of(engineer_client, href)):
        assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page


def test_many_rationales_come_in_pages(engineer_client):
    make_dataset(questions=1)
    one = Rationale.objects.filter(source__label="alpha").get()
    for number in range(RATIONALES_A_PAGE):
        one.pk = None
        one.text_digest = digest(f"again {number}")
        one.save()
    address = "/datasets/sums/questions/q000000/"
    assert 'href="?page=2"' in page_of(engineer_client, address)
    assert "gamma" in page_of(engineer_client, f"{address}?page=2")


def test_a_retired_rationale_is_shown_as_such(engineer_client):
    make_dataset(questions=1)
    assert "retired" not in page_of(engineer_client, "/datasets/sums/questions/q000000/")
    Rationale.objects.filter(source__label="beta").update(live=False)
    assert "retired" in page_of(engineer_client, "/datasets/sums/questions/q000000/")


# Imports


def test_imports_are_for_those_who_may_edit_the_library(client, analyst_client):
    assert client.get(IMPORT).status_code == 302
    assert preview(client, lines(row())).status_code == 401
    assert analyst_client.get(IMPORT).status_code == 403
    assert preview(analyst_client, lines(row())).status_code == 403
    assert analyst_client.post(f"{IMPORT}commit/", {"key": "0" * 32}).status_code == 403
    assert client.post(f"{IMPORT}commit/", {"key": "0" * 32}).status_code == 401
    assert not Dataset.objects.exists()


def test_other_methods_are_refused(engineer_client):
    assert engineer_client.put(IMPORT).status_code == 405
    assert engineer_client.get(f"{IMPORT}commit/").status_code == 405


def test_uploads_are_checked_for_forgery(engineer, storage):
    client = Client(enforce_csrf_checks=True)
    client.force_login(engineer)
    assert preview(client, lines(row())).status_code == 403
    assert client.post(f"{IMPORT}commit/", {"key": "0" * 32}).status_code == 403
    assert not storage.exists()


def test_a_preview_counts_and_writes_nothing_and_the_import_follows(engineer_client, engineer, storage):
    rationales = [{"source": "alpha", "text": "It is 2."}, {"source": "beta", "text": "It is 5."}]
    answer = preview(engineer_client, lines(row(1, rationales=rationales), row(2)), split="test")
    page = answer.content.decode()
    assert answer.status_code == 200 and ">2</span>" in page and "questions.jsonl" in page
    assert "alpha" in page and "Nothing is written yet" in page
    assert "Nobody has said who wrote alpha, beta" in page
    assert not Dataset.objects.exists() and len(list(storage.iterdir())) == 1

    key = page.split('name="key" value="')[1].split('"')[0]
    done = engineer_client.post(f"{IMPORT}commit/", {"key": key}, follow=True)
    assert done.redirect_chain == [("/datasets/sums/", 302)]
    assert "questions.jsonl: 2 created, 0 updated, 0 unchanged." in done.content.decode()
    assert Question.objects.filter(split="test").count() == 2 and Rationale.objects.count() == 2
    assert not list(storage.iterdir()), "the kept file is gone"
    event = AuditEvent.objects.get(act="dataset.import_questions")
    assert event.actor_label == engineer.username and event.details["file"] == "questions.jsonl"

    assert engineer_client.post(f"{IMPORT}commit/", {"key": key}).status_code == 410, "the second click"
    assert Question.objects.count() == 2


def test_a_file_of_rationales_goes_to_its_questions(engineer_client):
    make_dataset(questions=1)
    file = lines({"question": "q000000", "source": "delta", "text": "Zero and two make 2.\n#### 2"})
    page = preview(engineer_client, file, format="rationales:jsonl", written_by="model").content.decode()
    assert "delta" in page and "rationales" in page and "<td>a model</td>" in page
    assert "Nobody has said" not in page
    key = page.split('name="key" value="')[1].split('"')[0]
    engineer_client.post(f"{IMPORT}commit/", {"key": key})
    stored = Rationale.objects.select_related("source").get(source__label="delta")
    assert (stored.verdict, stored.source.written_by) == ("correct", "model")


def test_row_errors_are_a_table_and_nothing_is_kept(engineer_client, storage):
    answer = preview(engineer_client, lines(row(1), row(2, answer=HOSTILE), row(3, question="")))
    page = " ".join(answer.content.decode().split())
    assert answer.status_code == 422 and "2 rows can not be used; nothing was written" in page
    assert '<th scope="row" class="is-number">2</th><td><code>answer</code>' in page
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page
    assert not Dataset.objects.exists() and not storage.exists()


def test_beyond_the_first_hundred_errors_the_rest_is_counted(engineer_client):
    page = preview(
        engineer_client, lines(*(row(n, answer="no number") for n in range(1, 131)))
    ).content.decode()
    assert "130 rows can not be used" in page and "These are the first 100." in page


@pytest.mark.parametrize(
    ("content", "changes", "field"),
    [
        (b"", {}, "file"),
        (b'{"id": "q1"}', {"dataset": "two words"}, "dataset"),
        (b'{"id": "q1"}', {"dataset": "import"}, "dataset"),
        (b'{"id": "q1"}', {"format": "questions:none"}, "format"),
        (b'{"id": "q1"}', {"format": "questions:gsm8k", "family": "commonsenseqa"}, "family"),
        (b'{"id": "q1"}', {"format": "questions:jsonl", "source": "people"}, "source"),
        (b'{"id": "q1"}', {"format": "rationales:jsonl", "dataset": "none"}, "dataset"),
    ],
)
def test_unusable_choices_stand_beside_their_fields(engineer_client, content, changes, field):
    answer = preview(engineer_client, SimpleUploadedFile("f.jsonl", content), **changes)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in page
    assert not Dataset.objects.exists()


@pytest.mark.parametrize("content", [b"\x00\x01\xff\xfe", b"\n\n", b"[1, 2", bytes(range(256))])
def test_files_that_are_none_get_a_clear_refusal(engineer_client, content):
    answer = preview(engineer_client, SimpleUploadedFile("f.jsonl", content))
    assert answer.status_code == 422 and not Dataset.objects.exists()


def test_a_file_that_is_too_large_is_refused_before_it_is_read(engineer_client, settings, storage):
    settings.MAX_UPLOAD_BYTES = 1000
    answer = preview(engineer_client, lines(row(question="x" * 2000)))
    assert answer.status_code == 413 and b"at most 1000 are taken" in answer.content
    assert not storage.exists()


def test_a_preview_belongs_to_its_session(engineer_client, owner):
    page = preview(engineer_client, lines(row())).content.decode()
    key = page.split('name="key" value="')[1].split('"')[0]
    other = Client()
    other.force_login(owner)
    assert other.post(f"{IMPORT}commit/", {"key": key}).status_code == 410
    assert engineer_client.post(f"{IMPORT}commit/", {"key": "../../secret"}).status_code == 410
    assert not Dataset.objects.exists()


def test_a_new_preview_replaces_the_earlier_file(engineer_client, storage):
    first = preview(engineer_client, lines(row(1))).content.decode()
    preview(engineer_client, lines(row(2)))
    assert len(list(storage.iterdir())) == 1
    key = first.split('name="key" value="')[1].split('"')[0]
    assert engineer_client.post(f"{IMPORT}commit/", {"key": key}).status_code == 410


def test_files_that_nobody_came_back_for_are_removed(engineer_client, storage):
    storage.mkdir()
    old, young = storage / ("a" * 32), storage / ("b" * 32)
    for path, age in ((old, LIFETIME_SECONDS + 60), (young, 60)):
        path.write_text("{}")
        os.utime(path, (time.time() - age,) * 2)
    preview(engineer_client, lines(row()))
    assert not old.exists() and young.exists()


def test_what_changed_between_preview_and_import_is_checked_again(engineer_client):
    page = preview(engineer_client, lines(row()), family="gsm8k").content.decode()
    key = page.split('name="key" value="')[1].split('"')[0]
    dataset = Dataset.objects.create(name="sums", family="open")
    answer = engineer_client.post(f"{IMPORT}commit/", {"key": key})
    assert answer.status_code == 422 and b"which is the family of dataset" in answer.content
    assert not QuestionRevision.objects.exists()
    dataset.delete()
    assert engineer_client.post(f"{IMPORT}commit/", {"key": key}).status_code == 302, "nothing was lost"
    assert QuestionRevision.objects.count() == 1
