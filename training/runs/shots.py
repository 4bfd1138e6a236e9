"""The few-shot examples of a run: drawn once, by the run's seed, from the questions that are never asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from accounts.errors import InvalidInput
from generation.prompts import Shot
from generation.registry.provenance import CAME_WITH_QUESTION
from generation.runs.seeds import shot_rank
from generation.runs.shots import draw_shots
from generation.runs.spec import asked_of
from problems.addition import read_question
from problems.types import Family, Verdict
from ratings.library.models import Dataset, Rationale
from ratings.studies.draw import PROMPT_SPLIT
from training.records import Question
from training.runs.grades import Grades, rationales_at


def choose_shots(dataset: Dataset, count: int, *, seed: int) -> list[int]:
    """Rationales to show. Sums get `count` of each number of digits, as in the paper; other families `count` in all.

    Raises InvalidInput when there are too few.
    """
    if dataset.family != Family.ADDITION or not count:
        return [rationale.pk for rationale in draw_shots(dataset, count, seed=seed)]
    by_digits: dict[int, dict[str, Rationale]] = defaultdict(dict)
    rows = Rationale.objects.filter(
        CAME_WITH_QUESTION,
        question__dataset=dataset,
        question__split=PROMPT_SPLIT,
        live=True,
        verdict__in=[Verdict.CORRECT, Verdict.GIVEN],
    )
    for row in rows.select_related("question", "revision").order_by("text_digest"):
        by_digits[digits_of(row.revision.text)].setdefault(row.question.external_id, row)
    chosen: list[int] = []
    for digits, found in sorted(by_digits.items()):
        if len(found) < count:
            raise InvalidInput(
                f"shots: {count} is not usable, expected at most {len(found)}: split {PROMPT_SPLIT!r} has no more"
                f" sums of {digits} digits.",
                details={"field": "shots", "value": count, "expected": f"at most {len(found)}"},
            )
        ranked = sorted(found, key=lambda question: (shot_rank(seed, question), question))
        chosen += [found[question].pk for question in ranked[:count]]
    return chosen or [rationale.pk for rationale in draw_shots(dataset, count, seed=seed)]


def shots_by_question(
    family: Family, rationales: Sequence[int], grades: Grades | None = None
) -> Callable[[Question], list[Shot]]:
    """For each question the examples before it: for a sum those of its own number of digits, if there are any."""
    rows = rationales_at(rationales, grades or {})
    shots = [(rows[pk].revision.text, Shot(asked_of(rows[pk].revision), rows[pk].text)) for pk in rationales]
    everything = [shot for _, shot in shots]
    if family is not Family.ADDITION:
        return lambda question: everything
    by_digits: dict[int, list[Shot]] = defaultdict(list)
    for text, shot in shots:
        by_digits[digits_of(text)].append(shot)
    return lambda question: by_digits.get(digits_of(question.asked.text), everything)


def digits_of(text: str) -> int:
    """The digits of the longer number of a sum; 0 for what is none."""
    asked = read_question(text)
    return 0 if asked is None else max(len(asked.a), len(asked.b))
