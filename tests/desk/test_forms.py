"""A form and the body of CONTRACT.md say the same."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from ratings.desk.forms import places_of, read_body, read_seconds

CARDS = ("aa", "bb", "cc")


def form(**fields: str) -> QueryDict:
    data = QueryDict(mutable=True)
    data.update({name.replace("place_", "place-"): value for name, value in fields.items()})
    return data


def test_equal_places_are_ties_and_the_best_stands_first() -> None:
    body = read_body(form(place_aa="2", place_bb="1", place_cc="2"))
    assert body == {"ranking": [["bb"], ["aa", "cc"]]}


def test_a_place_that_nobody_has_makes_no_empty_group() -> None:
    assert read_body(form(place_aa="3", place_bb="1")) == {"ranking": [["bb"], ["aa"]]}


def test_a_place_that_is_not_on_the_form_is_not_ranked() -> None:
    assert read_body(form(place_aa="0", place_bb="4", place_cc="x")) == {"ranking": []}


def test_all_bad_comment_and_seconds_are_sent_only_when_there() -> None:
    body = read_body(form(all_bad="1", comment=" both\r\nwrong ", active_seconds="12.5"))
    assert body == {"ranking": [], "all_bad": True, "comment": "both\nwrong", "active_seconds": 12.5}
    assert read_body(form(comment="  ", active_seconds="")) == {"ranking": []}


@pytest.mark.parametrize("value", ["", "nan", "inf", "-1", "soon", None])
def test_what_is_no_number_of_seconds_is_left_out(value: object) -> None:
    assert read_seconds(value) is None


@given(st.dictionaries(st.sampled_from(CARDS), st.sampled_from(["1", "2", "3"])))
def test_a_body_shown_as_a_form_and_read_again_is_the_same_body(places: dict[str, str]) -> None:
    body = read_body(form(**{f"place_{card}": place for card, place in places.items()}))
    again = read_body(form(**{f"place_{card}": place for card, place in places_of(body).items()}))
    assert again == body


def test_a_draft_that_is_no_ranking_shows_no_places() -> None:
    assert places_of({"ranking": "best"}) == {}
    assert places_of({}) == {}


def test_what_is_said_beside_the_ranking_is_read() -> None:
    data = form(place_aa="1", confidence="3", signals='{"seconds": 12, "odd": "x", "bad": -1}')
    data.update({"wrong-aa": "s1", "wrong-bb": ""})
    data.setlist("reason-aa", ["wrong_step", "missing_step"])
    data.setlist("doubt", ["question_unclear", "answer_wrong"])
    assert read_body(data) == {
        "ranking": [["aa"]],
        "first_wrong_step": {"aa": "s1"},
        "reasons": {"aa": ["missing_step", "wrong_step"]},
        "confidence": 3,
        "doubts": ["answer_wrong", "question_unclear"],
        "signals": {"seconds": 12},
    }


def test_the_best_of_one_group_is_the_only_one_ranked() -> None:
    assert read_body(form(best="bb")) == {"ranking": [["bb"]]}


@pytest.mark.parametrize(
    "value", ["[1]", "nonsense", "{" * 2_000, '{"seconds": 1e400}', '{"seconds": true}', ""]
)
def test_signals_that_are_none_are_left_out(value: str) -> None:
    assert read_body(form(signals=value)) == {"ranking": []}


def test_a_confidence_that_is_none_is_left_to_the_server_to_refuse() -> None:
    assert read_body(form(confidence="9"))["confidence"] == "9"
