"""The same thing at the same moment: double clicks, two tabs, two raters and one slot, a study that closes."""

from __future__ import annotations

import threading
import time
from collections import Counter
from functools import partial
from typing import Any

import pytest

from accounts.audit import COMMAND
from ratings.slots.models import Rater, Rating
from ratings.studies.services import close_study
from tests.races.crowd import Acknowledged, Wire, all_at_once
from tests.races.ledger import assert_acknowledged_is_stored
from tests.races.moves import (
    claim,
    first_view,
    let_leases_lapse,
    ratings_of,
    states_of_assignments,
    submit,
)
from tests.worlds import make_raters, ranking_of

pytestmark = pytest.mark.race


def test_the_same_submit_three_times_at_once_is_one_row_and_three_good_answers(shared_site, arena):
    study, [rater] = arena(raters=1, questions=15)
    view = first_view(shared_site, study, rater.token)
    for done in range(1, 11):
        call = partial(submit, shared_site, rater.token, view, ranking_of(view))
        answers = all_at_once(call, call, call)
        assert sorted(status for status, _ in answers) == [200, 200, 201]
        assert len({answer["rating"] for _, answer in answers}) == 1
        assert len({answer["next"]["token"] for _, answer in answers}) == 1
        assert ratings_of(study) == done == Rater.objects.get(study__name=study).done
        view = answers[0][1]["next"]
    assert states_of_assignments(study) == ["held"] + ["rated"] * 10


def test_three_different_rankings_at_once_are_one_rating_and_two_refusals(shared_site, arena):
    study, [rater] = arena(raters=1, questions=3)
    view = first_view(shared_site, study, rater.token)
    cards = [card["token"] for card in view["cards"]]
    bodies = [{"ranking": [[cards[n]], [cards[n - 1], cards[n - 2]]]} for n in range(3)]
    answers = all_at_once(*[partial(submit, shared_site, rater.token, view, body) for body in bodies])
    assert sorted(status for status, _ in answers) == [201, 409, 409]
    assert {answer["code"] for status, answer in answers if status == 409} == {"already_rated"}
    accepted = next(n for n, (status, _) in enumerate(answers) if status == 201)
    key, said = answers[accepted][1]["rating"], bodies[accepted]["ranking"]
    assert_acknowledged_is_stored([Acknowledged(rater.name, view["token"], said, key, False)])
    assert ratings_of(study) == 1


def test_tabs_that_ask_at_once_hold_one_assignment(shared_site, arena):
    study, raters = arena(raters=3, questions=12)
    for rater in raters:
        answers = all_at_once(*[partial(claim, shared_site, study, rater.token)] * 3)
        assert sorted(status for status, _ in answers) == [200, 200, 201]
        assert len({view["token"] for _, view in answers}) == 1
    assert states_of_assignments(study) == ["held"] * 3


def test_of_many_raters_who_want_the_last_slot_one_gets_it(shared_site, arena):
    study, raters = arena(raters=6, questions=1, overlap=1)
    answers = all_at_once(*[partial(claim, shared_site, study, rater.token) for rater in raters])
    assert Counter(status for status, _ in answers) == {201: 1, 204: 5}
    assert states_of_assignments(study) == ["held"]


def test_a_lapsed_slot_goes_to_one_of_many(shared_site, arena):
    study, raters = arena(raters=6, questions=1, overlap=1)
    first_view(shared_site, study, make_raters(study, count=1, name="gone")[0].token)
    let_leases_lapse(study)
    answers = all_at_once(*[partial(claim, shared_site, study, rater.token) for rater in raters])
    assert Counter(status for status, _ in answers) == {201: 1, 204: 5}
    assert states_of_assignments(study) == ["expired", "held"]


def test_a_skip_and_a_submit_at_once_leave_one_word_standing(shared_site, arena):
    study, raters = arena(raters=4, questions=12)
    for rater in raters:
        view = first_view(shared_site, study, rater.token)
        skip = partial(Wire(shared_site.url, rater.token).post, f"assignments/{view['token']}/skip/")
        answers = all_at_once(partial(submit, shared_site, rater.token, view, ranking_of(view)), skip)
        # A rating after a skip takes the skip back; a skip after a rating is refused.
        assert [status for status, _ in answers] in ([201, 201], [201, 409])
        assert not Rating.objects.get(assignment__token=view["token"], current=True).skipped
    assert Rating.objects.filter(study__name=study, current=True).count() == 4


def test_nothing_is_stored_after_closing_and_nothing_acknowledged_before_is_missing(shared_site, arena):
    study, raters = arena(raters=8, questions=60)
    acknowledged: list[Acknowledged] = []
    odd: list[tuple] = []
    closed = threading.Event()

    def work(rater, view) -> None:
        wire = Wire(shared_site.url, rater.token)
        while view is not None:
            asked_late = closed.is_set()
            ranking: dict[str, Any] = ranking_of(view)
            status, answer = wire.post(f"assignments/{view['token']}/rating/", ranking)
            if status == 410:
                return
            if status != 201 or asked_late:
                odd.append((status, asked_late, answer))
                return
            acknowledged.append(
                Acknowledged(rater.name, view["token"], ranking["ranking"], answer["rating"], False)
            )
            view = answer["next"]

    def close() -> int:
        while len(acknowledged) < 20:
            time.sleep(0.01)
        close_study(study, actor=COMMAND)
        closed.set()
        return ratings_of(study)

    views = [first_view(shared_site, study, rater.token) for rater in raters]
    working = [partial(work, rater, view) for rater, view in zip(raters, views, strict=True)]
    counted_at_closing, *_ = all_at_once(close, *working)
    assert odd == []
    assert 0 < len(acknowledged) == counted_at_closing == ratings_of(study) < 180
    assert_acknowledged_is_stored(acknowledged)
