"""Instruction checks: plain words for every form, and a judge that only asks whether they were followed."""

from __future__ import annotations

from itertools import permutations
from random import Random

import pytest

from ratings.desk.presenting import MARKS
from ratings.quality.checks import CARDS, failures_to_reject, is_passed, make_check
from ratings.slots.errors import NotARanking
from ratings.slots.ranking import fitted
from ratings.studies.form import BEST, BEST_WORST, KINDS, RatingForm
from ratings.studies.orders import ORDERS

FORMS = [
    RatingForm(kind=kind, ties=ties, all_bad=all_bad, partial=partial)
    for kind in KINDS
    for ties in (True, False)
    for all_bad in (True, False)
    for partial in ((True,) if kind in (BEST, BEST_WORST) else (True, False))
]


def rankings(shown: tuple[int, ...]) -> list[list[list[int]]]:
    """Everything that could be said about these cards without ties, partial rankings too."""
    return [[[s] for s in part] for size in range(1, len(shown) + 1) for part in permutations(shown, size)]


@pytest.mark.parametrize(
    "form", FORMS, ids=lambda form: f"{form.kind}-{form.ties}-{form.all_bad}-{form.partial}"
)
def test_every_form_can_do_what_its_checks_say_and_few_answers_pass(form):
    seen = set()
    for seed in range(40):
        order = seed % 6
        check = make_check(form, order=order, random=Random(seed))
        shown = ORDERS[order][: form.shown]
        seen.add(tuple(sorted(check.expected)))
        passing = all_answers = 0
        for ranking in rankings(shown):
            try:
                said = fitted(ranking, form, shown=list(shown), may_be_empty=False)
            except NotARanking:
                continue
            all_answers += 1
            passing += is_passed(check.expected, ranking=said, all_bad=False)
        if check.expected.get("all_bad"):
            assert form.all_bad and passing == 0
            assert is_passed(check.expected, ranking=[], all_bad=True)
        else:
            assert 1 <= passing <= all_answers / 2
            assert not is_passed(check.expected, ranking=[], all_bad=True)
            named = [n for n, card in enumerate(CARDS) if card in check.content["question"]["html"]]
            assert check.expected["first"] in {shown[n] for n in named}
    assert (("all_bad",) in seen) == form.all_bad and len(seen) >= 1 + form.all_bad


def test_a_check_is_rendered_as_a_triple_and_says_that_it_is_one():
    check = make_check(RatingForm(), order=3, random=Random(1))
    assert set(check.content) == {"question", "cards"}
    assert set(check.content["question"]) == {"html", "choices", "answer"}
    assert len({card["html"] for card in check.content["cards"]}) == 3
    assert "just what it says" in check.content["question"]["html"]


def test_the_cards_are_called_what_the_desk_draws():
    assert all(mark in card for mark, card in zip(MARKS, CARDS, strict=True))


@pytest.mark.parametrize(
    ("expected", "ranking", "all_bad", "passed"),
    [
        ({"all_bad": True}, [], True, True),
        ({"all_bad": True}, [[0], [1], [2]], True, True),
        ({"all_bad": True}, [[0], [1], [2]], False, False),
        ({"first": 1}, [[1], [0, 2]], False, True),
        ({"first": 1}, [[1]], False, True),
        ({"first": 1}, [[1, 0], [2]], False, False),
        ({"first": 1, "last": 2}, [[1], [0], [2]], False, True),
        ({"first": 1, "last": 2}, [[1], [2], [0]], False, False),
        ({"first": 1, "last": 2}, [[1]], False, False),
    ],
)
def test_a_check_is_passed_by_doing_what_it_says(expected, ranking, all_bad, passed):
    assert is_passed(expected, ranking=ranking, all_bad=all_bad) is passed


def test_a_panel_asks_for_two_failures_unless_a_study_is_short():
    assert failures_to_reject(299) == 1
    assert failures_to_reject(300) == failures_to_reject(None) == 2
