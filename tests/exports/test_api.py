from __future__ import annotations

import hashlib

import pytest
from rest_framework.test import APIClient

from accounts.audit import COMMAND
from accounts.models import AuditEvent
from accounts.tokens import mint_staff_token
from ratings.exports.models import Export
from ratings.studies.services import close_study, unblind_study
from tests.exports.reading import export
from tests.exports.worlds import judged_study

pytestmark = pytest.mark.django_db

EXPORTS = "/api/v1/exports/"
WANTED = {"study": "trial", "format": "trl-preference"}


def client_of(user) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {mint_staff_token(user, name='test')}")
    return client


@pytest.fixture
def client(engineer) -> APIClient:
    return client_of(engineer)


@pytest.fixture(autouse=True)
def storage(tmp_path, settings):
    settings.STORAGE_DIR = tmp_path / "storage"
    return settings.STORAGE_DIR


@pytest.fixture
def study():
    judged_study()
    return close_study("trial", actor=COMMAND)


def test_an_export_is_made_listed_and_fetched(client, study, storage):
    made = client.post(EXPORTS, {**WANTED, "lineage": True}, format="json")
    assert made.status_code == 201
    record = made.json()
    assert (record["study"], record["format"], record["container"], record["rows"]) == (
        "trial",
        "trl-preference",
        "jsonl",
        30,
    )
    assert record["options"] == {"raters": "human", "ties": "drop", "split": None, "lineage": True}
    assert client.get(f"{EXPORTS}{record['id']}/").json() == record
    assert client.get(EXPORTS, {"study": "trial"}).json()["results"] == [record]
    assert client.get(EXPORTS, {"study": "another"}).json()["results"] == []
    fetched = client.get(record["file"])
    body = b"".join(fetched.streaming_content)
    assert hashlib.sha256(body).hexdigest() == record["sha256"] and len(body) == record["bytes"]
    assert fetched["ETag"] == f'"{record["sha256"]}"'
    name = f"trial-trl-preference-{record['version']}.jsonl"
    assert fetched["Content-Disposition"] == f'attachment; filename="{name}"'
    assert client.get(record["file"], HTTP_IF_NONE_MATCH=fetched["ETag"]).status_code == 304
    assert AuditEvent.objects.get(act="export.create").actor_label == "engineer"


def test_parquet_by_api(client, study):
    record = client.post(EXPORTS, {**WANTED, "container": "parquet"}, format="json").json()
    assert b"".join(client.get(record["file"]).streaming_content)[:4] == b"PAR1"


def test_the_same_again_is_the_same_record(client, study):
    answers = [client.post(EXPORTS, WANTED, format="json") for _ in range(2)]
    assert answers[0].json() == answers[1].json() and Export.objects.count() == 1


def test_a_blind_study_gives_nothing_until_it_is_unblinded(client, storage):
    judged_study()
    refused = client.post(EXPORTS, WANTED, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "blinded")
    assert not Export.objects.exists() and not storage.exists()
    unblind_study("trial", reason="the talk", actor=COMMAND)
    assert client.post(EXPORTS, WANTED, format="json").status_code == 201


@pytest.mark.parametrize("who", ["stranger", "blind_analyst"])
def test_who_may_not_export_reads_nothing(study, blind_analyst, who, tmp_path):
    record = export(study, "votes", tmp_path / "votes.jsonl")
    client, status, code = (
        (APIClient(), 401, "not_authenticated")
        if who == "stranger"
        else (client_of(blind_analyst), 403, "permission_denied")
    )
    for path in (EXPORTS, f"{EXPORTS}{record.pk}/", f"{EXPORTS}{record.pk}/file/"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    answer = client.post(EXPORTS, WANTED, format="json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Export.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"study": "nowhere"}, 404, "unknown_study"),
        ({"format": "trl-unpaired"}, 422, "invalid"),
        ({"ties": "third"}, 422, "invalid"),
        ({"lineage": "perhaps"}, 422, "invalid"),
        ({"format": None}, 422, "invalid"),
    ],
)
def test_a_wrong_wish_is_refused_with_its_field(client, study, change, status, code):
    answer = client.post(EXPORTS, {**WANTED, **change}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert next(iter(change)) in str(answer.json())
    assert not Export.objects.exists()


def test_an_unknown_export_and_a_file_that_a_command_wrote_are_not_found(client, study, tmp_path):
    record = export(study, "votes", tmp_path / "votes.jsonl")
    assert client.get(f"{EXPORTS}{record.pk}/").json()["file"] is None
    for path, code in (
        (f"{EXPORTS}{record.pk}/file/", "no_stored_file"),
        (f"{EXPORTS}999999/", "unknown_export"),
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, code)


def test_a_file_that_the_storage_lost_is_not_found(client, study, storage):
    record = client.post(EXPORTS, WANTED, format="json").json()
    next((storage / "exports").iterdir()).unlink()
    assert client.get(record["file"]).json()["code"] == "no_stored_file"


def test_an_export_is_not_changed_or_deleted(client, study):
    record = client.post(EXPORTS, WANTED, format="json").json()
    for method in (client.put, client.patch, client.delete):
        assert method(f"{EXPORTS}{record['id']}/").status_code == 405
