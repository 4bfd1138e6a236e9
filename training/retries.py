"""Self-correction: a solution up to its first wrong step, a mark, the right step and the rest.

    prompt as learned   Q: Leo has 84 eggs and sells 30 of them. …
                        A: He has 84 - 30 = <<84-30=44>>44 eggs.        the beginning, mistake included: never learned
    completion          <retry>
                        He has 84 - 30 = <<84-30=54>>54 eggs.           learned: the mark, the right step, the rest
                        #### 54

The mistake stands in the prompt, whose length is recorded, so that no loss covers it: the model learns to take it back
and not to make it. The correction comes from the gold scratchpad, or from the solution that came with the question,
continued from where the beginning's computations agree with it; where they do not there is no example. It is then right
by construction.

What is wrong is told by `problems.traces`; for a text whose answer is wrong though every computation comes out, it is
the first step that computes what the solution does not. Source: Cundy and Ermon 2024 (SequenceMatch) for the idea that
a model takes back what it has written; the data are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from problems import addition
from problems.normalise import normalise
from problems.retries import MARK
from problems.text import fold
from problems.traces import Span, computed_values, first_wrong_step, line_spans, step_spans
from problems.types import Family


@dataclass(frozen=True, slots=True)
class Retry:
    """beginning: of the wrong solution up to and with its first wrong step. correction: from the mark on."""

    beginning: str
    correction: str


def retry_of(
    family: Family,
    question: str,
    wrong: str,
    solution: str,
    *,
    answer_is_wrong: bool = False,
    marked: Span | None = None,
) -> Retry | None:
    """The correction of `wrong`, or None where no step is known to be wrong, or none to continue with.

    wrong: a solution as a model writes it. solution: the gold one, in the same layout. answer_is_wrong: what `wrong`
    answers. marked: the step that people found wrong, instead of looking for one.
    """
    if MARK in wrong or not solution.strip():
        return None
    if family is Family.ADDITION:
        return _of_scratchpad(question, wrong, marked)
    span = marked or first_wrong_step(family, question, wrong)
    if span is None and answer_is_wrong:
        span = _first_departure(wrong, solution)
    if span is None:
        return None
    rest = _continued(computed_values(wrong[: span.start]), solution)
    return None if rest is None or rest == wrong[span.start :].strip() else _retry(wrong, span, rest)


def marked_span(family: Family, text: str, shown: Sequence[str], index: int) -> Span | None:
    """Where the step `index` of those that raters were shown stands in a solution as a model writes it.

    shown: the steps of the normalised text. None where the text has no such step. A scratchpad's first line is a tag,
    which is not shown.
    """
    if not 0 <= index < len(shown):
        return None
    if family is Family.ADDITION:
        lines = line_spans(text)
        return lines[index + 1] if index + 1 < len(lines) else None
    wanted = fold(shown[index])
    spans = step_spans(text)
    return next((s for s in spans if fold(normalise(text[s.start : s.end], family)) == wanted), None)


def _of_scratchpad(question: str, wrong: str, marked: Span | None) -> Retry | None:
    asked = addition.read_question(question)
    span = first_wrong_step(Family.ADDITION, question, wrong)
    if asked is None or span is None or (marked is not None and marked.start > span.start):
        return None
    # What people mark before the first wrong line is right: the checker is.
    gold = addition.scratchpad(asked.a, asked.b, reversed=asked.reversed).splitlines()
    place = [line.start for line in line_spans(wrong)].index(span.start)
    return _retry(wrong, span, "\n".join(gold[place:])) if place < len(gold) else None


def _retry(wrong: str, span: Span, rest: str) -> Retry:
    return Retry(f"{wrong[: span.end]}\n", f"{MARK}\n{rest}")


def _first_departure(wrong: str, solution: str) -> Span | None:
    """The first step that computes something else than the solution does at that point."""
    gold = computed_values(solution)
    seen = 0
    for span in step_spans(wrong):
        values = computed_values(wrong[span.start : span.end])
        if values != gold[seen : seen + len(values)]:
            return span
        seen += len(values)
    return None


def _continued(values: Sequence[Fraction], solution: str) -> str | None:
    """The solution from the step behind which these values have been computed; None where it computes others."""
    found: list[Fraction] = []
    for span in step_spans(solution):
        if found == list(values):
            return solution[span.start :].strip()
        found += computed_values(solution[span.start : span.end])
    return None
