"""A rater's whole way through a study; what locks and commits is shown on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from ratings.journeys import services
from ratings.journeys.errors import ConsentChanged, WrongStage
from ratings.journeys.models import BlindingGuess, ComprehensionTry, DebriefAnswers
from ratings.journeys.watching import watch_journey
from ratings.slots import services as slots
from ratings.slots.errors import InvalidField, JourneyUnfinished, LeftStudy, StudyClosed
from ratings.slots.models import Rater, Rating, Slot, StageChange
from ratings.studies.models import Study
from tests.journeys.ways import (
    WHOLE,
    changes,
    comprehend,
    consent,
    enter,
    guesses,
    outcome,
    rate_all,
    say,
    stage_of,
    view,
    walk,
)
from tests.worlds import make_raters, make_study, ranking_of


def test_the_whole_way_leaves_its_trace(world):
    secret = enter()
    version = view(secret)["consent"]["version"]
    walk(secret)
    assert changes() == [
        ("consent", "passed", "instructions"),
        ("instructions", "passed", "practice"),
        ("practice", "passed", "comprehension"),
        ("comprehension", "passed", "rating"),
        ("rating", "passed", "debrief"),
        ("debrief", "passed", "done"),
    ]
    kinds = list(Rating.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["practice"] * 2 + ["normal"] * 3
    assert set(Rating.objects.values_list("consent", flat=True)) == {version} != {""}
    assert Rater.objects.get().done == 3
    assert BlindingGuess.objects.count() == 6 and DebriefAnswers.objects.get().answers == {"0": 1}
    assert outcome() == ("completed", "C-DONE", "https://panel.example/complete?cc=C-DONE")
    # A later return shows it again.
    assert view(secret)["completion"]["code"] == "C-DONE"


def test_every_answer_again_changes_nothing_and_lands_where_the_rater_stands(world):
    secret = enter()
    version = view(secret)["consent"]["version"]
    said = {
        "consent": {"consents": True, "version": version},
        "instructions": {},
        "practice": {},
        "comprehension": {"try": 1, "answers": {"0": 1, "1": 0}},
        "rating": {},
    }
    walk(secret, to="debrief")
    said["debrief"] = {"guesses": guesses(secret), "comment": "Good."}
    before = StageChange.objects.count()
    for stage, body in said.items():
        if stage != "debrief":
            assert say(secret, stage, **body) == "debrief"
    assert StageChange.objects.count() == before
    for _ in range(2):
        assert say(secret, "debrief", **said["debrief"]) == "done"
    assert StageChange.objects.count() == before + 1 and DebriefAnswers.objects.count() == 1


def test_no_stage_is_skipped(db):
    secret = enter()
    for stage in ("instructions", "practice", "comprehension", "rating", "debrief", "done", "x"):
        with pytest.raises(WrongStage) as refused:
            say(secret, stage, **{"try": 1}, answers={"0": 1, "1": 0}, guesses={}, consents=True)
        assert refused.value.details["stage"] == stage_of() == "consent"
    with pytest.raises(JourneyUnfinished):
        slots.next_assignment(secret)
    assert not StageChange.objects.exists()


def test_consent_is_to_the_words_that_were_shown(db):
    secret = enter()
    old = view(secret)["consent"]["version"]
    Study.objects.update(journey=WHOLE | {"consent": "Other words."})
    with pytest.raises(ConsentChanged) as refused:
        say(secret, "consent", consents=True, version=old)
    assert refused.value.details["expected"] == view(secret)["consent"]["version"] != old
    for body in ({}, {"consents": "yes", "version": old}, {"consents": 1}):
        with pytest.raises(InvalidField):
            say(secret, "consent", **body)
    assert stage_of() == "consent" and Rater.objects.get().consent == ""


def test_declining_ends_it_and_keeps_nothing_but_the_refusal(world):
    secret = enter()
    assert say(secret, "consent", consents=False) == "declined"
    assert changes() == [("consent", "refused", "declined")]
    rater = Rater.objects.get()
    assert (rater.consent, rater.done) == ("", 0) and not Rating.objects.exists()
    assert outcome() == ("no_consent", "C-NO", "https://panel.example/complete?cc=C-NO")
    # A second tab in which consent is given after all comes too late.
    assert consent_of(secret) == "declined"


def consent_of(secret: str) -> str:
    version = Study.objects.get().journey["consent"]
    return say(secret, "consent", consents=True, version=version)


def test_declining_in_another_tab_after_consenting_leaves_the_study(db):
    secret = enter()
    consent(secret)
    assert say(secret, "consent", consents=False) == "withdrawn"


def test_leaving_frees_the_held_slot_and_silences_the_rater(world):
    secret = enter()
    walk(secret, to="rating")
    first = slots.next_assignment(secret).view
    assert first is not None
    held = slots.submit_rating(secret, first["token"], ranking_of(first)).next
    assert held is not None and Slot.objects.filter(state="held").count() == 1
    for _ in range(2):
        assert services.leave(secret).stage == "withdrawn"
    assert not Slot.objects.filter(state="held").exists()
    for act in (
        lambda: slots.submit_rating(secret, held["token"], ranking_of(held)),
        lambda: slots.save_draft(secret, held["token"], {}),
        lambda: slots.renew(secret, held["token"]),
    ):
        with pytest.raises(LeftStudy):
            act()
    assert slots.next_assignment(secret).view is None
    assert changes()[-1] == ("rating", "left", "withdrawn")
    assert Rating.objects.filter(kind="normal").count() == 1
    assert outcome() == ("no_consent", "C-NO", "https://panel.example/complete?cc=C-NO")


def test_whoever_has_nothing_left_goes_on_and_a_late_rating_is_still_taken(world):
    make_study(questions=2, overlap=1, journey={"debrief": {"comment": True}})
    ada, ben = make_raters(count=2)
    late = slots.next_assignment(ada.token).view
    assert late is not None
    assert len(rate_all(ben.token)) == 1
    # What ada holds may still come back.
    for _ in range(2):
        waiting = services.finish_rating(ben.token)
        assert (waiting.stage, waiting.waits) == ("rating", True)
    Slot.objects.filter(state="held").update(lease_expires_at="2000-01-01T00:00:00Z")
    taken = slots.next_assignment(ben.token).view
    assert taken is not None
    # The slot that ada lost is the one thing that could come back to her.
    assert services.finish_rating(ada.token).waits
    slots.submit_rating(ben.token, taken["token"], ranking_of(taken))
    assert services.finish_rating(ben.token).stage == "debrief"
    # It was rated, and nothing else is there for her: there is nothing to tell about what she never rated.
    assert services.finish_rating(ada.token).stage == "done"
    assert outcome("rater-1") == ("nothing_rated", "", None)
    submitted = slots.submit_rating(ada.token, late["token"], ranking_of(late))
    assert submitted.created and submitted.surplus and submitted.next is None
    assert stage_of("rater-1") == "done" and outcome("rater-1") == ("completed", "", None)


def test_whoever_skips_everything_has_completed_nothing(db):
    codes = {"completed": "PAID", "nothing_rated": "NONE"}
    make_study(questions=2, overlap=1, journey={"debrief": {"comment": True}, "completion": {"codes": codes}})
    ada, ben = make_raters(count=2)
    held = slots.next_assignment(ada.token).view
    while held is not None:
        held = slots.skip(ada.token, held["token"]).next
    assert services.finish_rating(ada.token).stage == "done"
    assert outcome("rater-1") == ("nothing_rated", "NONE", None)
    assert len(rate_all(ben.token)) == 2 and services.finish_rating(ben.token).stage == "debrief"
    watched = watch_journey(Study.objects.get())
    assert watched is not None
    assert watched.stages == [("rating", 0), ("debrief", 1), ("done", 0), ("nothing_rated", 1)]


def test_nobody_is_moved_on_who_has_something_to_rate_or_whose_study_rests(db):
    secret = enter({"debrief": {"comment": True}})
    assert services.finish_rating(secret).stage == "rating"
    rate_all(secret)
    Study.objects.update(state="paused")
    assert services.finish_rating(secret).stage == "rating"
    Study.objects.update(state="open")
    assert say(secret, "rating") == "debrief"


def test_a_study_without_a_journey_is_as_it_was(db):
    secret = enter({})
    rate_all(secret)
    assert services.finish_rating(secret).stage == "rating"
    assert outcome() is None and not StageChange.objects.exists()


def test_failing_the_attention_checks_ends_with_a_code_of_its_own(world):
    secret = enter()
    walk(secret, to="rating")
    slots.next_assignment(secret)
    pk = Rater.objects.get().pk
    assert services.fail_check(pk) and not services.fail_check(pk)
    assert outcome() == ("failed_check", "C-FAIL", "https://panel.example/complete?cc=C-FAIL")
    assert not Slot.objects.filter(state="held").exists() and Rater.objects.get().included


def test_a_closed_study_takes_nothing_more_and_still_gives_those_it_caught_their_code(db):
    make_study(questions=4, journey=WHOLE)
    ada, ben = make_raters(count=2)
    walk(ada.token, to="rating")
    held = slots.next_assignment(ada.token).view
    assert held is not None
    slots.submit_rating(ada.token, held["token"], ranking_of(held))
    Study.objects.update(state="closed")
    for secret in (ada.token, ben.token):
        with pytest.raises(StudyClosed):
            services.answer(secret, "consent", {"consents": False})
        with pytest.raises(StudyClosed):
            services.leave(secret)
    assert outcome("rater-1") == ("completed", "C-DONE", "https://panel.example/complete?cc=C-DONE")
    # Ben was on his way, and has rated nothing that could be called complete.
    assert outcome("rater-2") == ("study_closed", "", None)
    assert view(ada.token)["reveal"] and not view(ben.token)["reveal"]


def test_a_process_that_dies_half_way_leaves_the_stage_as_it_was(world):
    secret = enter()
    with pytest.raises(RuntimeError), transaction.atomic():
        consent(secret)
        raise RuntimeError("killed")
    assert stage_of() == "consent" and Rater.objects.get().consent == "" and not StageChange.objects.exists()
    walk(secret, to="comprehension")
    with pytest.raises(RuntimeError), transaction.atomic():
        comprehend(secret)
        raise RuntimeError("killed")
    assert stage_of() == "comprehension" and not ComprehensionTry.objects.exists()
    walk(secret)
    assert stage_of() == "done"


def test_whoever_comes_back_a_day_later_goes_on_where_they_were(db, monkeypatch):
    secret = enter()
    now, days = timezone.now, [0]
    monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(days=days[0]))
    for stage in ("consent", "instructions", "practice", "comprehension", "rating", "debrief", "done"):
        walk(secret, to=stage)
        held = slots.next_assignment(secret).view if stage in ("practice", "rating") else None
        days[0] += 1
        assert view(secret)["stage"] == stage
        if held is not None:
            again = slots.next_assignment(secret).view
            assert again is not None and again["token"] == held["token"]
