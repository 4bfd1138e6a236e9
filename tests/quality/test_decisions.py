"""Deciding about raters: reversible, apart, one at a time, each with its line in the audit."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from accounts.audit import COMMAND, Actor
from accounts.errors import InvalidInput, NotFound
from accounts.models import AuditEvent
from ratings.analysis.services import analyse_study
from ratings.quality.decisions import DecidedMeanwhile, decide, preview_decision, stamp_of
from ratings.quality.models import RaterDecision
from ratings.quality.selectors import decisions_of, raters_with_payment
from ratings.slots.models import Rater
from tests.exports.reading import rows_of
from tests.exports.worlds import judged_study
from tests.worlds import make_raters, make_study

WHY = "Two of the two instruction checks were answered otherwise than they said, on both days that you took part in it."


def act(
    *names: str, matter: str = "analysis", verdict: str = "excluded", reason: str = "fast", **more
) -> list:
    return decide("trial", names, matter=matter, verdict=verdict, reason=reason, actor=COMMAND, **more)


@pytest.fixture
def people(db):
    make_study(questions=3)
    make_raters(count=3)


@pytest.fixture
def people_anywhere(world):
    """The same with real commits, on both databases."""
    make_study(questions=3)
    make_raters(count=3)


def chain(matter: str = "analysis") -> list[tuple[str, str]]:
    return list(RaterDecision.objects.filter(matter=matter).order_by("pk").values_list("old", "new"))


def test_an_exclusion_is_a_row_a_flag_and_a_line_and_can_be_taken_back(people, owner):
    [made] = decide(
        "trial",
        ["rater-1"],
        matter="analysis",
        verdict="excluded",
        reason=" too fast ",
        actor=Actor.of(owner),
    )
    assert (made.old, made.new, made.reason) == ("included", "excluded", "too fast")
    assert (made.decided_by, made.decided_by_label) == (owner, "owner")
    assert not Rater.objects.get(name="rater-1").included
    event = AuditEvent.objects.latest("pk")
    assert (event.act, event.details["raters"], event.details["reason"]) == (
        "rater.excluded",
        ["rater-1"],
        "too fast",
    )
    act("rater-1", verdict="included", reason="")
    assert Rater.objects.get(name="rater-1").included
    assert chain() == [("included", "excluded"), ("excluded", "included")]


def test_inclusion_and_payment_never_follow_from_each_other(people):
    act("rater-1")
    act("rater-2", matter="payment", verdict="rejected", reason=WHY)
    study = Rater.objects.get(name="rater-1").study
    rows = raters_with_payment(study).values_list("name", "included", "payment")  # type: ignore[misc]
    stand = {name: (included, payment) for name, included, payment in rows}
    assert stand == {
        "rater-1": (False, "undecided"),
        "rater-2": (True, "rejected"),
        "rater-3": (True, "undecided"),
    }
    act("rater-2", matter="payment", verdict="approved", reason="")
    assert chain("payment") == [("undecided", "rejected"), ("rejected", "approved")]


def test_the_same_decision_again_makes_nothing(people):
    assert len(act("rater-1", "rater-2")) == 2
    lines = AuditEvent.objects.count()
    assert act("rater-1", "rater-2") == []
    assert AuditEvent.objects.count() == lines
    assert len(act("rater-1", "rater-3")) == 1


@pytest.mark.parametrize(
    ("matter", "verdict", "reason", "field"),
    [
        ("analysis", "excluded", "  ", "reason"),
        ("payment", "rejected", "Too many of the checks failed.", "reason"),
        ("payment", "rejected", " " * 200, "reason"),
        ("payment", "rejected", "x" * 99, "reason"),
        ("payment", "undecided", "", "reason"),
        ("payment", "approved", "x" * 5_001, "reason"),
        ("payment", "excluded", "fast", "verdict"),
        ("analysis", "rejected", WHY, "verdict"),
        ("wages", "approved", "", "matter"),
    ],
)
def test_a_bad_decision_names_its_field_and_changes_nothing(people, matter, verdict, reason, field):
    with pytest.raises(InvalidInput) as refused:
        act("rater-1", matter=matter, verdict=verdict, reason=reason)
    assert refused.value.details["field"] == field
    assert not RaterDecision.objects.exists() and Rater.objects.filter(included=True).count() == 3


def test_all_or_none(people):
    for missing in ("nobody", "no\0body"):
        with pytest.raises(NotFound):
            act("rater-1", missing)
    with pytest.raises(InvalidInput):
        act()
    assert not RaterDecision.objects.exists()


def test_a_preview_writes_nothing_and_a_decision_on_a_stale_one_is_refused(people):
    act("rater-2")
    seen = preview_decision("trial", ["rater-1", "rater-2"], matter="analysis", verdict="excluded")
    assert [(change.rater.name, change.old, change.changes) for change in seen] == [
        ("rater-1", "included", True),
        ("rater-2", "excluded", False),
    ]
    assert RaterDecision.objects.count() == 1
    stand = [(change.rater.name, change.old) for change in seen]
    stamp = stamp_of(stand, matter="analysis", verdict="excluded")
    with pytest.raises(DecidedMeanwhile):
        act("rater-1", "rater-2", matter="payment", verdict="approved", seen=stamp)
    act("rater-2", verdict="included", reason="")
    with pytest.raises(DecidedMeanwhile):
        act("rater-1", "rater-2", seen=stamp)
    assert Rater.objects.get(name="rater-1").included


def test_two_decisions_at_once_take_turns(people_anywhere):
    start = threading.Barrier(4)
    made: list[int] = []

    def exclude() -> None:
        start.wait()
        made.append(len(act("rater-1", "rater-2", "rater-3")))
        connection.close()

    threads = [threading.Thread(target=exclude) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(made) == [0, 0, 0, 3]
    assert RaterDecision.objects.count() == 3 and not Rater.objects.filter(included=True).exists()


def test_in_and_out_at_once_leave_a_chain_without_a_gap(people_anywhere):
    start = threading.Barrier(6)

    def flip(verdict: str) -> None:
        start.wait()
        act("rater-1", verdict=verdict, reason="x")
        connection.close()

    threads = [threading.Thread(target=flip, args=[v]) for v in ("excluded", "included") * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    steps = chain()
    assert all(one[1] == other[0] for one, other in zip(steps, steps[1:], strict=False))
    assert steps[0] == ("included", "excluded")
    assert Rater.objects.get(name="rater-1").included == (steps[-1][1] == "included")


def test_analysis_and_exports_follow_the_decision_and_votes_keep_everything(db, tmp_path):
    study = judged_study()
    full = analyse_study("trial")["ratings"]
    act("ada")
    found = analyse_study("trial")
    assert (full, found["ratings"], found["excluded"]["rater_excluded"]) == (12, 6, 6)
    assert len(rows_of(study, "ranking", tmp_path)) == 6
    assert len(rows_of(study, "votes", tmp_path)) == 12
    act("ada", verdict="included", reason="")
    assert analyse_study("trial")["ratings"] == 12
    assert decisions_of(study).count() == 2
