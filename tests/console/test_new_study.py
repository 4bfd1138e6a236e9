"""Designing a study by page."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent
from ratings.console.study_form import NewStudyForm
from ratings.library.models import Rationale
from ratings.library.selectors import dataset_summary
from ratings.studies.design import StudyDesign
from ratings.studies.models import DEFAULT_INSTRUCTIONS, Study
from tests.worlds import SOURCES, make_dataset

ADDRESS = "/studies/new/?dataset=sums"


@pytest.fixture
def engineer_client(engineer) -> Client:
    client = Client()
    client.force_login(engineer)
    return client


def filled(**changes: object) -> dict[str, object]:
    """What a browser sends for a small study."""
    form: dict[str, object] = {
        "name": "trial",
        "sources": list(SOURCES),
        "questions": 4,
        "ratings_per_triple": 2,
        "per_rater": "",
        "instructions": DEFAULT_INSTRUCTIONS,
        "lease_seconds": 300,
        "seed": 7,
    }
    return {**form, **changes}


def refused(client: Client, **changes: object) -> str:
    """The page that refuses these choices; nothing is stored."""
    answer = client.post(ADDRESS, filled(**changes))
    assert answer.status_code == 422
    assert not Study.objects.filter(seed=7).exists()
    return answer.content.decode()


@pytest.mark.parametrize("address", ["/studies/new/", ADDRESS])
def test_a_stranger_signs_in_and_the_wrong_role_is_refused(client, blind_analyst, address):
    make_dataset(questions=1)
    assert client.get(address).status_code == 302
    assert client.post(address, filled()).status_code == 401
    client.force_login(blind_analyst)
    assert client.get(address).status_code == 403
    assert client.post(address, filled()).status_code == 403
    assert not Study.objects.exists()


def test_other_methods_are_refused(engineer_client):
    assert engineer_client.put(ADDRESS).status_code == 405


def test_an_unknown_dataset_is_not_found(engineer_client):
    assert engineer_client.get("/studies/new/?dataset=none").status_code == 404
    assert engineer_client.post("/studies/new/?dataset=none", filled()).status_code == 404


def test_without_any_dataset_the_way_leads_to_an_import(engineer_client):
    page = engineer_client.get("/studies/new/").content.decode()
    assert 'href="/datasets/import/"' in page


def test_only_datasets_with_three_sources_are_offered(engineer_client):
    make_dataset("three", questions=1)
    make_dataset("two", questions=1, sources=SOURCES[:2])
    page = engineer_client.get("/studies/new/").content.decode()
    assert 'href="?dataset=three"' in page and "?dataset=two" not in page
    assert "1 other dataset has rationales of fewer than three sources" in page


def test_the_form_offers_the_datasets_sources_and_explains_the_defaults(engineer_client):
    make_dataset(questions=5)
    make_dataset("other", questions=1, sources=("delta", "epsilon", "zeta"))
    page = engineer_client.get(ADDRESS).content.decode()
    assert "alpha (5 correct)" in page and "delta" not in page
    assert page.count("checked") == 3, "exactly three sources are all chosen"
    assert 'name="questions" value="5"' in page
    assert "Also draw rationales that reach a wrong answer" in page


def test_more_than_three_sources_are_not_chosen_for_anybody(engineer_client):
    make_dataset(questions=2)
    make_dataset(questions=2, start=2, sources=(*SOURCES[:2], "delta"))
    assert "checked" not in engineer_client.get(ADDRESS).content.decode()


def test_the_form_has_every_choice_of_the_design(db):
    make_dataset(questions=1)
    choices = set(StudyDesign.__dataclass_fields__) - {"dataset"}
    form = NewStudyForm(dataset=dataset_summary("sums"))
    assert set(form.fields) == choices == {*form.main, *form.more}


def test_a_filled_form_draws_a_draft_and_leads_to_it(engineer_client, engineer):
    make_dataset(questions=5)
    answer = engineer_client.post(ADDRESS, filled(per_rater=3, strict_text="on"))
    assert answer.status_code == 302 and answer["Location"] == "/studies/trial/"
    study = Study.objects.get()
    assert (study.state, study.seed, study.ratings_per_triple, study.per_rater) == ("draft", 7, 2, 3)
    assert (study.strict_text, study.any_answer, study.lease_seconds) == (True, False, 300)
    assert study.created_by == engineer and study.triples.count() == 4
    assert AuditEvent.objects.get(act="study.create").actor_label == engineer.username


def test_too_few_questions_are_refused_with_the_reasons(engineer_client):
    make_dataset(questions=5)
    Rationale.objects.filter(question__external_id="q000000", source__label="beta").update(verdict="wrong")
    Rationale.objects.filter(question__external_id="q000001", source__label="beta").update(live=False)
    page = refused(engineer_client, questions=5)
    assert (
        "only 3 have usable rationales of all sources; 5 are wanted" in page
        and 'id="id_questions_error"' in page
    )
    assert "none that reaches the right answer" in page and "A source has no rationale for them" in page


def test_errors_stand_beside_their_fields(engineer_client):
    make_dataset(questions=5)
    assert 'id="id_name_error"' in refused(engineer_client, name="two words")
    assert 'id="id_sources_error"' in refused(engineer_client, sources=["alpha", "beta"])
    assert 'id="id_sources_error"' in refused(engineer_client, sources=["alpha", "beta", "forged"])
    assert 'id="id_questions_error"' in refused(engineer_client, questions=0)
    assert 'id="id_ratings_per_triple_error"' in refused(engineer_client, ratings_per_triple=1001)
    assert 'id="id_per_rater_error"' in refused(engineer_client, per_rater=1_000_001)
    assert 'id="id_seed_error"' in refused(engineer_client, seed="x")


def test_an_error_among_the_folded_choices_unfolds_them(engineer_client):
    make_dataset(questions=5)
    assert '<details class="more" open>' in refused(engineer_client, lease_seconds=0)
    assert '<details class="more">' in refused(engineer_client, questions=0)


def test_names_that_are_taken_or_are_addresses_are_refused(engineer_client):
    make_dataset(questions=5)
    assert engineer_client.post(ADDRESS, filled(seed=1)).status_code == 302
    assert "There is a study named" in refused(engineer_client)
    assert "an address of the site" in refused(engineer_client, name="new")


def test_a_hostile_name_comes_back_escaped(engineer_client):
    make_dataset(questions=5)
    page = refused(engineer_client, name="<script>alert(1)</script>")
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_the_statements_do_not_grow_with_the_rows(engineer_client, django_assert_num_queries):
    make_dataset(questions=2)
    with django_assert_num_queries(5):
        engineer_client.get(ADDRESS)
    make_dataset(questions=40, start=2)
    with django_assert_num_queries(5):
        engineer_client.get(ADDRESS)
