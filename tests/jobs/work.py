"""Real work for tests: counts into its metric table, one fenced unit at a time, and goes on from what is stored."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from jobs.context import JobContext
from jobs.errors import JobError, TransientJobError
from jobs.kinds import Kind, get_kind, register
from jobs.models import Metric

#: How far counting goes, and the seconds that each unit takes.
UNITS = 20
FURTHER = 100
PACE = 0.02


def counted(job_id: int) -> list[int]:
    """The units that are stored, in order."""
    found = Metric.objects.filter(job_id=job_id, series="count").order_by("step")
    return list(found.values_list("step", flat=True))


def count(context: JobContext) -> dict[str, Any]:
    """Stores units 1 … UNITS, each once; one that a former attempt stored is not done again."""
    return _count(context, UNITS)


def count_further(context: JobContext) -> dict[str, Any]:
    """The same, for some seconds."""
    return _count(context, FURTHER)


def count_slowly(context: JobContext) -> dict[str, Any]:
    """The same, for longer than any test waits."""
    return _count(context, 10_000)


def _count(context: JobContext, units: int) -> dict[str, Any]:
    done = len(counted(context.job_id))
    began_at = done
    context.log(f"counting from {done}")
    context.stage("counting", done=done, total=units)
    while done < units:
        time.sleep(PACE)
        done += 1
        with context.writing():
            # Not ignoring conflicts: a unit that is done twice is an error here.
            Metric.objects.create(job_id=context.job_id, series="count", step=done, value=done)
        context.metric("loss", done, 1 / done)
        context.advance(done)
    return {"units": done, "began_at": began_at, "process": os.getpid()}


def dawdle_in_a_transaction(context: JobContext) -> dict[str, Any]:
    """The first attempt stands still while it holds the job's row."""
    with context.writing():
        Metric.objects.create(job_id=context.job_id, series="count", step=context.fence, value=1)
        if not context.resumed:
            time.sleep(600)
    return {}


def fail(context: JobContext) -> dict[str, Any]:
    context.stage("failing")
    raise JobError("The recipe asks for the impossible.", code="impossible", details={"key": "steps"})


def crash(context: JobContext) -> dict[str, Any]:
    return {"inverse": 1 / len(counted(context.job_id))}


def measure_nan(context: JobContext) -> dict[str, Any]:
    context.metric("loss", 1, 2.5)
    context.metric("loss", 2, float("nan"))
    return {}


def stumble_once(context: JobContext) -> dict[str, Any]:
    """Breaks the first time."""
    if not context.resumed:
        raise TransientJobError("The model server is busy.", code="endpoint_busy")
    return {"resumed": True}


def stumble_always(context: JobContext) -> dict[str, Any]:
    raise TransientJobError("The model server is busy.", code="endpoint_busy")


def die_always(context: JobContext) -> dict[str, Any]:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def ignore_cancelling(context: JobContext) -> dict[str, Any]:
    """A handler that never asks whether it should end."""
    context.stage("deaf")
    time.sleep(600)
    return {}


def deny_constants(context: JobContext) -> dict[str, Any]:
    return {"accuracy": float("nan")}


def register_kinds() -> None:
    """What these tests' workers and children know, beside the product's own kinds."""
    for run in (count, count_further, count_slowly, fail, crash, measure_nan, stumble_once, deny_constants):
        _register(Kind(name=run.__name__, queue="generate", run=f"{__name__}.{run.__name__}"))
    for run in (dawdle_in_a_transaction, stumble_always, die_always, ignore_cancelling):
        _register(Kind(name=run.__name__, queue="generate", run=f"{__name__}.{run.__name__}", max_attempts=2))


def _register(kind: Kind) -> None:
    register(kind)
    assert get_kind(kind.name) == kind
