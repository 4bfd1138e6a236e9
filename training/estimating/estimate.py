"""The estimate of a run: what is shown before it is launched, stored with it, and held against what it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from training.estimating.figures import Figures, Lengths
from training.estimating.memory import ADAPTED, device_bytes, peak_bytes
from training.estimating.parts import Part, Training
from training.estimating.plan import plan_of
from training.estimating.planning import LATER
from training.estimating.sizes import Sizes
from training.recipes.schema import Recipe, Sft, Star, Vstar

#: Bytes per second that processes of one machine exchange without a GPU (gloo over the loopback device: 0.6 to 1.6e9).
EXCHANGED = 1e9
#: Nothing is known of lengths: what is counted without them is the same.
_UNKNOWN = Lengths(question=0, hinted=0, completion=0, longest=0, right=0.5, right_hinted=0.5)


@dataclass(frozen=True, slots=True)
class StageEstimate:
    """One part. units: what its progress counts."""

    stage: str
    iteration: int
    units: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """steps: of the optimiser, all trainings together. tokens_sampled, tokens_trained: by the measured lengths.

    seconds: by the clock, of the work alone, without the process's start-up (training.runs.spending), on the machine
    that was measured as busy as it was then; cpu_seconds: of its processor alone.
    rss_bytes: the most that the process holds; device_bytes: of a GPU, None without one. assumed: what nobody can know
    before, in words.
    """

    steps: int
    tokens_sampled: int
    tokens_trained: int
    seconds: float
    cpu_seconds: float
    rss_bytes: int
    device_bytes: int | None = None
    stages: Sequence[StageEstimate] = ()
    assumed: Sequence[str] = field(default_factory=tuple)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Estimate:
        stages = [StageEstimate(**stage) for stage in stored["stages"]]
        return cls(**{**stored, "stages": stages, "assumed": tuple(stored["assumed"])})


def estimate(recipe: Recipe, sizes: Sizes, figures: Figures) -> Estimate:
    parts = plan_of(recipe, sizes, figures.lengths)
    return Estimate(
        steps=sum(part.steps for part in parts),
        tokens_sampled=round(sum(part.sampled_tokens for part in parts)),
        tokens_trained=round(sum(part.trained_tokens for part in parts)),
        seconds=sum(_seconds(part, figures) for part in parts),
        cpu_seconds=sum(part.seconds(figures.cpu) + _exchanging(part, figures) for part in parts),
        rss_bytes=peak_bytes(parts, figures),
        device_bytes=device_bytes(parts, figures),
        stages=[_stage(part, figures) for part in parts],
        assumed=_assumed(recipe, figures),
    )


def steps_without_figures(recipe: Recipe, sizes: Sizes) -> int | None:
    """What is known before anything was measured; None where the steps follow from what models get right, or from
    the lengths of texts."""
    by_epochs = (
        (isinstance(recipe, Star) and recipe.steps_rule == "epochs")
        or isinstance(recipe, Vstar)
        or (isinstance(recipe, Sft) and not recipe.steps and recipe.pack_tokens > 0)
    )
    return None if by_epochs else sum(part.steps for part in plan_of(recipe, sizes, _UNKNOWN))


def planned_stages(recipe: Recipe, sizes: Sizes) -> list[StageEstimate]:
    """The stages with their units where nothing was measured: nobody knows their seconds (0)."""
    return [StageEstimate(p.stage, p.iteration, p.units, 0.0) for p in plan_of(recipe, sizes, _UNKNOWN)]


def _stage(part: Part, figures: Figures) -> StageEstimate:
    return StageEstimate(part.stage, part.iteration, part.units, _seconds(part, figures))


def _seconds(part: Part, figures: Figures) -> float:
    return part.seconds(figures.wall, cores=figures.cores or 1) + _exchanging(part, figures)


def _exchanging(part: Part, figures: Figures) -> float:
    """Of a training's processes: at each step the weights go to all of them, and the gradients are summed."""
    if not isinstance(part, Training) or part.processes == 1 or figures.on_gpu:
        return 0.0
    learned = figures.shape.parameters * (ADAPTED if part.adapted else 1.0)
    return part.count * 2 * learned * figures.shape.weight_bytes / EXCHANGED


def _assumed(recipe: Recipe, figures: Figures) -> tuple[str, ...]:
    found, lengths = [], figures.lengths
    if isinstance(recipe, Star | Vstar):
        lengths = lengths.cut_at(recipe.max_new_tokens)
    if recipe.processes > 1:
        what, many = "GPUs" if figures.on_gpu else "cores", recipe.processes
        found.append(
            f"Each step is shared by {many} processes on {figures.cores} {what}; all else is the work of one."
            if figures.cores
            else f"How many {what} the machine has was not measured: the time is as if {many} processes shared one."
        )
    if isinstance(recipe, Star | Vstar):
        hinted = (
            f", and {100 * lengths.right_hinted:.0f}% of the others once it is given the answer"
            if isinstance(recipe, Star) and recipe.rationalize
            else ""
        )
        solved = (
            f"The base solves {100 * lengths.right:.0f}% of {lengths.sampled:,} questions that it was asked"
        )
        found.append(f"{solved}{hinted}.")
        found.append(
            f"Later models fail {100 * LATER:.0f}% of what it fails, and write texts as long as its own."
        )
    return tuple(found)
