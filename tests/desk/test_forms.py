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
