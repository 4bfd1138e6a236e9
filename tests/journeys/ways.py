"""A journey with everything in it, and raters who walk it through the services."""

from __future__ import annotations

from typing import Any

from ratings.journeys import services
from ratings.journeys.showing import show
from ratings.slots.completion import completion
from ratings.slots.models import Rater, StageChange
from ratings.slots.services import next_assignment, submit_rating
from tests.worlds import make_raters, make_study, ranking_of

PRACTICE_ITEM = {
    "question": "What is 2 + 2?",
    "answer": "4",
    "choices": [{"label": "A", "text": "four"}, {"label": "B", "text": "five"}],
    "rationales": ["Two and two more make four.", "It is four.", "Two and two make five less one."],
    "ranking": [[0], [2], [1]],
    "notes": ["It counts.", "It gives **no reason**.", "A long way round."],
    "feedback": "The one that *gives no reason* comes last.",
}
QUESTIONS = [
    {
        "question": "What do you rank?",
        "choices": ["Answers", "Rationales"],
        "right": 1,
        "explanation": "The answer is given; its *rationales* are ranked.",
    },
    {"question": "May two share a place?", "choices": ["Yes", "No"], "right": 0, "explanation": "They may."},
]
CODES = {"completed": "C-DONE", "screened_out": "C-OUT", "no_consent": "C-NO", "failed_check": "C-FAIL"}
WHOLE: dict[str, Any] = {
    "consent": "I take part of my **own** free will.",
    "instructions": True,
    "practice": {"items": [PRACTICE_ITEM, PRACTICE_ITEM | {"question": "What is 3 + 1?"}]},
    "comprehension": {"questions": QUESTIONS},
    "debrief": {
        "guess": True,
        "guess_triples": 2,
        "human": ["gamma"],
        "comment": True,
        "questions": [{"question": "Was it hard?", "choices": ["Yes", "No"]}, {"question": "What helped?"}],
    },
    "completion": {"codes": CODES, "url": "https://panel.example/complete?cc=CODE"},
    "reveal": True,
}


def view(secret: str) -> dict[str, Any]:
    return show(services.stand(secret))


def say(secret: str, stage: str, **body: Any) -> str:
    """Answers a stage; the stage after it."""
    return services.answer(secret, stage, body).stage


def consent(secret: str) -> str:
    return say(secret, "consent", consents=True, version=view(secret)["consent"]["version"])


def practise(secret: str) -> str:
    held = next_assignment(secret).view
    while held is not None:
        held = submit_rating(secret, held["token"], ranking_of(held)).next
    return say(secret, "practice")


def comprehend(secret: str) -> str:
    return say(secret, "comprehension", **{"try": 1}, answers={"0": 1, "1": 0})


def rate_all(secret: str) -> list[dict[str, Any]]:
    """Every assignment until nothing is left, in turn."""
    views = []
    held = next_assignment(secret).view
    while held is not None:
        views.append(held)
        held = submit_rating(secret, held["token"], ranking_of(held)).next
    return views


def guesses(secret: str, said: str = "person") -> dict[str, dict[str, str]]:
    triples = view(secret)["debrief"]["triples"]
    return {each["assignment"]: {card["token"]: said for card in each["cards"]} for each in triples}


def debrief(secret: str) -> str:
    answers = {"0": 1} if view(secret)["debrief"]["questions"] else {}
    return say(secret, "debrief", guesses=guesses(secret), answers=answers)


def walk(secret: str, *, to: str = "done") -> None:
    """Goes on from the present stage until `to` is reached, passing everything."""
    steps = {
        "consent": consent,
        "instructions": lambda secret: say(secret, "instructions"),
        "practice": practise,
        "comprehension": comprehend,
        "rating": lambda secret: (rate_all(secret), services.finish_rating(secret).stage)[1],
        "debrief": debrief,
    }
    while (stage := view(secret)["stage"]) != to:
        assert steps[stage](secret) != stage, stage


def stage_of(name: str = "rater-1") -> str:
    return Rater.objects.get(name=name).stage


def enter(journey: dict | None = None, **design) -> str:
    make_study(questions=4, per_rater=3, journey=WHOLE if journey is None else journey, **design)
    return make_raters(count=1)[0].token


def changes() -> list[tuple[str, str, str]]:
    return list(StageChange.objects.values_list("left", "outcome", "entered"))


def outcome(name: str = "rater-1") -> tuple[str, str, str | None] | None:
    ended = completion(Rater.objects.get(name=name))
    return (ended.outcome, ended.code, ended.url) if ended else None
