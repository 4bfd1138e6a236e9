"""How far a study's raters are on their way, and what they answered: for the researcher. Nothing here is by source."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count

from problems.text import legible
from ratings.journeys.models import BlindingGuess, ComprehensionTry, DebriefAnswers
from ratings.slots.models import Rater, StageChange
from ratings.studies.journey import CONSENT, DONE, PASSED, STAGES, Journey, read_journey
from ratings.studies.journey_parts import NOTHING_RATED
from ratings.studies.models import Study
from ratings.studies.stages import DECLINED, FAILED_CHECK, SCREENED_OUT, WITHDRAWN

#: Comments and texts shown beside the counts, newest first.
SHOWN_TEXTS = 20
_ENDS_ON_THE_WAY = (DECLINED, WITHDRAWN, SCREENED_OUT, FAILED_CHECK)


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """A question of the debrief. choices: (words, how often). texts: the newest answers in words."""

    question: str
    choices: list[tuple[str, int]]
    texts: list[str]
    answered: int


@dataclass(frozen=True, slots=True)
class MissedQuestion:
    """A question of the comprehension check, and by how many raters it was missed at the first try."""

    question: str
    missed: int


@dataclass(frozen=True, slots=True)
class WatchedJourney:
    """stages: (stage, raters in it now), in order, then the ends on the way that anybody came to; who is through with
    the study without a rating stands apart from who is done, under `journey_parts.NOTHING_RATED`.

    tries: (number of the try, raters who took it). guesses: (what was said of a card, how often).
    """

    stages: list[tuple[str, int]]
    consented: int | None
    tries: list[tuple[int, int]]
    missed: list[MissedQuestion]
    debriefed: int
    questions: list[AnsweredQuestion]
    comments: list[str]
    guesses: list[tuple[str, int]]


def watch_journey(study: Study) -> WatchedJourney | None:
    """None for a study that asks for nothing before and after rating."""
    journey = read_journey(study.journey)
    if not journey.ends:
        return None
    people = Rater.objects.filter(study=study, kind=Rater.Kind.HUMAN)
    now = Counter(dict(people.values_list("stage").annotate(count=Count("pk")).order_by()))
    through = people.filter(stage=DONE, done=0, extra_done=0).count()
    now[DONE] -= through
    stages = [(stage, now[stage]) for stage in STAGES if stage in journey.stages]
    stages += [(NOTHING_RATED, through)] if through else []
    stages += [(stage, now[stage]) for stage in _ENDS_ON_THE_WAY if now[stage]]
    consented = StageChange.objects.filter(rater__study=study, left=CONSENT, outcome=PASSED).count()
    tries = ComprehensionTry.objects.filter(rater__study=study)
    debriefs = list(
        DebriefAnswers.objects.filter(rater__study=study).order_by("-pk").values_list("answers", "comment")
    )
    guesses = BlindingGuess.objects.filter(assignment__rater__study=study).intact().values_list("said")
    said = Counter(dict(guesses.annotate(count=Count("pk")).order_by()))
    return WatchedJourney(
        stages=stages,
        consented=consented if journey.consent else None,
        tries=list(tries.values_list("number").annotate(count=Count("pk")).order_by("number")),
        missed=_missed(journey, list(tries.filter(number=1).values_list("wrong", flat=True))),
        debriefed=len(debriefs),
        questions=_questions(journey, [answers for answers, _ in debriefs]),
        comments=[legible(comment) for _, comment in debriefs if comment][:SHOWN_TEXTS],
        guesses=[(str(words), said[value]) for value, words in BlindingGuess.Said.choices if said],
    )


def _missed(journey: Journey, wrong: list[list[int]]) -> list[MissedQuestion]:
    counts = Counter(number for numbers in wrong for number in numbers)
    questions = journey.comprehension.questions
    return [MissedQuestion(question.question, counts[index]) for index, question in enumerate(questions)]


def _questions(journey: Journey, answers: list[dict[str, int | str]]) -> list[AnsweredQuestion]:
    found = []
    for index, question in enumerate(journey.debrief.questions):
        said = [each[str(index)] for each in answers if str(index) in each]
        counts = Counter(said)
        found.append(
            AnsweredQuestion(
                question=question.question,
                choices=[(words, counts[number]) for number, words in enumerate(question.choices)],
                texts=[] if question.choices else [legible(str(text)) for text in said[:SHOWN_TEXTS]],
                answered=len(said),
            )
        )
    return found
