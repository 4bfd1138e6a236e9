"""The whole way of a rater by program, and what is refused."""

from __future__ import annotations

import json
from typing import Any

from ratings.slots.models import StageChange
from ratings.studies.models import Study
from tests.desk.calls import Program, said_by
from tests.journeys.ways import WHOLE, stage_of
from tests.worlds import make_raters, make_study, ranking_of

WAY = "studies/trial/journey/"


def program(journey: dict | None = None, **design: Any) -> Program:
    make_study(questions=4, per_rater=3, journey=WHOLE if journey is None else journey, **design)
    return Program(make_raters(count=1)[0].token)


def get(caller: Program, path: str = WAY) -> tuple[int, Any]:
    return said_by(caller.send("GET", path))


def rate_all(caller: Program) -> None:
    status, held = caller.post("studies/trial/assignments/")
    while held:
        status, said = caller.rate(held, ranking_of(held))
        assert status == 201, said
        held = said["next"]


def test_a_program_goes_the_whole_way(world: str) -> None:
    caller = program()
    status, seen = get(caller)
    assert (status, seen["stage"]) == (200, "consent")
    assert seen["stages"] == [
        "consent", "instructions", "practice", "comprehension", "rating", "debrief", "done",
    ]  # fmt: skip
    assert caller.post("studies/trial/assignments/")[1]["code"] == "journey_unfinished"
    body = {"stage": "consent", "consents": True, "version": seen["consent"]["version"]}
    assert caller.post(WAY, body)[1]["stage"] == "instructions"
    assert caller.post(WAY, {"stage": "instructions"})[1]["practice"] == {
        "done": 0, "planned": 2, "feedback": None,
    }  # fmt: skip
    rate_all(caller)
    seen = get(caller)[1]
    assert seen["practice"]["done"] == 2 and "no reason" in seen["practice"]["feedback"]["html"]
    asked = caller.post(WAY, {"stage": "practice"})[1]["comprehension"]
    answers = {str(question["number"]): 1 - question["number"] for question in asked["questions"]}
    assert (
        caller.post(WAY, {"stage": "comprehension", "try": asked["try"], "answers": answers})[1]["stage"]
        == "rating"
    )
    # The last rating moves on by itself.
    rate_all(caller)
    seen = get(caller)[1]
    assert seen["stage"] == "debrief" and len(seen["debrief"]["triples"]) == 2
    guesses = {
        triple["assignment"]: {card["token"]: "unsure" for card in triple["cards"]}
        for triple in seen["debrief"]["triples"]
    }
    status, seen = caller.post(WAY, {"stage": "debrief", "guesses": guesses, "comment": "Good."})
    assert (status, seen["stage"]) == (200, "done")
    code = {"outcome": "completed", "code": "C-DONE", "url": "https://panel.example/complete?cc=C-DONE"}
    assert seen["completion"] == get(caller)[1]["completion"] == code
    assert get(caller, f"{WAY}reveal/")[1]["code"] == "not_revealed"
    Study.objects.update(state="closed")
    assert get(caller)[1]["reveal"] is True
    revealed = get(caller, f"{WAY}reveal/")[1]
    assert {source["label"] for source in revealed["sources"]} == {"alpha", "beta", "gamma"}


def test_refusals_name_what_was_expected_and_change_nothing(db: None) -> None:
    caller = program()
    for body, status, code in (
        ({}, 422, "invalid"),
        ({"stage": 3}, 422, "invalid"),
        ({"stage": "debrief"}, 409, "wrong_stage"),
        ({"stage": "consent"}, 422, "invalid"),
        ({"stage": "consent", "consents": True}, 409, "consent_changed"),
        ({"stage": "consent", "consents": True, "version": ["x"]}, 409, "consent_changed"),
    ):
        answered = caller.post(WAY, body)
        assert (answered[0], answered[1]["code"]) == (status, code), body
        assert answered[1]["details"]
    assert said_by(caller.send("POST", WAY, "{"))[1]["code"] == "malformed_json"
    large = json.dumps({"stage": "debrief", "comment": "x" * 2_000_000})
    assert caller.send("POST", WAY, large).status_code == 413
    assert caller.send("DELETE", WAY).status_code == 405
    assert stage_of() == "consent" and not StageChange.objects.exists()


def test_the_ladder(db: None) -> None:
    caller = program()
    make_study("other", questions=4)
    stranger = Program("")
    guest = Program(make_raters("other", count=1, name="guest")[0].token)
    for path in (WAY, f"{WAY}reveal/"):
        assert get(stranger, path)[0] == 401
        assert get(guest, path)[0] == 403
    assert guest.post(f"{WAY}leave/")[0] == 403
    assert stranger.post(f"{WAY}leave/")[0] == 401
    assert get(caller, "studies/nowhere/journey/")[0] == 403
    for _ in range(2):
        assert caller.post(f"{WAY}leave/")[1]["stage"] == "withdrawn"
    Study.objects.update(state="draft")
    assert caller.post(WAY, {"stage": "consent", "consents": False})[1]["code"] == "study_not_open"


def test_a_study_without_a_journey_says_so(db: None) -> None:
    caller = program({})
    assert get(caller)[1] == {"stage": "rating", "stages": ["rating"], "completion": None, "reveal": False}
    assert caller.post(WAY, {"stage": "rating"})[1]["stage"] == "rating"
    assert caller.post(WAY, {"stage": "debrief"})[0] == 409
