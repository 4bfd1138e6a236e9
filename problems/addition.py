"""Addition with the scratchpad of the STaR paper (Zelikman et al. 2022, section 4.2; layout of its `gen_sums.py`).

A question is `560 + 583`, or `560 + 583, digits of the sum reversed`. A rationale adds digit pairs from the right;
each line names the next pair, the digits settled so far, and the carry into the pair:

    <scratch>
    5 6 0 + 5 8 3 , C: 0
    6 + 8 , 3 C: 0
    5 + 5 , 4 3 C: 1
    , 1 4 3 C: 1
    1 1 4 3
    </scratch>
    1 1 4 3

The last line of the scratchpad begins with `0` where no carry is left, and the answer drops it. In the reversed
task digits are settled in the order in which they are found: each line only grows at its end (`5 + 5 , 3 4 C: 1`,
`, 3 4 1 C: 1`, `3 4 1 1`), and the `0` that the answer drops is its line's last. Pairs, sums and carries are the same.

The answer is a string of digits as it is written: leading zeros count (reversed, 1000 is `0001`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from problems.statements import Kind, answer_part, find_statements

OPEN, CLOSE = "<scratch>", "</scratch>"
REVERSED = ", digits of the sum reversed"

#: In which order the digits of the answer are asked for.
ANSWER_ORDERS = (WRITTEN_ORDER, REVERSED_ORDER) = ("written", "reversed")

#: Longer digit strings are a model that ran away.
MAX_DIGITS = 100

_QUESTION = re.compile(rf"\s*(?P<a>[0-9]+)\s*\+\s*(?P<b>[0-9]+)\s*(?P<reversed>{REVERSED})?\s*[.?]?\s*")
_DIGITS = re.compile(r"[0-9](?:[ ,]?[0-9])*")
_TAG = re.compile(r"^[ \t]*</?scratch>[ \t]*\n?", re.MULTILINE)
_LINE = re.compile(
    r"^(?P<pair>[0-9]+(?: [0-9]+)* \+ [0-9]+(?: [0-9]+)*)? ?, (?P<settled>[0-9](?: [0-9])*)? ?C: (?P<carry>[01])$"
)
_SPACED = re.compile(r"^[0-9](?: [0-9])*$")


@dataclass(frozen=True, slots=True)
class Sum:
    """A question: two numbers of digits as written, and whether the sum's digits are asked for in reversed order."""

    a: str
    b: str
    reversed: bool = False

    @property
    def text(self) -> str:
        return f"{self.a} + {self.b}{REVERSED if self.reversed else ''}"

    @property
    def as_written(self) -> Sum:
        """The same sum, asked for as it is written."""
        return Sum(self.a, self.b)

    @property
    def answer(self) -> str:
        digits = str(int(self.a) + int(self.b))
        return digits[::-1] if self.reversed else digits


def read_question(text: str) -> Sum | None:
    """The sum that a question asks for; None if it is written otherwise."""
    match = _QUESTION.fullmatch(text)
    if match is None or max(len(match["a"]), len(match["b"])) > MAX_DIGITS:
        return None
    return Sum(match["a"], match["b"], reversed=match["reversed"] is not None)


def spaced(digits: str) -> str:
    """`583` as the scratchpad writes it: `5 8 3`."""
    return " ".join(digits)


def scratchpad(a: str | int, b: str | int, *, reversed: bool = False) -> str:
    """The gold rationale: from `<scratch>` to the answer line behind `</scratch>`, without a line end.

    a, b: digits as written, or numbers, 0 or larger. The shorter one counts as filled up with zeros.
    """
    question = Sum(str(a), str(b), reversed)
    lines = [OPEN, *(_written(line) for line in steps(question)), CLOSE, spaced(question.answer)]
    return "\n".join(lines)


def is_valid_scratchpad(question: str, text: str) -> bool:
    """Whether every line of `text` is right, not the answer alone: it is the one gold rationale of `question`."""
    asked = read_question(question)
    if asked is None:
        return False
    found = [line.strip() for line in text.strip().splitlines()]
    return found == scratchpad(asked.a, asked.b, reversed=asked.reversed).splitlines()


