"""What a model server answered of a batch that could not be finished: a file, so that nobody pays for it twice."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from generation.runs.models import GenerationBatch, GenerationRun
from generation.sampling.types import Completion
from jobs.logs import folder_of


def recall(run: GenerationRun, batch: GenerationBatch) -> dict[int, Completion]:
    """By the candidate's place in the batch. A file that can not be read is as good as none."""
    try:
        kept = json.loads(_path(run, batch).read_text(encoding="utf-8"))
        read = {int(place): _completion(values) for place, values in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
    return {place: completion for place, completion in read.items() if 0 <= place < batch.size}


def keep(run: GenerationRun, batch: GenerationBatch, answers: Mapping[int, Completion]) -> None:
    """Whole or not at all; a full disk costs no more than the answers."""
    path = _path(run, batch)
    aside = path.with_suffix(f".{os.getpid()}.part")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps({place: asdict(one) for place, one in answers.items()}), encoding="utf-8")
        aside.replace(path)


def forget(run: GenerationRun, batch: GenerationBatch) -> None:
    with contextlib.suppress(OSError):
        _path(run, batch).unlink(missing_ok=True)


def _path(run: GenerationRun, batch: GenerationBatch) -> Path:
    # The first lane's folder: whichever lane goes on finds it where lanes share a storage.
    return folder_of(run.job_id) / "answers" / f"batch-{batch.number}.json"


def _completion(values: Mapping[str, object]) -> Completion:
    return Completion(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}  # type: ignore[arg-type]
    )
