"""What practice calls the places of cards, by the form that raters practise."""

from __future__ import annotations

import pytest

from ratings.desk.journey_words import places_in_words


@pytest.mark.parametrize(
    ("kind", "groups", "words"),
    [
        ("ranking", [["a"], ["b", "c"]], {"a": "1st", "b": "2nd", "c": "2nd"}),
        ("ranking", [["a"], ["b"], ["c"]], {"a": "1st", "b": "2nd", "c": "3rd"}),
        ("best", [["a"], ["b"], ["c"]], {"a": "Best"}),
        ("best", [["a", "b"]], {"a": "Best", "b": "Best"}),
        ("best_worst", [["a"], ["b"], ["c"]], {"a": "Best", "c": "Worst"}),
        ("best_worst", [["a", "b"], ["c"]], {"a": "Best", "b": "Best", "c": "Worst"}),
        ("best_worst", [["a"]], {"a": "Best"}),
        ("pairwise", [["a"], ["b"]], {"a": "Better", "b": "Worse"}),
        ("pairwise", [["a", "b"]], {"a": "equal", "b": "equal"}),
        ("pairwise", [["a"]], {"a": "Better"}),
        ("ranking", [], {}),
        ("best_worst", [], {}),
    ],
)
def test_places_are_called_as_on_the_form(kind, groups, words):
    assert places_in_words(groups, kind) == words