@dataclass(frozen=True, slots=True)
class Step:
    """One line: the pair to be added next (None at the end), the digits settled, the carry (None in the result)."""

    pair: tuple[str, str] | None
    settled: str
    carry: int | None


def steps(question: Sum) -> list[Step]:
    """The lines of the scratchpad: one a digit pair, one for the last carry, one with all digits of the result."""
    length = max(len(question.a), len(question.b))
    upper, lower = question.a.rjust(length, "0"), question.b.rjust(length, "0")
    found = [Step((question.a, question.b), "", 0)]
    settled, carry = "", 0
    for place in range(1, length + 1):
        carry, digit = divmod(int(upper[-place]) + int(lower[-place]) + carry, 10)
        settled = _settle(settled, digit, question)
        following = (upper[-place - 1], lower[-place - 1]) if place < length else None
        found.append(Step(following, settled, carry))
    found.append(Step(None, _settle(settled, carry, question), None))
    return found


def _settle(settled: str, digit: int, question: Sum) -> str:
    return f"{settled}{digit}" if question.reversed else f"{digit}{settled}"


def _written(step: Step) -> str:
    if step.carry is None:
        return spaced(step.settled)
    pair = "" if step.pair is None else f"{spaced(step.pair[0])} + {spaced(step.pair[1])} "
    settled = f"{spaced(step.settled)} " if step.settled else ""
    return f"{pair}, {settled}C: {step.carry}"


def parse(text: str) -> str | None:
    """The digits that `text` states as its answer, or None.

    With a scratchpad that is the line behind its end and nothing else, as in the paper's code; a text without one
    may state its answer as in other families (`#### 1143`), or be nothing but digits.
    """
    text = answer_part(text)
    if OPEN in text or CLOSE in text:
        behind = text.rpartition(CLOSE)[2] if CLOSE in text else ""
        return read_digits(behind.strip().partition("\n")[0])
    for statement in reversed(find_statements(text)):
        if statement.kind is not Kind.SHORT and (digits := read_digits(statement.content)) is not None:
            return digits
    return read_digits(text)


def parse_stated(answer: str) -> str | None:
    """The digits in an `answer` field: bare digits, or a text that states them."""
    digits = read_digits(answer)
    return parse(answer) if digits is None else digits


def read_digits(content: str) -> str | None:
    """`1143` of `1143`, `1 1 4 3`, `1,143` or `1143.`; None for anything else."""
    content = content.strip().removesuffix(".")
    if not content.isascii() or _DIGITS.fullmatch(content) is None:
        return None
    digits = content.replace(" ", "").replace(",", "")
    return digits if len(digits) <= MAX_DIGITS else None


def remove_scratchpad_marks(text: str) -> str:
    """`text` as people read it: no tags, numbers without spaces inside, `C: 1` in words; the answer line is gone.

    `6 + 8 , 3 C: 0` becomes `6 + 8, digits so far 3, carry 0`. Lines that are no scratchpad's stay as they are, as
    does a text without the tags.
    """
    if OPEN not in text and CLOSE not in text:
        return text
    inside, closed, behind = (part.strip("\n") for part in text.partition(CLOSE))
    if closed and read_digits(behind) is not None:
        behind = ""
    lines = [_readable(line) for line in _TAG.sub("", inside).split("\n")]
    return "\n".join([*lines, *_TAG.sub("", behind).split("\n")]).strip()


def _readable(line: str) -> str:
    line = line.strip()
    if _SPACED.match(line):
        return line.replace(" ", "")
    match = _LINE.match(line)
    if match is None:
        return line
    parts = []
    if match["pair"]:
        parts.append(" + ".join(number.replace(" ", "") for number in match["pair"].split(" + ")))
    if match["settled"]:
        parts.append(f"digits so far {match['settled'].replace(' ', '')}")
    return ", ".join([*parts, f"carry {match['carry']}"])
