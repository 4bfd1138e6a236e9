"""The same step at the same moment, in two tabs or by a double click: one move, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from accounts.errors import StarchamberError
from ratings.journeys import services
from ratings.journeys.models import BlindingGuess, ComprehensionTry, DebriefAnswers
from ratings.slots.models import Assignment, Rater, Slot, StageChange
from ratings.slots.services import next_assignment, skip, submit_rating
from tests.journeys.ways import WHOLE, guesses, rate_all, say, view, walk
from tests.worlds import make_raters, make_study, ranking_of

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("world")]

TABS = 4


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Runs acts in threads that start together; what each returned, or the code of its refusal."""
    said: list[Any] = [None] * len(acts)
    start = threading.Barrier(len(acts))

    def run(number: int) -> None:
        try:
            start.wait(timeout=10)
            said[number] = acts[number]()
        except StarchamberError as error:
            said[number] = error.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return said


def enter() -> str:
    make_study(questions=4, per_rater=2, journey=WHOLE)
    return make_raters(count=1)[0].token


def test_every_step_in_four_tabs_at_once_is_one_step() -> None:
    secret = enter()
    version = view(secret)["consent"]["version"]
    bodies: dict[str, Callable[[], dict[str, Any]]] = {
        "consent": lambda: {"consents": True, "version": version},
        "instructions": dict,
        "practice": dict,
        "comprehension": lambda: {"try": 1, "answers": {"0": 1, "1": 0}},
        "rating": dict,
        "debrief": lambda: {"guesses": guesses(secret), "comment": "Once."},
    }
    for number, (stage, body) in enumerate(bodies.items(), start=1):
        if stage in ("practice", "rating"):
            rate_all(secret)
        said = body()
        following = at_once(*[lambda stage=stage, said=said: say(secret, stage, **said) for _ in range(TABS)])
        assert len(set(following)) == 1 and following[0] != stage
        assert StageChange.objects.count() == number
    assert ComprehensionTry.objects.count() == DebriefAnswers.objects.count() == 1
    assert BlindingGuess.objects.count() == 6


def test_a_wrong_answer_sent_by_four_tabs_is_one_try() -> None:
    secret = enter()
    walk(secret, to="comprehension")
    wrong = {"try": 1, "answers": {"0": 0, "1": 1}}
    assert at_once(*[lambda: say(secret, "comprehension", **wrong)] * TABS) == ["comprehension"] * TABS
    assert ComprehensionTry.objects.count() == 1


def test_consent_and_refusal_at_once_end_without_consent() -> None:
    secret = enter()
    version = view(secret)["consent"]["version"]
    at_once(
        lambda: say(secret, "consent", consents=True, version=version),
        lambda: say(secret, "consent", consents=False),
    )
    assert Rater.objects.get().stage in ("declined", "withdrawn")


def test_a_rating_and_leaving_at_once_leave_no_slot_held() -> None:
    secret = enter()
    walk(secret, to="rating")
    held = next_assignment(secret).view
    assert held is not None
    at_once(
        lambda: submit_rating(secret, held["token"], ranking_of(held)).created,
        lambda: services.leave(secret).stage,
        lambda: next_assignment(secret).view,
    )
    assert Rater.objects.get().stage == "withdrawn"
    assert not Slot.objects.filter(state="held").exists()
    assert not Assignment.objects.filter(state="held").exists()


def test_the_last_raters_end_together_and_none_while_a_slot_may_come_back() -> None:
    make_study(questions=3, overlap=1, journey={"completion": {"codes": {"completed": "C1"}}})
    ada, ben, eve = (rater.token for rater in make_raters(count=3))
    held = {secret: next_assignment(secret).view for secret in (ada, ben)}
    third = next_assignment(eve).view
    assert third is not None and all(held.values())

    def rate(secret: str) -> Callable[[], Any]:
        held_view = held[secret] or {}
        return lambda: submit_rating(secret, held_view["token"], ranking_of(held_view)).created

    def finish(secret: str) -> Callable[[], Any]:
        return lambda: services.finish_rating(secret).stage

    # Eve gives hers back while the others ask: whoever is first gets it, and nobody is sent home before it is rated.
    at_once(rate(ada), rate(ben), lambda: skip(eve, third["token"]), finish(ada), finish(ben))
    assert set(Rater.objects.values_list("stage", flat=True)) == {"rating"}
    held = {secret: next_assignment(secret).view for secret in (ada, ben)}
    [last] = [secret for secret in held if held[secret]]
    at_once(rate(last), finish(ada), finish(ben), finish(eve))
    for secret in (ada, ben, eve):
        assert services.finish_rating(secret).stage == "done"
    assert Slot.objects.filter(state="rated").count() == 3
    assert [view(secret)["completion"]["outcome"] for secret in (ada, ben, eve)] == [
        "completed",
        "completed",
        "nothing_rated",
    ]


def test_the_last_rating_and_the_end_of_rating_at_once_lose_neither() -> None:
    secret = enter()
    walk(secret, to="rating")
    first = next_assignment(secret).view
    assert first is not None
    last = submit_rating(secret, first["token"], ranking_of(first)).next
    assert last is not None
    said = at_once(
        lambda: submit_rating(secret, last["token"], ranking_of(last)).created,
        lambda: services.finish_rating(secret).stage,
        lambda: services.finish_rating(secret).stage,
    )
    assert said[0] is True and set(said[1:]) <= {"rating", "debrief"}
    assert services.finish_rating(secret).stage == "debrief"
    assert Rater.objects.get().done == 2 and StageChange.objects.filter(entered="debrief").count() == 1
