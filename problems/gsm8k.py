"""GSM8K: word problems whose answer is one number (Cobbe et al. 2021).

A rationale's answer is the last one that it states and that can be read: behind `####`, on a line `A: …` or
`Answer: …`, in "the answer is …", in `\\boxed{…}`. Without any of them, a last line with exactly one number
in bold states it too, as chat models do.

A number that merely comes last is no answer: a solution that was cut off in the middle would be graded by
whatever it computed last. Such a text is unparsable.
"""

from __future__ import annotations

import re

from problems.numbers import read_number
from problems.statements import Kind, Statement, answer_part, find_statements, last_line_of

_SENTENCE_END = re.compile(r"[.!?;](?=\s|$)")
_REASON = re.compile(r",?\s(?:because|since|as|so|which|where|when|if)\b", re.IGNORECASE)
_BOLD = re.compile(r"\*\*([^*\n]{1,60})\*\*")
_ANY_NUMBER = re.compile(r"[-−]?[$€£]?(?:[0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+)(?:/[0-9]+)?")


def parse(text: str) -> str | None:
    """The canonical number (`problems.numbers`) that `text` states as its answer, or None."""
    text = answer_part(text)
    for statement in reversed(find_statements(text)):
        number = _read(statement)
        if number is not None:
            return number
    in_bold = [
        number for bold in _BOLD.findall(last_line_of(text)) if (number := read_number(bold)) is not None
    ]
    return in_bold[0] if len(in_bold) == 1 else None


def parse_stated(answer: str) -> str | None:
    """The canonical number in an `answer` field: a bare number, or a text that states one."""
    number = read_number(answer)
    return parse(answer) if number is None else number


def _read(statement: Statement) -> str | None:
    number = read_number(statement.content)
    if number is not None or statement.kind in (Kind.SHORT, Kind.BOXED):
        return number
    clause = _SENTENCE_END.split(statement.content, maxsplit=1)[0]
    number = read_number(clause)
    if number is None and statement.kind is Kind.PHRASE:
        return read_number(_REASON.split(clause, maxsplit=1)[0])
    if number is None and statement.on_last_line:
        # "Answer: She makes $18 every day": one number in the last line of all leaves no doubt.
        numbers = _ANY_NUMBER.findall(clause)
        return read_number(numbers[0]) if len(numbers) == 1 else None
    return number
