"""The page of a study's exports: making one, its list, and its file."""

from __future__ import annotations

import hashlib
import json

import pytest

from accounts.audit import COMMAND
from accounts.models import AuditEvent
from ratings.crowd.simulation import Simulation, simulate_raters
from ratings.exports.models import Export
from ratings.studies.models import Study
from ratings.studies.services import close_study
from tests.console.ladder import LABELS, climb_page, queries_of
from tests.worlds import make_study

ADDRESS = "/studies/trial/exports/"
FORM = {"format": "votes", "container": "jsonl", "raters": "simulated", "ties": "drop", "split": ""}


@pytest.fixture(autouse=True)
def own_storage(settings, tmp_path):
    settings.STORAGE_DIR = tmp_path


@pytest.fixture
def rated(db) -> Study:
    study = make_study(questions=4, sources=LABELS)
    simulate_raters(Simulation(study="trial", raters=3), actor=COMMAND)
    return study


@pytest.fixture
def closed(rated) -> Study:
    return close_study("trial", actor=COMMAND)


def body_of(answer) -> bytes:
    return b"".join(answer.streaming_content)


@pytest.mark.parametrize("persona", ["engineer", "owner"])
def test_the_page_climbs_the_ladder(request, client, blind_analyst, closed, persona):
    climb_page(client, ADDRESS, allowed=request.getfixturevalue(persona), refused=blind_analyst)


def test_the_file_climbs_the_ladder(client, engineer, blind_analyst, closed):
    client.force_login(engineer)
    client.post(ADDRESS, FORM)
    address = f"{ADDRESS}{Export.objects.get().pk}/file/"
    assert client.post(address).status_code == 405
    assert client.get(f"{ADDRESS}{10**9}/file/").status_code == 404
    assert client.get(address.replace("/trial/", "/no-such/")).status_code == 404
    client.force_login(blind_analyst)
    assert client.get(address).status_code == 403
    client.logout()
    assert client.get(address).status_code == 302


@pytest.mark.parametrize("format_name", ["votes", "ranking", "trl-preference", "trl-conversational"])
def test_an_export_is_made_listed_and_fetched_as_it_was_hashed(client, engineer, closed, format_name):
    client.force_login(engineer)
    answer = client.post(ADDRESS, FORM | {"format": format_name}, follow=True)
    export = Export.objects.get()
    page = answer.content.decode()
    assert answer.redirect_chain == [(ADDRESS, 302)]
    assert export.sha256 in page and export.version in page and f"{export.rows:,} rows" in page
    fetched = client.get(f"{ADDRESS}{export.pk}/file/")
    body = body_of(fetched)
    assert hashlib.sha256(body).hexdigest() == export.sha256 and len(body) == export.bytes
    assert len([json.loads(line) for line in body.splitlines()]) == export.rows > 0
    assert f'filename="trial-{format_name}-{export.version}.jsonl"' in fetched["Content-Disposition"]


def test_the_same_export_twice_is_one_record(client, engineer, closed):
    client.force_login(engineer)
    for _ in range(2):
        assert client.post(ADDRESS, FORM).status_code == 302
    assert Export.objects.count() == 1
    assert AuditEvent.objects.filter(act="export.create", actor=engineer).count() == 2


def test_parquet_can_be_chosen(client, engineer, closed):
    client.force_login(engineer)
    client.post(ADDRESS, FORM | {"container": "parquet", "lineage": "on"})
    export = Export.objects.get()
    assert export.container == "parquet" and export.options["lineage"] is True
    assert body_of(client.get(f"{ADDRESS}{export.pk}/file/"))[:4] == b"PAR1"


def test_a_blind_study_exports_nothing_and_says_why(client, engineer, rated):
    client.force_login(engineer)
    answer = client.post(ADDRESS, FORM)
    page = answer.content.decode()
    assert answer.status_code == 409 and "is blinded" in page and "Still blind" in page
    assert not Export.objects.exists()
    assert "Make the export" not in client.get(ADDRESS).content.decode()
    assert not [label for label in LABELS if label in page]


def test_an_export_of_a_blind_study_is_listed_and_not_handed_out(client, engineer, closed):
    client.force_login(engineer)
    client.post(ADDRESS, FORM)
    Study.objects.update(state="open")
    address = f"{ADDRESS}{Export.objects.get().pk}/file/"
    assert address not in client.get(ADDRESS).content.decode()
    answer = client.get(address)
    assert answer.status_code == 409 and b"blinded" in answer.content


def test_the_export_of_another_study_has_no_file_here(client, engineer, closed):
    client.force_login(engineer)
    client.post(ADDRESS, FORM)
    make_study("other", questions=4, sources=LABELS)
    close_study("other", actor=COMMAND)
    assert client.get(f"/studies/other/exports/{Export.objects.get().pk}/file/").status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [("format", "xml"), ("container", "zip"), ("raters", "martian"), ("ties", "all"), ("split", "no-such")],
)
def test_bad_choices_are_refused_beside_their_field(client, engineer, closed, field, value):
    client.force_login(engineer)
    answer = client.post(ADDRESS, FORM | {field: value})
    assert answer.status_code == 422 and b"field__error" in answer.content
    assert not Export.objects.exists()


def test_a_file_that_storage_lost_is_told(client, engineer, closed, tmp_path):
    client.force_login(engineer)
    client.post(ADDRESS, FORM)
    export = Export.objects.get()
    (tmp_path / export.path).unlink()
    answer = client.get(f"{ADDRESS}{export.pk}/file/")
    assert answer.status_code == 404 and b"make the export again" in answer.content


def test_queries_do_not_grow_with_exports(client, engineer, closed):
    client.force_login(engineer)
    client.post(ADDRESS, FORM)
    few = queries_of(client, ADDRESS)
    for format_name in ["ranking", "trl-preference"]:
        client.post(ADDRESS, FORM | {"format": format_name})
    assert Export.objects.count() == 3
    assert queries_of(client, ADDRESS) == few <= 10
