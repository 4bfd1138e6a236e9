"""Whether a training has gone astray: its loss stands far above where it began."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.models import Metric
from training.runs.curves import curve_name
from training.runs.models import TrainingRun

#: A loss that has grown by half, and by this much (nats), is no noise of small batches.
_FACTOR, _RISE = 1.5, 0.5
#: Steps over which the last training loss is averaged.
_LAST = 10


@dataclass(frozen=True, slots=True)
class Divergence:
    """what: which loss. start, end: in nats, per token or pair."""

    what: str
    start: float
    end: float


def divergence_of(run: TrainingRun) -> Divergence | None:
    """Of the held-out loss, which is told first, or of the training's own; None where both are as they should be."""
    training = _values(run, curve_name("loss"))
    if not training:
        return None
    held_out = [-value for value in _values(run, curve_name("validation"))]
    ends = training[-_LAST:]
    found = [
        # What was measured only once is compared to the loss that the training began with.
        Divergence("held-out loss", held_out[0] if len(held_out) > 1 else training[0], held_out[-1])
        if held_out
        else None,
        Divergence("training loss", training[0], sum(ends) / len(ends)),
    ]
    return next((one for one in found if one and one.end > max(_FACTOR * one.start, one.start + _RISE)), None)


def _values(run: TrainingRun, series: str) -> list[float]:
    """The first value and the last ones, in their order."""
    rows = Metric.objects.filter(job=run.job_id, series=series)
    first = list(rows.order_by("step").values_list("step", "value")[:1])
    last = list(rows.order_by("-step").values_list("step", "value")[:_LAST])
    return [value for _, value in sorted({*first, *last})]
