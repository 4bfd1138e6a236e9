"""Grading and normalising, half of an import's work: here, or in a process beside ours while we read and store.

Pure: the process imports the problem families, no Django.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Sequence
from multiprocessing.connection import Connection
from types import TracebackType
from typing import NamedTuple, Self

from problems.grading import grade
from problems.normalise import normalise
from problems.types import Choice, Family, Grade

#: Fewer texts than this are done before a process has started.
WORTH_A_PROCESS = 500


# Named tuples, because they travel between processes: a frozen dataclass takes several times as long to pickle.


class Task(NamedTuple):
    """What grading needs to know. gold: None for open questions. stated: the file's own answer beside the text."""

    text: str
    gold: str | None
    choices: tuple[Choice, ...]
    stated: str | None
    given: bool


class Worked(NamedTuple):
    """A rationale's grade, and its text as raters see it. answer: "" where there is none."""

    verdict: str
    answer: str
    text_agrees: bool | None
    normalised: str


def work_out(family: Family, tasks: Sequence[Task]) -> list[Worked]:
    return [work_out_one(family, task) for task in tasks]


def work_out_one(family: Family, task: Task) -> Worked:
    found = grade_task(family, task)
    return Worked(found.verdict.value, found.answer or "", found.text_agrees, normalise(task.text, family))


def grade_task(family: Family, task: Task) -> Grade:
    return grade(
        family,
        task.text,
        gold=task.gold,
        choices=task.choices,
        stated_answer=task.stated,
        given=task.given,
    )


class Worker:
    """Works out one batch at a time: `start`, then `result`.

    beside: whether the first large batch brings a process into being. That pays where storing means waiting for a
    server; SQLite's work is done by our own process, and two busy processes only share what the machine has.
    """

    def __init__(self, family: Family, *, beside: bool) -> None:
        self._family = family
        self._may_go_beside = beside and _may_have_children()
        self._tasks: Sequence[Task] = ()
        self._beside: _Beside | None = None
        self._sent = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._beside is not None:
            self._beside.close()

    def start(self, tasks: Sequence[Task]) -> None:
        """Hands a batch over; the batch before must have been taken."""
        assert not self._tasks, "the batch before was not taken"
        self._tasks = tasks
        if self._beside is None and self._may_go_beside and len(tasks) >= WORTH_A_PROCESS:
            self._beside = _Beside(self._family)
        self._sent = self._beside is not None and self._beside.send(tasks)

    def result(self) -> list[Worked]:
        """What became of the batch handed over, in its order; empty if there was none."""
        tasks, self._tasks = self._tasks, ()
        worked = self._beside.receive() if self._sent and self._beside is not None else None
        self._sent = False
        # A process that was killed costs time and nothing else.
        return work_out(self._family, tasks) if worked is None else worked


class _Beside:
    """A process of our own. It alone holds the other end of the pipe, so that it ends with us, however we end."""

    def __init__(self, family: Family) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other, family), daemon=True)
        self._process.start()
        other.close()

    def send(self, tasks: Sequence[Task]) -> bool:
        with contextlib.suppress(OSError):
            self._pipe.send(tasks)
            return True
        return False

    def receive(self) -> list[Worked] | None:
        try:
            worked: list[Worked] | Exception = self._pipe.recv()
        except (EOFError, OSError):
            return None
        if isinstance(worked, Exception):
            raise worked
        return worked

    def close(self) -> None:
        self._pipe.close()
        self._process.join()


def _serve(pipe: Connection, family: Family) -> None:
    with contextlib.suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            pipe.send(_answer(family, pipe.recv()))


def _answer(family: Family, tasks: Sequence[Task]) -> list[Worked] | Exception:
    try:
        return work_out(family, tasks)
    except ValueError as error:
        return error


def _may_have_children() -> bool:
    """A worker of a pool may have none, and on one core a second process is only a detour."""
    return not multiprocessing.current_process().daemon and (os.cpu_count() or 1) > 1
