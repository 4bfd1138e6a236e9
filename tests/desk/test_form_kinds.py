"""The desk over HTTP for every form of a study, with all options, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from ratings.slots.models import Flag, Rating
from ratings.studies.form import REASONS
from tests.desk.reading import CardForm, read_form
from tests.desk.rows import make_rater, make_study

DESK = "/rate/trial/"
EVERYTHING = {"reasons": list(REASONS), "confidence": True, "doubts": True, "first_wrong_step": True}


@pytest.fixture
def enter(db) -> Callable[..., Client]:
    """Makes a study of a form, and a rater's browser in it."""

    def make(**form: Any) -> Client:
        client = Client()
        client.post(f"/join/{make_rater(make_study(form=form))}/")
        return client

    return make


def shown(client: Client) -> tuple[str, CardForm]:
    html = client.get(DESK).content.decode()
    return html, read_form(html)


def test_a_plain_form_asks_for_nothing_beside_the_ranking(enter) -> None:
    html, _ = shown(enter())
    for name in ("wrong-", "reason-", "confidence", 'name="doubt"'):
        assert name not in html


def test_what_a_form_does_not_offer_is_not_on_its_page(enter) -> None:
    html, _ = shown(enter(ties=False, all_bad=False))
    assert 'name="all_bad"' not in html
    assert 'data-act="tie"' not in html
    assert "Equal places are ties" not in html


def test_a_pairwise_page_holds_two_cards_and_nothing_of_the_third(enter) -> None:
    client = enter(kind="pairwise")
    html, form = shown(client)
    assert len(form.cards) == 2
    assert html.count("data-card=") == 2
    client.post(DESK, {"token": form.token, f"place-{form.cards[1]}": "1"})
    assert len(Rating.objects.get().ranking) == 2


def test_a_studys_own_reasons_are_offered_in_its_own_words_and_stored(enter) -> None:
    client = enter(
        reasons=["wrong_step"], own_reasons=[{"code": "off_topic", "label": "Leaves <b>the</b> topic"}]
    )
    html, form = shown(client)
    first = form.cards[0]
    assert html.count("Leaves &lt;b&gt;the&lt;/b&gt; topic") == 3 and "A step is wrong" in html
    client.post(
        DESK, {"token": form.token, f"place-{first}": "1", f"reason-{first}": ["off_topic", "wrong_step"]}
    )
    assert list(Rating.objects.get().reasons.values()) == [["off_topic", "wrong_step"]]


def test_two_bests_are_refused_where_ties_are_not_offered(enter) -> None:
    client = enter(kind="best", ties=False)
    _, form = shown(client)
    response = client.post(DESK, {"token": form.token, **{f"place-{card}": "1" for card in form.cards[:2]}})
    assert response.status_code == 422
    assert "Choose the best one." in response.content.decode()
    assert not Rating.objects.exists()


def test_what_was_said_beside_a_refused_ranking_is_still_on_the_page(enter) -> None:
    client = enter(**EVERYTHING)
    html, form = shown(client)
    step = html.split(f'name="wrong-{form.cards[1]}" value="')[1].split('"')[0]
    said = {
        "token": form.token,
        f"wrong-{form.cards[1]}": step,
        f"reason-{form.cards[0]}": ["wrong_step", "red_herring"],
        "confidence": "2",
        "doubt": "question_unclear",
        "comment": "both are odd",
    }
    response = client.post(DESK, said)
    again = response.content.decode()
    assert response.status_code == 422
    assert f'value="{step}" data-again checked' in again
    for value in ("wrong_step", "red_herring", "question_unclear"):
        assert f'value="{value}" checked' in again
    assert 'value="2" data-again checked' in again
    assert "both are odd" in again


def test_a_flag_is_stored_and_the_triple_stays(enter) -> None:
    client = enter()
    _, form = shown(client)
    said = {**form.fields(1, 2, None), "act": "flag", "flag_reason": "gives_away"}
    response = client.post(DESK, said)
    assert response.headers["Location"] == f"{DESK}?after=flagged"
    html = client.get(response.headers["Location"]).content.decode()
    assert "Flagged." in html
    assert read_form(html).places == {form.cards[0]: "1", form.cards[1]: "2"}
    assert client.post(DESK, said, headers={"HX-Request": "true"}).status_code == 204
    assert [flag.reason for flag in Flag.objects.all()] == ["gives_away", "gives_away"]
    assert not Rating.objects.exists()


def test_a_comment_beyond_its_length_and_a_strange_card_are_refused_in_plain_words(enter) -> None:
    client = enter()
    _, form = shown(client)
    response = client.post(DESK, form.fields(1, 2, 3, comment="x" * 5_001))
    assert response.status_code == 422
    assert "The comment is too long" in response.content.decode()
    response = client.post(DESK, {"token": form.token, "place-abcdef": "1"})
    assert response.status_code == 422
    assert "A card was named that is not on this page" in response.content.decode()
    assert client.post(DESK, form.fields(1, 2, 3, comment="x" * 2_000_000)).status_code == 413
    assert not Rating.objects.exists()


def test_a_swap_that_is_refused_names_its_reason_for_the_script(enter) -> None:
    client = enter()
    _, form = shown(client)
    client.cookies.clear()
    response = client.post(DESK, form.fields(1, 2, 3), headers={"HX-Request": "true"})
    assert response.headers["Desk-Error"] == "not_authenticated"
    assert response.headers["HX-Redirect"] == DESK
