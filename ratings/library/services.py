"""What changes the library. Each act is one transaction, all or nothing, with its line in the audit log."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from django.db import transaction

from accounts.audit import Actor, record
from ratings.library.datasets import dataset_for_questions, get_locked_dataset, wanted_family
from ratings.library.errors import EmptyFile
from ratings.library.formats import (
    BY_MODELS,
    QUESTION_FORMATS,
    RATIONALE_FORMATS,
    TRIPLES,
    TRIPLES_FORMAT,
    QuestionFormat,
    RationaleFormat,
)
from ratings.library.importing.files import QuestionFile, RationaleFile, counts
from ratings.library.importing.opening import Readable, name_of, opened
from ratings.library.importing.report import RowErrors
from ratings.library.options import check_names, check_writer, choose_format, refuse
from ratings.library.readers.options import ReadOptions
from ratings.library.records import RowError, Writer
from ratings.library.splitting import split_dataset

__all__ = ["import_questions", "import_rationales", "split_dataset"]

T = TypeVar("T")

#: Passes rows on while a person watches.
Progress = Callable[[Iterable[Any]], Iterator[Any]]


def import_questions(
    file: Readable,
    *,
    format: str,
    dataset: str,
    family: str | None = None,
    split: str | None = None,
    source: str | None = None,
    written_by: str | None = None,
    dry_run: bool = False,
    actor: Actor,
    progress: Progress = iter,
) -> dict[str, Any]:
    """Imports questions, with the rationales beside them, from a path or an open binary stream.

    split, source: for rows that state none; `source` names the people who wrote the solutions in the file.
    written_by: who did, where rows do not say and it was not people (ratings.library.writers).
    dry_run: does everything, writes nothing.
    Returns CONTRACT.md's counts of the questions. Raises UnusableRows, UnreadableFile, EmptyFile, InvalidInput.
    """
    chosen = choose_format(format, QUESTION_FORMATS)
    check_names(dataset=dataset, split=split, source=source)
    if source is not None and not chosen.takes_source:
        refuse("source", source, f"none: format {format} says whose its rationales are")
    check_writer(written_by)
    options = ReadOptions(source=source, stem=Path(name_of(file)).stem, written_by=written_by)
    with transaction.atomic():
        done = _import_question_rows(file, chosen, options, dataset, family, split, progress)
        found = counts(done)
        by_people = found["written_by"].get(options.people) == Writer.PEOPLE
        people = found["sources"][options.people]["rationales"] if by_people else 0
        answer = {
            **found.pop("questions"),
            "errors": 0,
            "error_rows": [],
            "human_rationales": people,
            **found,
        }
        return _finish(
            "dataset.import_questions", answer, file, format, dataset, dry_run=dry_run, actor=actor
        )


def import_rationales(
    file: Readable,
    *,
    format: str,
    dataset: str,
    family: str | None = None,
    split: str | None = None,
    source: str | None = None,
    written_by: str | None = None,
    dry_run: bool = False,
    actor: Actor,
    progress: Progress = iter,
) -> dict[str, Any]:
    """Imports rationales from a path or an open binary stream; the questions must be there, but for `triples`.

    family, split: for the questions that `triples` brings. source: the label of rationales whose row names none.
    written_by: who wrote those of rows that do not say.
    Returns CONTRACT.md's counts of the rationales. Raises UnknownDataset and the errors of import_questions.
    """
    formats: Mapping[str, RationaleFormat | QuestionFormat] = {**RATIONALE_FORMATS, TRIPLES: TRIPLES_FORMAT}
    chosen = choose_format(format, formats)
    check_names(dataset=dataset, split=split, source=source)
    if source is not None and not chosen.takes_source:
        refuse("source", source, f"none: format {format} names its sources itself")
    if written_by is not None and format in BY_MODELS:
        refuse("written_by", written_by, f"none: format {format} holds what models wrote")
    check_writer(written_by)
    options = ReadOptions(source=source, stem=Path(name_of(file)).stem, written_by=written_by)
    with transaction.atomic():
        done: QuestionFile | RationaleFile
        if isinstance(chosen, QuestionFormat):
            done = _import_question_rows(file, chosen, options, dataset, family, split, progress)
        elif family is not None or split is not None:
            refuse(
                "family" if family else "split", family or split, f"none: format {format} brings no questions"
            )
        else:
            done = _import_rationale_rows(file, chosen, options, dataset, progress)
        found = counts(done)
        answer = {**found.pop("rationales"), "errors": 0, "error_rows": [], **found}
        return _finish(
            "dataset.import_rationales", answer, file, format, dataset, dry_run=dry_run, actor=actor
        )


def _import_question_rows(
    file: Readable,
    chosen: QuestionFormat,
    options: ReadOptions,
    name: str,
    family: str | None,
    split: str | None,
    progress: Progress,
) -> QuestionFile:
    wanted = wanted_family(family, implied=chosen.family)
    errors = RowErrors()
    with opened(file) as stream:
        first, rows = _with_first(progress(chosen.read(stream, options)), errors)
        dataset = dataset_for_questions(name, family=wanted, first=first)
        target = QuestionFile(dataset, split=split, errors=errors)
        target.write(rows)
    errors.raise_if_any()
    return target


def _import_rationale_rows(
    file: Readable, chosen: RationaleFormat, options: ReadOptions, name: str, progress: Progress
) -> RationaleFile:
    errors = RowErrors()
    target = RationaleFile(get_locked_dataset(name), replaces=chosen.replaces, errors=errors)
    with opened(file) as stream:
        _, rows = _with_first(progress(chosen.read(stream, options)), errors)
        target.write(rows)
    errors.raise_if_any()
    return target


def _with_first(rows: Iterator[T | RowError], errors: RowErrors) -> tuple[T, Iterator[T | RowError]]:
    """The first good row, and all rows from it on. Raises UnusableRows or EmptyFile if there is none."""
    for row in rows:
        if not isinstance(row, RowError):
            return row, itertools.chain([row], rows)
        errors.add(row)
    errors.raise_if_any()
    raise EmptyFile("The file holds no rows; expected at least one.")


def _finish(
    act: str,
    answer: dict[str, Any],
    file: Readable,
    format: str,
    dataset: str,
    *,
    dry_run: bool,
    actor: Actor,
) -> dict[str, Any]:
    if dry_run:
        transaction.set_rollback(True)
    else:
        counted = {name: answer[name] for name in ("created", "updated", "unchanged")}
        record(
            actor, act, subject=dataset, details={**counted, "file": name_of(file)[:200], "format": format}
        )
    return {**answer, "dataset": dataset, "dry_run": dry_run}
