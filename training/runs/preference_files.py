"""Preference pairs from an export file: of this site by its version, or any file of format trl-preference by its path.

Each line is about a question of the recipe's dataset, which it names by id (a lineage column) or by the exact prompt;
the question's split says on which side the pair stands. Where the library has the rationale behind a text, the model
learns from the rationale as it came; else from the text in the file.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings

from accounts.errors import InvalidInput
from generation.prompts import build_prompt, completion_of
from generation.runs.spec import asked_of
from problems.types import Family
from ratings.exports.models import Export
from ratings.exports.options import JSONL
from ratings.exports.preferences import prompt_of
from ratings.library.models import Dataset, QuestionRevision, Rationale
from training.runs.preferences import FoundPair, completion_of_rationale

_VERSION = re.compile(r"[0-9a-f]{12}")
_SIDES = ("chosen", "rejected")
MAX_LINE = 1_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """One pair as the file has it. question: its external id, or None where the file names none."""

    number: int
    question: str | None
    prompt: str
    chosen: str
    rejected: str


def find_export_file(export: str, *, raters: str, paths_allowed: bool) -> Path:
    """The file that a recipe's `export` names. paths_allowed: only commands may name any file of the machine.

    Raises InvalidInput about `export`.
    """
    known = Export.objects.filter(version=export).order_by("-path") if _VERSION.fullmatch(export) else None
    found = known.first() if known is not None else None
    if found is not None:
        return _stored(found, raters)
    if not paths_allowed:
        _refuse(export, "the version of an export of this site, 12 hex digits")
    path = Path(export)
    if not path.is_file():
        _refuse(export, "a file of preference pairs, or the version of an export of this site")
    return path


def export_study_name(export: str) -> str | None:
    """The study behind a version of this site's; None for a path."""
    if not _VERSION.fullmatch(export):
        return None
    return Export.objects.filter(version=export).values_list("study__name", flat=True).first()


def pairs_of_file(path: Path, dataset: Dataset, *, raters: str) -> Iterator[FoundPair]:
    """Raises InvalidInput, naming line, field, value and what was expected, for the first thing that is wrong."""
    family = Family(dataset.family)
    revisions = _Revisions(dataset)
    name = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    for line in read_lines(path, raters=raters):
        revision = revisions.of(line)
        asked = asked_of(revision)
        rationales = revisions.rationales(revision.question_id)
        texts, keys = {}, {}
        for side in _SIDES:
            text = getattr(line, side)
            rationale = rationales.get(text)
            keys[side] = None if rationale is None else rationale.pk
            texts[side] = (
                completion_of(family, text)
                if rationale is None
                else completion_of_rationale(family, rationale, revision)
            )
        yield FoundPair(
            origin="file",
            question=revision.question_id,
            revision=revision.pk,
            id=revision.question.external_id,
            split=revision.question.split,
            prompt=build_prompt(family, asked),
            chosen=texts["chosen"],
            rejected=texts["rejected"],
            chosen_rationale=keys["chosen"],
            rejected_rationale=keys["rejected"],
            votes={"file": name, "line": line.number},
        )


def read_lines(path: Path, *, raters: str) -> Iterator[Line]:
    """The pairs of a JSON lines file, plain or as conversations."""
    with path.open(encoding="utf-8") as file:
        try:
            for number, text in enumerate(file, start=1):
                if text.strip():
                    yield _line(number, text, raters)
        except UnicodeDecodeError as error:
            raise _bad_line(0, "", "bytes that are no UTF-8", "UTF-8 text") from error


def _line(number: int, text: str, raters: str) -> Line:
    try:
        row = json.loads(text) if len(text) <= MAX_LINE else None
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise _bad_line(number, "", text, "a JSON object")
    kind = row.get("raters_kind", raters)
    if kind != raters:
        raise _bad_line(number, "raters_kind", kind, f"{raters}: kinds of raters are never pooled")
    question = row.get("question")
    if question is not None and not isinstance(question, str):
        raise _bad_line(number, "question", question, "a question's id")
    return Line(number, question, *(_text(number, row, name) for name in ("prompt", *_SIDES)))


def _text(number: int, row: dict[str, Any], name: str) -> str:
    """A text, or the content of a conversation's one message."""
    value = row.get(name)
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        value = value[0].get("content")
    if not isinstance(value, str) or not value.strip():
        raise _bad_line(number, name, value, "a text")
    return value


class _Revisions:
    """The questions of a dataset by id and by prompt, and the rationales of one question by the text that was shown."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        rows = QuestionRevision.objects.filter(question__dataset=dataset).select_related("question")
        self._by_prompt: dict[str, QuestionRevision] = {}
        self._by_id: dict[str, QuestionRevision] = {}
        for row in rows.order_by("number").iterator(chunk_size=2_000):
            self._by_prompt[prompt_of(row.text, row.choices)] = row
            if row.current:
                self._by_id[row.question.external_id] = row
        self._shown: tuple[int, dict[str, Rationale]] = (0, {})

    def of(self, line: Line) -> QuestionRevision:
        """Raises InvalidInput."""
        found = self._by_prompt.get(line.prompt)
        if line.question is not None and (found is None or found.question.external_id != line.question):
            found = self._by_id.get(line.question)
        if found is None:
            value = line.question or line.prompt
            raise _bad_line(line.number, "prompt", value, f"a question of dataset {self._dataset.name!r}")
        return found

    def rationales(self, question: int) -> dict[str, Rationale]:
        """As shown and as it came, live ones first; lines about one question stand together in most files."""
        if self._shown[0] != question:
            shown: dict[str, Rationale] = {}
            for row in Rationale.objects.filter(question_id=question).order_by("-live", "pk"):
                shown.setdefault(row.normalised, row)
                shown.setdefault(row.text, row)
            self._shown = question, shown
        return self._shown[1]


def _stored(export: Export, raters: str) -> Path:
    if not export.format.startswith("trl-") or export.container != JSONL:
        _refuse(export.version, "an export of format trl-preference or trl-conversational, JSON lines")
    if export.options.get("raters") != raters:
        _refuse(export.version, f"an export of votes by {raters} raters, as `raters` says")
    path = Path(settings.STORAGE_DIR) / export.path
    if not export.path or not path.is_file():
        _refuse(export.version, "an export whose file is in this site's storage; make it again")
    return path


def _refuse(value: str, expected: str) -> NoReturn:
    raise InvalidInput(
        f"export: {value[:200]!r} is not usable, expected {expected}.",
        code="unusable_export",
        details={"field": "export", "value": value[:200], "expected": expected},
    )


def _bad_line(number: int, name: str, value: object, expected: str) -> InvalidInput:
    shown = repr(value)[:200]
    where = f"line {number}{f', {name}' if name else ''}"
    return InvalidInput(
        f"export: {where}: {shown} is not usable, expected {expected}.",
        code="row_errors",
        details={"field": "export", "row": number, "column": name, "value": shown, "expected": expected},
    )
