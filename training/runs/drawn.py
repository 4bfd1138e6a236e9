"""The figures that were asked of a run, as its page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from training.runs.models import TrainingRun

#: So many of those that were made; all of them stand in the list of figures.
MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Drawn:
    """title: "" where it could not be made, which `error` says why."""

    pk: int
    name: str
    title: str
    error: dict[str, Any]
    created_at: datetime


def drawn_from(run: TrainingRun) -> list[Drawn]:
    """Newest first: what was made, and of each figure that never was the newest refusal."""
    # The result itself is long; only its title is read.
    rows = run.figures.order_by("-pk").values_list("pk", "name", "result__title", "error", "created_at")
    found = [Drawn(pk, name, title or "", error, at) for pk, name, title, error, at in rows]
    told = {one.name for one in found if not one.error}
    shown = [one for one in found if not one.error][:MOST_SHOWN]
    for one in found:
        if one.error and one.name not in told:
            told.add(one.name)
            shown.append(one)
    return sorted(shown, key=lambda one: -one.pk)
