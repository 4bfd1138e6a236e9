"""The comprehension check: some tries, each asking for what is not right yet, the wrong ones explained between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ratings.journeys.errors import UnknownQuestion
from ratings.journeys.models import ComprehensionTry
from ratings.journeys.standing import Standing, move_on
from ratings.slots.errors import InvalidField
from ratings.studies.journey import FAILED, PASSED, Comprehension


def last_try(standing: Standing) -> ComprehensionTry | None:
    return ComprehensionTry.objects.filter(rater_id=standing.rater_id).order_by("-number").first()


def asked_now(standing: Standing, last: ComprehensionTry | None) -> list[int]:
    """Indices of the questions of the next try: all of them, or those that the last one got wrong."""
    if last is None:
        return list(range(len(standing.journey.comprehension.questions)))
    return [int(number) for number in last.wrong]


def answer_comprehension(standing: Standing, body: Mapping[str, Any]) -> Standing:
    """Stores one try. All right: on. Tries used up: screened out. A try that was stored before changes nothing."""
    check, last = standing.journey.comprehension, last_try(standing)
    number = last.number + 1 if last else 1
    said = body.get("try")
    if isinstance(said, bool) or not isinstance(said, int) or not 1 <= said <= number:
        raise InvalidField(
            f"try: expected {number}, the try that is next.",
            details={"field": "try", "value": repr(said)[:200], "expected": number},
        )
    if said < number:
        return standing
    answers = _read_answers(body.get("answers"), check, asked_now(standing, last))
    wrong = [index for index, choice in answers.items() if choice != check.questions[index].right]
    ComprehensionTry.objects.create(
        rater_id=standing.rater_id,
        number=number,
        answers={str(index): choice for index, choice in answers.items()},
        wrong=wrong,
    )
    if not wrong:
        return move_on(standing, PASSED)
    return move_on(standing, FAILED) if number >= check.tries else standing


def _read_answers(value: Any, check: Comprehension, asked: list[int]) -> dict[int, int]:
    """A choice for each question of this try, and for no other. Raises InvalidField or UnknownQuestion."""
    expected = "an object of one choice for each question asked"
    if not isinstance(value, Mapping):
        raise InvalidField(
            f"answers: expected {expected}.",
            details={"field": "answers", "value": repr(value)[:200], "expected": expected},
        )
    for key in value:
        if key not in {str(index) for index in asked}:
            raise UnknownQuestion(
                "An answer to a question that was not asked.",
                details={
                    "field": f"answers.{str(key)[:50]}",
                    "value": repr(value[key])[:200],
                    "expected": asked,
                },
            )
    return {index: _choice(value.get(str(index)), index, check) for index in asked}


def _choice(value: Any, index: int, check: Comprehension) -> int:
    choices = len(check.questions[index].choices)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < choices:
        expected = f"a choice from 0 to {choices - 1}"
        raise InvalidField(
            f"Question {index + 1}: choose one of the answers.",
            details={"field": f"answers.{index}", "value": repr(value)[:200], "expected": expected},
        )
    return value
