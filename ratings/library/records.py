"""What a file says, row by row, before anything is compared with what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from problems.types import Choice

MAX_SHOWN_VALUE = 200
#: The source of what people wrote, in formats that do not name it.
HUMAN = "human"


class Writer(StrEnum):
    """Who wrote what a source holds: ratings.library.writers."""

    PEOPLE = "people"
    PROGRAM = "program"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class RationaleRow:
    """One rationale. None means that the file does not say: what is stored stays.

    written_by: who wrote what its source holds (a Writer), as stated; assumed: where nobody states it.
    """

    source: str
    text: str
    answer: str | None = None
    given: bool | None = None
    meta: Mapping[str, Any] | None = None
    written_by: str | None = None
    assumed: str | None = None


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """One question with the rationales beside it. None means that the file does not say: what is stored stays."""

    row: int
    external_id: str
    text: str | None
    choices: tuple[Choice, ...] | None
    answer: str | None
    split: str | None
    rationales: tuple[RationaleRow, ...] = ()
    #: False where the file lists its choices without labels, so that their order says nothing.
    labelled: bool = True
    #: Under which name the file holds the gold answer, for error messages.
    answer_field: str = "answer"


@dataclass(frozen=True, slots=True)
class RationalesRow:
    """The rationales that one row of a file brings for one question, which `question` names by id or by text."""

    row: int
    question: str
    rationales: tuple[RationaleRow, ...]
    question_field: str = "question"


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with one row: its line number from 1, the field, the value as found, and what was expected."""

    row: int
    field: str
    value: str | None
    message: str


class RowProblem(Exception):
    """Raised while a row is read or compared; the row's number is added by whoever reads the rows."""

    def __init__(self, field: str, value: object, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.value = None if value is None else shown(value)
        self.message = message

    def at(self, row: int) -> RowError:
        return RowError(row=row, field=self.field, value=self.value, message=self.message)


def shown(value: object) -> str:
    """A value as an error shows it: shortened, and free of what UTF-8 can not say."""
    text = value if isinstance(value, str) else repr(value)
    text = text[:MAX_SHOWN_VALUE].replace("\0", "\\x00")
    return text.encode("utf-8", "backslashreplace").decode()[:MAX_SHOWN_VALUE]
