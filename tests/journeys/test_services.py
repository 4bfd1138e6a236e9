"""A rater's whole way through a study; what locks and commits is shown on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.errors import InvalidInput
from ratings.journeys import services
from ratings.journeys.errors import ConsentChanged, PracticeUnfinished, UnknownQuestion, WrongStage
from ratings.journeys.models import BlindingGuess, ComprehensionTry, DebriefAnswers
from ratings.slots import services as slots
from ratings.slots.completion import completion
from ratings.slots.errors import InvalidField, JourneyUnfinished, LeftStudy, StudyClosed
from ratings.slots.models import PersonalItem, Rater, Rating, Slot, StageChange
from ratings.studies.models import Study
from tests.journeys.ways import (
    WHOLE,
    comprehend,
    consent,
    guesses,
    practise,
    rate_all,
    say,
    stage_of,
    view,
    walk,
)
from tests.worlds import make_dataset, make_raters, make_study, ranking_of


def enter(journey: dict | None = None, **design) -> str:
    make_study(questions=4, per_rater=3, journey=WHOLE if journey is None else journey, **design)
    return make_raters(count=1)[0].token


def changes() -> list[tuple[str, str, str]]:
    return list(StageChange.objects.values_list("left", "outcome", "entered"))


def outcome(name: str = "rater-1") -> tuple[str, str, str | None] | None:
    ended = completion(Rater.objects.get(name=name))
    return (ended.outcome, ended.code, ended.url) if ended else None


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


def test_the_check_has_two_tries_and_asks_again_only_what_was_wrong(db):
    secret = enter()
    walk(secret, to="comprehension")
    assert say(secret, "comprehension", **{"try": 1}, answers={"0": 0, "1": 0}) == "comprehension"
    part = view(secret)["comprehension"]
    assert (part["try"], [question["number"] for question in part["questions"]]) == (2, [0])
    assert "<em>rationales</em>" in part["questions"][0]["explanation"]
    # The first try sent again by another tab is no second one.
    assert say(secret, "comprehension", **{"try": 1}, answers={"0": 0, "1": 1}) == "comprehension"
    assert ComprehensionTry.objects.count() == 1
    assert say(secret, "comprehension", **{"try": 2}, answers={"0": 1}) == "rating"


def test_whoever_misses_twice_is_screened_out_with_a_code_of_its_own(world):
    secret = enter()
    walk(secret, to="comprehension")
    say(secret, "comprehension", **{"try": 1}, answers={"0": 0, "1": 1})
    assert say(secret, "comprehension", **{"try": 2}, answers={"0": 0, "1": 0}) == "screened_out"
    assert outcome() == ("screened_out", "C-OUT", "https://panel.example/complete?cc=C-OUT")
    assert [(row.number, row.answers, row.wrong) for row in ComprehensionTry.objects.all()] == [
        (1, {"0": 0, "1": 1}, [0, 1]),
        (2, {"0": 0, "1": 0}, [0]),
    ]
    # Nothing of it touches what counts or what is paid.
    assert Rater.objects.get().included
    assert say(secret, "comprehension", **{"try": 3}, answers={"0": 1}) == "screened_out"


def test_a_bad_answer_to_the_check_uses_up_no_try(db):
    secret = enter({"comprehension": WHOLE["comprehension"]})
    cases: tuple[tuple[dict, type[InvalidInput], str], ...] = (
        ({"try": 1, "answers": {"0": 1, "1": 0, "2": 0}}, UnknownQuestion, "answers.2"),
        ({"try": 1, "answers": {"0": 1}}, InvalidField, "answers.1"),
        ({"try": 1, "answers": {"0": 1, "1": 2}}, InvalidField, "answers.1"),
        ({"try": 1, "answers": {"0": True, "1": 0}}, InvalidField, "answers.0"),
        ({"try": 1, "answers": [1, 0]}, InvalidField, "answers"),
        ({"try": 2, "answers": {"0": 1, "1": 0}}, InvalidField, "try"),
        ({"try": "1", "answers": {"0": 1, "1": 0}}, InvalidField, "try"),
        ({"answers": {"0": 1, "1": 0}}, InvalidField, "try"),
    )
    for body, error, field in cases:
        with pytest.raises(error) as refused:
            say(secret, "comprehension", **body)
        assert refused.value.details["field"] == field
    assert not ComprehensionTry.objects.exists() and stage_of() == "comprehension"


def test_practice_is_not_left_before_its_last_item(db):
    secret = enter({"practice": WHOLE["practice"]})
    held = slots.next_assignment(secret).view
    assert held is not None and held["question"]["answer"] == "4"
    with pytest.raises(PracticeUnfinished) as refused:
        say(secret, "practice")
    assert refused.value.details == {"done": 0, "planned": 2}
    assert practise(secret) == "rating"


def test_practice_tells_what_there_was_to_notice_in_terms_of_the_cards_shown(world):
    secret = enter({"practice": WHOLE["practice"]})
    assert view(secret)["practice"] == {"done": 0, "planned": 2, "feedback": None}
    held = slots.next_assignment(secret).view
    assert held is not None
    slots.submit_rating(secret, held["token"], ranking_of(held))
    told = view(secret)["practice"]["feedback"]
    assert told["assignment"] == held["token"]
    assert [card["html"] for card in told["cards"]] == [card["html"] for card in held["cards"]]
    assert told["yours"] == [[card["token"]] for card in held["cards"]]
    by_text = {card["html"]: card for card in told["cards"]}
    assert [by_text[f"<p>{text}</p>"]["token"] for text in (
        "Two and two more make four.", "Two and two make five less one.", "It is four.",
    )] == [group[0] for group in told["careful"]]  # fmt: skip
    assert by_text["<p>It is four.</p>"]["note"] == "<p>It gives <strong>no reason</strong>.</p>"


def test_practice_items_come_before_all_others_and_each_rater_gets_as_many_as_planned(db):
    journey = {"practice": {"items": [WHOLE["practice"]["items"][0]] * 5, "count": 2}}
    make_study(questions=4, per_rater=2, journey=journey)
    make_raters(count=3)
    for rater in Rater.objects.all():
        items = PersonalItem.objects.filter(rater=rater).order_by("number")
        assert [(item.number, item.kind) for item in items][:2] == [(0, "practice"), (1, "practice")]
        assert items.filter(kind="practice").count() == 2 and rater.due == 0


def test_a_chosen_question_of_the_dataset_is_practised_and_never_drawn(db):
    item = {"from": "q000002", "feedback": "Look at the steps."}
    make_dataset(questions=12)
    make_study(questions=11, per_rater=2, journey={"practice": {"items": [item]}})
    [rater] = make_raters(count=1)
    assert not Study.objects.get().triples.filter(question__external_id="q000002").exists()
    held = slots.next_assignment(rater.token).view
    assert held is not None and held["question"]["answer"] == "4" and len(held["cards"]) == 3


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
    with pytest.raises(JourneyUnfinished):
        slots.next_assignment(secret)
    assert changes()[-1] == ("rating", "left", "withdrawn")
    assert Rating.objects.filter(kind="normal").count() == 1
    assert outcome() == ("no_consent", "C-NO", "https://panel.example/complete?cc=C-NO")


def test_whoever_has_nothing_left_goes_on_and_a_late_rating_is_still_taken(world):
    make_study(questions=2, overlap=1, journey={"debrief": {"comment": True}})
    ada, ben = make_raters(count=2)
    late = slots.next_assignment(ada.token).view
    assert late is not None
    Slot.objects.filter(state="held").update(lease_expires_at="2000-01-01T00:00:00Z")
    assert len(rate_all(ben.token)) == 2
    assert services.finish_rating(ben.token).stage == "debrief"
    # The slot of ada's triple went to ben, and nothing else is there for her.
    assert services.finish_rating(ada.token).stage == "debrief"
    submitted = slots.submit_rating(ada.token, late["token"], ranking_of(late))
    assert submitted.created and submitted.surplus and submitted.next is None
    assert stage_of("rater-1") == "debrief"


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


def test_a_debrief_with_nothing_to_ask_is_passed_over(db):
    make_study(questions=1, overlap=1, journey={"debrief": {"guess": True}})
    ada, ben = make_raters(count=2)
    rate_all(ada.token)
    assert services.finish_rating(ben.token).stage == "done"
    assert changes() == [("rating", "passed", "done")]


def test_a_bad_debrief_stores_nothing(db):
    secret = enter({"debrief": WHOLE["debrief"]})
    walk(secret, to="debrief")
    first = view(secret)["debrief"]["triples"][0]
    names = {"TOKEN": first["assignment"], "CARD": first["cards"][0]["token"]}
    cases: tuple[tuple[dict, type[InvalidInput], str], ...] = (
        ({"guesses": {"0" * 32: {}}}, UnknownQuestion, f"guesses.{'0' * 32}"),
        ({"guesses": {"TOKEN": {"x": "person"}}}, UnknownQuestion, "guesses.TOKEN.x"),
        ({"guesses": {"TOKEN": {"CARD": "me"}}}, InvalidField, "guesses.TOKEN.CARD"),
        ({"guesses": []}, InvalidField, "guesses"),
        ({"answers": {"0": 2}}, InvalidField, "answers.0"),
        ({"answers": {"1": "x" * 5_001}}, InvalidField, "answers.1"),
        ({"answers": {"2": "x"}}, UnknownQuestion, "answers.2"),
        ({"comment": "a\0b"}, InvalidField, "comment"),
        ({"comment": "x" * 2_000_000}, InvalidField, "comment"),
    )
    for body, error, field in cases:
        with pytest.raises(error) as refused:
            say(secret, "debrief", **renamed(body, names))
        assert refused.value.details["field"] == renamed(field, names)
        assert len(str(refused.value.details["value"])) <= 200
    assert not DebriefAnswers.objects.exists() and stage_of() == "debrief"


def renamed(value, names):
    """The same with TOKEN and CARD replaced, in keys and texts alike."""
    if isinstance(value, dict):
        return {renamed(key, names): renamed(part, names) for key, part in value.items()}
    if isinstance(value, str):
        for name, real in names.items():
            value = value.replace(name, real)
    return value


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
    assert outcome("rater-2") is None


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


def test_quality_items_come_after_practice_and_never_in_it(db):
    quality = {"checks": 1}
    make_study(questions=4, per_rater=3, journey={"practice": WHOLE["practice"]}, quality=quality)
    [rater] = make_raters(count=1)
    walk(rater.token, to="rating")
    kinds = list(Rating.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["practice"] * 2
    rate_all(rater.token)
    kinds = list(Rating.objects.order_by("pk").values_list("kind", flat=True))
    assert sorted(kinds[2:]) == ["check", *["normal"] * 3]


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
