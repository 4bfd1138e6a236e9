"""What a run learns from, written down when it begins: later imports, votes and splits change nothing about it.

    STORAGE_DIR/jobs/<job>/data.json    written aside and renamed; a resumed run reads it again

The digest is over contents (external ids, texts, votes), not over keys of this database: the same data elsewhere have
the same digest.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accounts.errors import StarchamberError
from training.errors import CannotResume
from training.runs.grades import Grades, grades_of
from training.runs.models import TrainingRun

if TYPE_CHECKING:
    from jobs.context import JobContext

NAME = "data.json"
#: Which rule `data_sha256` follows: what is chosen by default, and what of it is digested. One more whenever either
#: changes. 1: texts alone; 2: with each rationale's revision and verdict, and people's texts where no source is named.
DATA_RULE = 2


@dataclass(slots=True)
class RunData:
    """Primary keys of what is used, in order. Each algorithm fills the parts that it needs.

    questions, validation: revisions of questions. groups: the group of a question, by its external id. joins: the
    iteration from which on a question is asked, for those that wait. rationales, validation_rationales, shots:
    rationales. examples: training examples of an earlier run. pairs: `FoundPair`s as JSON. retries: corrections as
    `training.runs.retrying` has them. grades: of each rationale above what a later edit of its question may change.
    content: the digest of what all of these say.
    """

    questions: list[int] = field(default_factory=list)
    validation: list[int] = field(default_factory=list)
    groups: dict[str, int] = field(default_factory=dict)
    joins: dict[str, int] = field(default_factory=dict)
    shots: list[int] = field(default_factory=list)
    rationales: list[int] = field(default_factory=list)
    validation_rationales: list[int] = field(default_factory=list)
    examples: list[int] = field(default_factory=list)
    pairs: list[dict[str, Any]] = field(default_factory=list)
    retries: list[dict[str, Any]] = field(default_factory=list)
    grades: Grades = field(default_factory=dict)
    content: str = ""


class ContentHash:
    """SHA-256 over what is fed, each part under its name."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, part: str, contents: Iterable[object]) -> None:
        for content in contents:
            line = json.dumps([part, content], ensure_ascii=False, sort_keys=True)
            self._hash.update(f"{line}\n".encode("utf-8", "surrogatepass"))

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def frozen(context: JobContext, run: TrainingRun, gather: Callable[[], RunData]) -> RunData:
    """The run's data: gathered now, or as an earlier attempt wrote them down.

    Raises CannotResume where that file is gone and the data have changed since, or can not be compared.
    """
    path = context.folder / NAME
    if path.is_file():
        return RunData(**json.loads(path.read_text(encoding="utf-8")))
    context.stage("gathering the data")
    try:
        data = gather()
    except StarchamberError as error:
        if not run.data_sha256:
            raise
        raise _changed(run, None) from error
    solutions = [one["solution"] for one in data.retries]
    data.grades = grades_of([*data.rationales, *data.validation_rationales, *data.shots, *solutions])
    if run.data_sha256 and (run.data_sha256 != data.content or not is_comparable(run)):
        raise _changed(run, data.content)
    _write_aside(path, json.dumps(asdict(data)))
    with context.writing():
        TrainingRun.objects.filter(pk=run.pk).update(data_sha256=data.content, data_rule=DATA_RULE)
    run.data_sha256, run.data_rule = data.content, DATA_RULE
    return data


def is_comparable(run: TrainingRun) -> bool:
    """Whether the digest of the run's data says anything about today's: they were recorded by the same rule."""
    return run.data_rule == DATA_RULE


def _changed(run: TrainingRun, found: str | None) -> CannotResume:
    """found: None where there is nothing to learn from any more."""
    what = (
        "The data of this run have changed since it began"
        if found is None or is_comparable(run)
        else "An earlier version of the program recorded the data of this run otherwise, so that nobody can tell"
        " whether they are still the same"
    )
    return CannotResume(
        f"{what}, and its own copy is gone; launch a new one.",
        details={"began_with": run.data_sha256, "found": found},
    )


def _write_aside(path: Path, text: str) -> None:
    aside = path.with_suffix(".part")
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
