"""Runs a handler, in whichever process, and turns whatever comes of it into an outcome."""

from __future__ import annotations

import errno
import json
import os
import sys
import traceback
from pathlib import Path

from django.conf import settings

from accounts.errors import StarchamberError
from jobs.context import OUTAGE, JobContext
from jobs.errors import Cancelled, JobError, LeaseLost, TransientJobError
from jobs.kinds import get_kind
from jobs.outcomes import Ending, Outcome, broken, failed

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT}


def run_handler(context: JobContext, kind: str) -> Outcome:
    """Does the work of one attempt. Never raises for what the work did; a KeyboardInterrupt passes."""
    outcome = _run(context, kind)
    try:
        # Also where the work broke: the curve up to there says why.
        context.close()
    except LeaseLost:
        return Outcome(Ending.LOST)
    except OUTAGE as error:
        return outage(error) if outcome.ending == Ending.FINISHED else outcome
    return outcome


def _run(context: JobContext, kind: str) -> Outcome:
    try:
        return Outcome(Ending.FINISHED, result=_checked(get_kind(kind).handler()(context)))
    except Cancelled:
        return Outcome(Ending.CANCELLED)
    except LeaseLost:
        return Outcome(Ending.LOST)
    except TransientJobError as error:
        return broken(error.code, error.message, error.details)
    except OUTAGE as error:
        return outage(error)
    except StarchamberError as error:
        return failed(error)
    except Exception as error:  # noqa: BLE001 - recorded with its stack; nothing goes on after it
        traceback.print_exc(file=sys.stderr)
        return failed(_unforeseen(error))


def outage(error: Exception) -> Outcome:
    """What a database that is away makes of an attempt."""
    return broken("database_error", f"The database did not answer: {_one_line(error)}")


def _checked(result: object) -> dict[str, object]:
    """What is stored on the job must be a JSON object."""
    if not isinstance(result, dict):
        raise TypeError(f"the handler returned {type(result).__name__}, expected a dict")
    read: dict[str, object] = json.loads(json.dumps(result, allow_nan=False))
    return read


def _unforeseen(error: Exception) -> JobError:
    if isinstance(error, OSError) and error.errno in _NO_SPACE:
        where = {"path": str(error.filename)} if error.filename else {}
        return JobError("The disk is full. Make room, then resume the job.", code="disk_full", details=where)
    if isinstance(error, OSError) and _is_of_storage(error.filename):
        why = error.strerror or type(error).__name__
        return JobError(
            f"The storage can not be used: {error.filename}: {why}. Check STORAGE_URL, then resume the job.",
            code="storage_unusable",
            details={"path": str(error.filename), "reason": why, "storage": str(settings.STORAGE_DIR)},
        )
    return JobError(
        f"{type(error).__name__}: {_one_line(error)}",
        code="internal_error",
        details={"hint": "The stack is in the job's log."},
    )


def _is_of_storage(path: object) -> bool:
    """Whether a file that could not be used is the storage's own, or a folder on the way to it."""
    if not isinstance(path, str | bytes):
        return False
    found, storage = Path(os.fsdecode(path)), Path(settings.STORAGE_DIR)
    return storage in (found, *found.parents) or found in storage.parents


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:500]
