"""One door to all families: the prompt, the completion behind it, and where a completion ends.

A family joins by a layout in `_LAYOUTS`; the callers do not change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from generation.prompts import addition, commonsenseqa, worked
from generation.prompts.types import Asked, Shot
from problems.types import Family

#: What stands between two worked examples, and before the question.
BLANK_LINE = "\n\n"


class Ask(Protocol):
    def __call__(self, asked: Asked, *, hint: bool) -> str: ...


@dataclass(frozen=True, slots=True)
class Layout:
    """How one family is written. ask raises NotAsked."""

    ask: Ask
    completion: Callable[[str, Asked | None], str]
    #: The completion that states the gold answer and nothing else. Raises NotAsked.
    direct: Callable[[Asked], str]
    stop: tuple[str, ...]
    #: Whether its rationales hold `<<3*4=12>>`, which the calculator fills in while they are sampled.
    calculator: bool = False


_WORKED = Layout(worked.ask, worked.completion, worked.direct, worked.STOP, calculator=True)
_LAYOUTS: dict[Family, Layout] = {
    Family.ADDITION: Layout(addition.ask, addition.completion, addition.direct, addition.STOP),
    Family.WORD_PROBLEM: _WORKED,
    Family.GSM8K: _WORKED,
    Family.COMMONSENSEQA: Layout(
        commonsenseqa.ask, commonsenseqa.completion, commonsenseqa.direct, commonsenseqa.STOP
    ),
    Family.OPEN: Layout(worked.ask, worked.completion_of_open, worked.direct, worked.STOP),
}


def build_prompt(family: Family, asked: Asked, shots: Sequence[Shot] = (), *, hint: bool = False) -> str:
    """The exact text that a model continues: worked examples, a blank line behind each, and the question.

    hint: the final answer, and no more, is given away in the question and in every example (STaR's rationalization).
    Raises NotAsked for a question or an example that the family can not ask, or that has no answer to hint at.
    """
    layout = _LAYOUTS[Family(family)]
    examples = [
        layout.ask(shot.asked, hint=hint) + layout.completion(shot.rationale, shot.asked) for shot in shots
    ]
    return BLANK_LINE.join([*examples, layout.ask(asked, hint=hint)])


def completion_of(family: Family, rationale: str, asked: Asked | None = None) -> str:
    """What follows the prompt when `rationale` is the answer: a training completion, without the closing token.

    asked: with it, a rationale that states no final answer gets the question's gold answer in the family's layout.
    """
    return _LAYOUTS[Family(family)].completion(rationale, asked)


def direct_completion(family: Family, asked: Asked) -> str:
    """What follows the prompt when the answer is given at once, without a rationale (the papers' direct fine-tuning).

    Raises NotAsked for a question without a gold answer.
    """
    return _LAYOUTS[Family(family)].direct(asked)


def stop_strings(family: Family) -> tuple[str, ...]:
    """Where a completion ends besides the closing token: at the next question that a few-shot model goes on with."""
    return _LAYOUTS[Family(family)].stop


def uses_calculator(family: Family) -> bool:
    """Whether sampling fills in the results of `<<3*4=`."""
    return _LAYOUTS[Family(family)].calculator
