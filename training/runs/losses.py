"""The losses of a run's trainings as its curves hold them: of each iteration, of a generator, of a verifier."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Max, Min, Q

from jobs.models import Metric
from training.evaluation.endings import last_steps
from training.runs.curves import curve_name
from training.runs.models import Algorithm, TrainingRun

_LOSS, _VERIFIER_LOSS = curve_name("loss"), curve_name("loss", of="verifier")


@dataclass(frozen=True, slots=True)
class Course:
    """What one training's loss did so far.

    what: whose loss it is, to begin a sentence with. of_pairs: whether it is one of preference pairs. start, last: of
    its first step, and of its last ones in their order; in nats per token or pair.
    """

    what: str
    of_pairs: bool
    start: float
    last: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """Steps `first` to `last` of a series."""

    what: str
    series: str
    first: int
    last: int

    @property
    def wanted(self) -> list[int]:
        return [self.first, *range(self.last - last_steps(self.last - self.first + 1) + 1, self.last + 1)]


def courses_of(run: TrainingRun) -> list[Course]:
    """In the order in which they were trained; three statements, however long the curves are."""
    ranges = Metric.objects.filter(job=run.job_id, series__in=(_LOSS, _VERIFIER_LOSS)).values("series")
    ends = {row["series"]: row for row in ranges.annotate(first=Min("step"), last=Max("step"))}
    parts = list(_parts(run, {series: (row["first"], row["last"]) for series, row in ends.items()}))
    values = _values(run, parts)
    courses = []
    for part in parts:
        found = [values[part.series, step] for step in part.wanted if (part.series, step) in values]
        if found and (part.series, part.first) in values:
            pairs = run.algorithm == Algorithm.DPO or part.series == _VERIFIER_LOSS
            courses.append(Course(part.what, pairs, found[0], tuple(found[1:])))
    return courses


def _parts(run: TrainingRun, ends: dict[str, tuple[int, int]]) -> Iterable[_Part]:
    """A series holds the trainings of all iterations behind each other; the one at hand goes to its end."""
    if _LOSS in ends:
        first, end = ends[_LOSS]
        rounds = run.algorithm in (Algorithm.STAR, Algorithm.VSTAR)
        steps = run.iterations.order_by("number").values_list("number", "steps") if rounds else []
        newest = 0
        for number, count in steps:
            if count and first <= end:
                last = min(first + count - 1, end)
                yield _Part(_whose(run, number), _LOSS, first, last)
                first = last + 1
            newest = number
        if first <= end:
            yield _Part(_whose(run, newest + (1 if newest else 0)), _LOSS, first, end)
    if _VERIFIER_LOSS in ends:
        first, end = ends[_VERIFIER_LOSS]
        yield _Part("The verifier's training loss", _VERIFIER_LOSS, first, end)


def _whose(run: TrainingRun, number: int) -> str:
    match run.algorithm:
        case Algorithm.STAR:
            return f"The training loss of iteration {max(1, number)}"
        case Algorithm.VSTAR:
            return f"The training loss of generator {number}"
    return "Its training loss"


def _values(run: TrainingRun, parts: Sequence[_Part]) -> dict[tuple[str, int], float]:
    wanted = Q(pk__in=())
    for series in {part.series for part in parts}:
        steps = {step for part in parts if part.series == series for step in part.wanted}
        wanted |= Q(series=series, step__in=sorted(steps))
    rows = Metric.objects.filter(wanted, job=run.job_id).values_list("series", "step", "value")
    return {(series, step): value for series, step, value in rows}


def held_out_losses(run: TrainingRun) -> list[float]:
    """What an SFT run measured on its held-out texts, the first and the last of it; [] where it measured none."""
    rows = Metric.objects.filter(job=run.job_id, series=curve_name("validation"))
    ends = [rows.order_by(order).values_list("value", flat=True).first() for order in ("step", "-step")]
    found = [-value for value in ends if value is not None]
    return found if rows.count() > 1 else found[:1]
