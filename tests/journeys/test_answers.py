"""Practice, the comprehension check and the debrief: what is asked, taken, refused, and told."""

from __future__ import annotations

import pytest

from accounts.errors import InvalidInput
from ratings.journeys import services
from ratings.journeys.errors import PracticeUnfinished, UnknownQuestion
from ratings.journeys.models import BlindingGuess, ComprehensionTry, DebriefAnswers
from ratings.slots import services as slots
from ratings.slots.errors import InvalidField
from ratings.slots.models import Assignment, PersonalItem, Rater, Rating
from ratings.studies.models import Study
from tests.journeys.ways import (
    WHOLE,
    changes,
    debrief,
    enter,
    outcome,
    practise,
    rate_all,
    say,
    stage_of,
    view,
    walk,
)
from tests.worlds import make_dataset, make_raters, make_study, ranking_of


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


def test_the_debrief_asks_about_degraded_and_repeated_triples_like_all_others(db):
    """Whatever is left out would be known for an item by whoever looks at "My ratings"."""
    asks = {"debrief": {"guess": True, "guess_triples": 10}}
    make_study(questions=8, per_rater=6, quality={"degraded": 1, "repeats": 1}, journey=asks)
    secret = make_raters(count=1)[0].token
    given = rate_all(secret)
    services.finish_rating(secret)
    asked = view(secret)["debrief"]["triples"]
    kinds = dict(Assignment.objects.values_list("token", "kind"))
    assert sorted(kinds.values()) == ["degraded", *["normal"] * 6, "repeat"]
    # Of the triple that came twice the later one; the last of all first.
    last = {Assignment.objects.get(token=each["token"]).triple_id: each for each in given}
    assert len(asked) == len(last) == 7
    assert {each["assignment"] for each in asked} == {each["token"] for each in last.values()}
    shown = {each["token"]: [card["html"] for card in each["cards"]] for each in given}
    assert all([card["html"] for card in each["cards"]] == shown[each["assignment"]] for each in asked)
    debrief(secret)
    # What is said of a card that we changed says nothing about its source.
    assert (BlindingGuess.objects.count(), BlindingGuess.objects.intact().count()) == (21, 18)
