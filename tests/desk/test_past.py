"""The last ten ratings, and changing one's mind."""

from __future__ import annotations

import pytest
from django.test import Client

from ratings.slots.models import Rater, Rating
from ratings.studies.models import Study
from ratings.studies.orders import ORDERS
from tests.desk.reading import read_form
from tests.desk.rows import make_rater, make_study

DESK = "/rate/trial/"


@pytest.fixture
def rated(rater: Client) -> Rating:
    """A triple rated 1st, 2nd, 3rd from left to right."""
    rater.post(DESK, read_form(rater.get(DESK).content.decode()).fields(1, 2, 3, comment="first thoughts"))
    return Rating.objects.get()


def test_the_list_links_to_every_rating_and_not_to_skips(rater: Client, rated: Rating) -> None:
    rater.post(DESK, {**read_form(rater.get(DESK).content.decode()).fields(1, 2, 3), "act": "skip"})
    html = rater.get(f"{DESK}ratings/").content.decode()
    assert html.count("/ratings/") == 1
    assert f"{DESK}ratings/{rated.key}/" in html
    assert "Skipped" in html


def test_the_list_ends_after_ten(db) -> None:
    client = Client()
    client.post(f"/join/{make_rater(make_study(triples=11))}/")
    for _ in range(11):
        client.post(DESK, read_form(client.get(DESK).content.decode()).fields(1, 1, 2))
    html = client.get(f"{DESK}ratings/").content.decode()
    assert Rating.objects.count() == 11
    assert html.count("past__rating") == 10


def test_the_form_holds_what_was_said(rater: Client, rated: Rating) -> None:
    html = rater.get(f"{DESK}ratings/{rated.key}/").content.decode()
    form = read_form(html)
    assert [form.places[card] for card in form.cards] == ["1", "2", "3"]
    assert "first thoughts" in html


def test_a_revision_is_added_and_becomes_the_current_one(rater: Client, rated: Rating) -> None:
    path = f"{DESK}ratings/{rated.key}/"
    form = read_form(rater.get(path).content.decode())
    response = rater.post(path, form.fields(3, 2, 1))
    assert response.headers["Location"] == f"{DESK}?after=revised&rating={rated.key}"
    first, second = Rating.objects.order_by("revision")
    order = ORDERS[rated.order or 0]
    assert first.ranking == [[source] for source in order]
    assert (first.current, second.current, second.revision) == (False, True, 2)
    assert second.ranking == [[source] for source in reversed(order)]
    assert Rater.objects.get().done == 1


def test_the_same_revision_twice_is_one(rater: Client, rated: Rating) -> None:
    path = f"{DESK}ratings/{rated.key}/"
    fields = read_form(rater.get(path).content.decode()).fields(3, 2, 1)
    for _ in range(2):
        assert rater.post(path, fields).status_code == 303
    assert Rating.objects.count() == 2


def test_a_revision_keeps_what_the_form_does_not_ask_for(rater: Client, rated: Rating) -> None:
    Rating.objects.filter(pk=rated.pk).update(reasons={"1": ["circular"]}, confidence=2)
    path = f"{DESK}ratings/{rated.key}/"
    rater.post(path, read_form(rater.get(path).content.decode()).fields(1, 1, 1))
    latest = Rating.objects.get(current=True)
    assert (latest.reasons, latest.confidence) == ({"1": ["circular"]}, 2)


def test_a_revision_without_a_ranking_is_refused(rater: Client, rated: Rating) -> None:
    path = f"{DESK}ratings/{rated.key}/"
    assert rater.post(path, {}).status_code == 422
    assert Rating.objects.count() == 1


def test_another_raters_rating_is_unknown(rated: Rating, study: Study) -> None:
    other = Client()
    other.post(f"/join/{make_rater(study, 'rater-2')}/")
    assert other.get(f"{DESK}ratings/{rated.key}/").status_code == 404
    assert other.post(f"{DESK}ratings/{rated.key}/", {}).status_code == 404
    assert Rating.objects.count() == 1


def test_nothing_can_be_revised_after_closing(rater: Client, rated: Rating, study: Study) -> None:
    path = f"{DESK}ratings/{rated.key}/"
    fields = read_form(rater.get(path).content.decode()).fields(3, 2, 1)
    Study.objects.filter(pk=study.pk).update(state="closed")
    assert rater.post(path, fields).status_code == 410
    assert rater.get(f"{DESK}ratings/").status_code == 410
    assert Rating.objects.count() == 1
