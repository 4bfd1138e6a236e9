"""Fields of one row, checked: everything that can not be stored, or would not mean anything, is a RowProblem here."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from problems.types import Choice
from ratings.library.readers.lines import kind_of
from ratings.library.records import HUMAN, RationaleRow, RowProblem, Writer

MAX_CHARACTERS = 100_000
MAX_CHOICES = 26
MAX_DEPTH = 20
MAX_ID_CHARACTERS = 200
MAX_LABEL_CHARACTERS = 100
MAX_SPLIT_CHARACTERS = 50

Record = Mapping[str, Any]

_SLUG = re.compile(r"[-a-zA-Z0-9_]+")
_CHOICE_LABEL = re.compile(r"[A-Za-z0-9]{1,2}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def checked_text(field: str, value: object, *, longest: int = MAX_CHARACTERS) -> str:
    """`value` itself, if it is text that says something and can be stored."""
    if not isinstance(value, str):
        raise RowProblem(field, value, f"is {kind_of(value)}; expected text")
    if not value.strip():
        raise RowProblem(field, value, "is empty; expected text")
    if len(value) > longest:
        raise RowProblem(field, value, f"has {len(value)} characters; expected at most {longest}")
    _check_characters(field, value)
    return value


def text_in(record: Record, field: str) -> str | None:
    """The text under `field`; None if the row has none."""
    value = record.get(field)
    return None if value is None else checked_text(field, value)


def required_text(record: Record, field: str) -> str:
    value = record.get(field)
    if value is None:
        there = ", ".join(list(record)[:10]) or "nothing"
        raise RowProblem(field, None, f"is missing; expected text (the row has {there})")
    return checked_text(field, value)


def id_in(record: Record, field: str) -> str | None:
    """A question's id: text on one line, or a whole number. None if the row has none."""
    value = record.get(field)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = checked_text(field, value, longest=MAX_ID_CHARACTERS).strip()
    if _CONTROL.search(text):
        raise RowProblem(field, text, "holds a control character; expected an id on one line")
    return text


def answer_in(record: Record, field: str) -> str | None:
    """An answer: text, or a number, which becomes text. None if the row has none or an empty one."""
    value = record.get(field)
    if value is None or value == "":
        return None
    if isinstance(value, float) and math.isfinite(value):
        return format(Decimal(repr(value)), "f")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return checked_text(field, value)


def split_in(record: Record) -> str | None:
    value = record.get("split")
    return None if value is None else slug("split", value, longest=MAX_SPLIT_CHARACTERS)


def slug(field: str, value: object, *, longest: int = MAX_LABEL_CHARACTERS) -> str:
    """A name that stands in addresses and file names: letters, digits, `-` and `_`."""
    text = checked_text(field, value, longest=longest)
    if not _SLUG.fullmatch(text):
        raise RowProblem(field, value, "expected letters, digits, - and _ only")
    return text


def choices_in(record: Record, field: str = "choices") -> tuple[Choice, ...] | None:
    """`[{"label", "text"}, …]`; None if the row has none, or an empty list."""
    value = record.get(field)
    if value is None or value == []:
        return None
    if not isinstance(value, list):
        raise RowProblem(field, value, f"is {kind_of(value)}; expected a list of {{label, text}}")
    return checked_choices(
        field, [_choice(f"{field}[{index}]", entry) for index, entry in enumerate(value[:99])]
    )


def checked_choices(field: str, choices: list[Choice]) -> tuple[Choice, ...]:
    """2 to 26 choices with different labels; equal texts are allowed, since CommonsenseQA has them."""
    if not 2 <= len(choices) <= MAX_CHOICES:
        raise RowProblem(
            field, [c.label for c in choices], f"has {len(choices)}; expected 2 to {MAX_CHOICES} choices"
        )
    labels = [choice.label for choice in choices]
    if len(set(labels)) != len(labels):
        raise RowProblem(field, labels, "expected different labels")
    return tuple(choices)


