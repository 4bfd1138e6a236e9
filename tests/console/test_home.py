"""The start page: every study with its state, its progress and what to do next."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.audit import COMMAND
from ratings.console.home import STUDIES_A_PAGE
from ratings.slots.models import Slot
from ratings.studies.design import StudyDesign
from ratings.studies.models import Study
from ratings.studies.services import close_study, create_study, pause_study
from tests.worlds import SOURCES, make_dataset, make_raters, make_study


@pytest.fixture
def owner_client(owner) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def page_of(client: Client, address: str = "/") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_stranger_is_sent_to_sign_in_and_back(db, client):
    answer = client.get("/")
    assert answer.status_code == 302 and answer["Location"] == "/accounts/login/?next=/"


def test_only_reading_methods_are_taken(owner_client):
    assert owner_client.head("/").status_code == 200
    assert owner_client.post("/").status_code == 405


def test_a_newcomer_is_told_to_import_first(owner_client):
    page = page_of(owner_client)
    assert "Import questions" in page and 'href="/datasets/import/"' in page
    assert 'href="/studies/new/"' not in page


def test_with_questions_but_no_study_the_next_step_is_a_study(owner_client):
    make_dataset(questions=3)
    page = page_of(owner_client)
    assert "Done" in page and 'href="/studies/new/"' in page


def test_a_blind_analyst_is_offered_nothing_that_the_role_refuses(client, blind_analyst):
    client.force_login(blind_analyst)
    empty = page_of(client)
    assert "No studies yet" in empty and "/datasets/import/" not in empty
    make_study(questions=2)
    page = page_of(client)
    assert "trial" in page and "Look at it" in page
    assert "Invite raters" not in page and "/raters/" not in page and "/studies/new/" not in page


def test_each_state_names_its_next_step(owner_client):
    make_dataset(questions=4)
    create_study(StudyDesign("sketch", "sums", SOURCES, questions=2), actor=COMMAND)
    make_study("fresh", questions=2)
    make_study("watched", questions=2)
    make_raters("watched")
    make_study("stopped", questions=2)
    pause_study("stopped", actor=COMMAND)
    make_study("done", questions=2)
    close_study("done", actor=COMMAND)
    page = page_of(owner_client)
    for words, address in [
        ("Check the lint and open it", "/studies/sketch/"),
        ("Invite raters", "/studies/fresh/raters/"),
        ("Watch it", "/studies/watched/"),
        ("Resume or close it", "/studies/stopped/"),
        ("Read the results", "/studies/done/results/"),
    ]:
        assert f'href="{address}">{words}<' in page


def test_parked_slots_and_a_full_study_are_pointed_out(owner_client):
    make_study("parked", questions=2)
    make_raters("parked")
    Slot.objects.filter(study__name="parked", replicate=0).update(state=Slot.State.PARKED)
    make_study("full", questions=2)
    make_raters("full")
    Slot.objects.filter(study__name="full").update(state=Slot.State.RATED)
    page = page_of(owner_client)
    assert ">Look at parked slots<" in page and ">All rated: close it<" in page


def test_progress_counts_rated_of_planned_slots(owner_client):
    make_study(questions=4, overlap=3)
    Slot.objects.filter(study__name="trial", replicate=0).update(state=Slot.State.RATED)
    page = page_of(owner_client)
    assert '<progress value="4" max="12"' in page and "4 of 12" in page


def test_a_draft_shows_the_slots_that_opening_will_make(owner_client):
    make_dataset(questions=4)
    create_study(StudyDesign("sketch", "sums", SOURCES, questions=4, ratings_per_triple=5), actor=COMMAND)
    assert '<progress value="0" max="20"' in page_of(owner_client)


def test_the_statements_do_not_grow_with_the_studies(owner_client, django_assert_num_queries):
    make_study("first", questions=2)
    # Session, user, count, studies, three counts, datasets.
    with django_assert_num_queries(8):
        page_of(owner_client)
    for number in range(7):
        make_study(f"more-{number}", questions=2)
        make_raters(f"more-{number}", count=2)
    with django_assert_num_queries(8):
        page_of(owner_client)


def test_long_lists_come_in_pages(owner_client):
    dataset = make_dataset(questions=1)
    Study.objects.bulk_create(
        Study(name=f"s{number:03d}", dataset=dataset) for number in range(STUDIES_A_PAGE + 1)
    )
    assert "s000" not in page_of(owner_client) and 'href="?page=2"' in page_of(owner_client)
    assert "s000" in page_of(owner_client, "/?page=2")
    assert "s000" in page_of(owner_client, "/?page=99"), "a page beyond the last is the last"