def checked_label(field: str, value: object) -> str:
    text = checked_text(field, value).strip()
    if not _CHOICE_LABEL.fullmatch(text):
        raise RowProblem(field, value, "expected one or two letters or digits")
    return text


def rationales_in(record: Record) -> tuple[RationaleRow, ...]:
    """`[{"source", "text"}, …]` beside a question, one of each source."""
    value = record.get("rationales")
    if value is None:
        return ()
    if not isinstance(value, list):
        raise RowProblem("rationales", value, f"is {kind_of(value)}; expected a list of {{source, text}}")
    rationales = tuple(_inline(f"rationales[{index}]", entry) for index, entry in enumerate(value))
    check_one_per_source("rationales", rationales)
    return rationales


def check_one_per_source(field: str, rationales: tuple[RationaleRow, ...]) -> None:
    sources = [rationale.source for rationale in rationales]
    if len(set(sources)) != len(sources):
        raise RowProblem(field, sources, "expected one rationale of each source")


def given_in(record: Record, field: str = "given") -> bool | None:
    value = record.get(field)
    if value is not None and not isinstance(value, bool):
        raise RowProblem(field, value, f"is {kind_of(value)}; expected true or false")
    return value


def meta_in(record: Record, field: str = "meta") -> dict[str, Any] | None:
    """A JSON object of bounded size and depth; None if the row has none."""
    value = record.get(field)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise RowProblem(field, value, f"is {kind_of(value)}; expected an object")
    _check_depth(field, value, depth=1)
    if len(json.dumps(value)) > MAX_CHARACTERS:
        raise RowProblem(field, value, f"is too large; expected at most {MAX_CHARACTERS} characters of JSON")
    return value


def writer_in(record: Record, field: str = "written_by") -> str | None:
    """Who wrote the rationales of the row's source; None if the row does not say."""
    value = record.get(field)
    if value is None:
        return None
    if value not in list(Writer):
        raise RowProblem(field, value, "expected one of " + ", ".join(Writer))
    return str(value)


def assumed_of(source: str) -> str | None:
    """Who is taken to have written a source's rationales where nobody says it."""
    return Writer.PEOPLE if source == HUMAN else None


def _inline(where: str, entry: object) -> RationaleRow:
    if not isinstance(entry, dict):
        raise RowProblem(where, entry, f"is {kind_of(entry)}; expected an object with source and text")
    try:
        return RationaleRow(
            source=slug("source", required_text(entry, "source")),
            text=required_text(entry, "text"),
            answer=answer_in(entry, "answer"),
            given=given_in(entry),
            meta=meta_in(entry),
            written_by=writer_in(entry),
        )
    except RowProblem as problem:
        raise RowProblem(f"{where}.{problem.field}", problem.value, problem.message) from None


def _choice(where: str, entry: object) -> Choice:
    if not isinstance(entry, dict):
        raise RowProblem(where, entry, f"is {kind_of(entry)}; expected an object with label and text")
    return Choice(
        label=checked_label(f"{where}.label", entry.get("label")),
        text=checked_text(f"{where}.text", entry.get("text")),
    )


def _check_characters(field: str, value: str) -> None:
    if "\0" in value:
        raise RowProblem(field, value, "holds a NUL character; expected text without")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise RowProblem(field, value, "is not valid UTF-8; expected text as UTF-8") from None


def _check_depth(field: str, value: object, *, depth: int) -> None:
    """Refuses what no JSON column takes: NUL, lone surrogates, infinite numbers; and depth, which costs everywhere."""
    if depth > MAX_DEPTH:
        raise RowProblem(field, None, f"is nested too deeply; expected at most {MAX_DEPTH} levels")
    if isinstance(value, str):
        _check_characters(field, value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise RowProblem(field, value, "holds an infinite number; expected finite ones")
    elif isinstance(value, dict):
        for key, entry in value.items():
            _check_characters(field, key)
            _check_depth(field, entry, depth=depth + 1)
    elif isinstance(value, list):
        for entry in value:
            _check_depth(field, entry, depth=depth + 1)
