"""Where a run is: the stages of its present iteration, what is done of each, and how long stage and run still take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.models import Job, StageSpan
from jobs.progress import in_words, seconds_left
from training.estimating import remaining
from training.estimating.estimate import StageEstimate, planned_stages
from training.estimating.remaining import Gone, kind_of
from training.recipes.reader import from_stored
from training.recipes.schema import Recipe, Star, Vstar
from training.runs.checking import Inputs
from training.runs.estimates import sizes_of
from training.runs.models import Algorithm, TrainingRun

_SFT = ("gathering the data", "loading the model", "training", "asking held-out questions")
_DPO = ("gathering the data", "loading the model", "scoring what is held out", "training")


@dataclass(frozen=True, slots=True)
class StripStage:
    """One stage. state: done, now or ahead. total None: nobody knows. note: how long it took, or takes."""

    words: str
    state: str
    done: int = 0
    total: int | None = None
    note: str = ""

    @property
    def state_words(self) -> str:
        return {"done": "done", "now": "now", "ahead": "to come"}[self.state]


@dataclass(frozen=True, slots=True)
class Strip:
    """title: which iteration this is. left: of the whole run, "" where nobody knows yet."""

    title: str
    stages: list[StripStage]
    left: str


def strip_of(run: TrainingRun) -> Strip | None:
    """None before the work begins, and once it has ended."""
    job = run.job
    if job.state != Job.State.RUNNING:
        return None
    recipe = from_stored(run.algorithm, run.recipe_name, run.recipe).values
    spans = list(job.spans.all())
    planned = _planned(run, recipe)
    names = _names(run, recipe, _part(run, spans))
    at = next((place for place, name in enumerate(names) if name == job.stage), None)
    stages = [_stage(name, place, at, job, spans, planned) for place, name in enumerate(names)]
    return Strip(_title(run, recipe, _part(run, spans)), stages, _left(job, spans, planned))


def _part(run: TrainingRun, spans: Sequence[StageSpan]) -> int | None:
    """The iteration that the run is in, by the last stage that names one; None for the verifier at the end."""
    if run.algorithm not in (Algorithm.STAR, Algorithm.VSTAR):
        return 1
    for name in (run.job.stage, *(span.name for span in reversed(spans))):
        if name.startswith("verifier"):
            return None
        number = kind_of(name)[1]
        if number is not None:
            return number
    return 0


def _title(run: TrainingRun, recipe: Recipe, part: int | None) -> str:
    if not isinstance(recipe, Star | Vstar):
        return "Stages"
    if part is None:
        return "The verifier"
    return f"Iteration {part} of {recipe.iterations}" if part else "Before the first iteration"


def _names(run: TrainingRun, recipe: Recipe, part: int | None) -> list[str]:
    """The stages of the present part, as the job names them."""
    match recipe:
        case Star() if part:
            hinted = recipe.rationalize and part >= recipe.rationalize_from
            kinds = ["generating", *(["rationalizing"] if hinted else []), "training"]
            kinds += ["validating"] if recipe.validation_split else []
            return [f"iteration {part}: {kind}" for kind in kinds]
        case Star():
            return ["gathering the data", "loading the model", "iteration 0: validating"]
        case Vstar() if part is None:
            return ["verifier: sampling validation questions", "verifier: training"]
        case Vstar():
            sampling = [f"iteration {part}: sampling"] if part else []
            return [*sampling, f"generator {part}: training", f"generator {part}: validating"]
    return list(_DPO if run.algorithm == Algorithm.DPO else _SFT)


def _stage(
    name: str,
    place: int,
    at: int | None,
    job: Job,
    spans: Sequence[StageSpan],
    planned: Sequence[StageEstimate],
) -> StripStage:
    kind, iteration = kind_of(name)
    words = kind[:1].upper() + kind[1:]
    if name == job.stage:
        left = seconds_left(job)
        note = "" if left is None else f"about {in_words(left)} left"
        return StripStage(words, "now", job.done, job.total, note)
    gone = [span for span in spans if span.name == name]
    if gone:
        return StripStage(
            words, "done", gone[-1].done, gone[-1].total, in_words(sum(span.seconds for span in gone))
        )
    if at is not None and place < at:
        return StripStage(words, "done")
    plan = next(
        (one for one in planned if one.stage == kind and iteration in (None, one.iteration) and one.units),
        None,
    )
    note = f"about {in_words(plan.seconds)}" if plan is not None and plan.seconds else ""
    return StripStage(words, "ahead", 0, plan.units if plan is not None else None, note)


def _planned(run: TrainingRun, recipe: Recipe) -> list[StageEstimate]:
    """As estimated when it was launched; else the units alone, for the loops whose rows are quickly counted."""
    if run.estimate:
        return [StageEstimate(**stage) for stage in run.estimate["stages"]]
    if not isinstance(recipe, Star):
        return []
    return planned_stages(recipe, sizes_of(recipe, Inputs(run.dataset, run.base, [])))


def _left(job: Job, spans: Sequence[StageSpan], planned: Sequence[StageEstimate]) -> str:
    gone = [Gone(span.name, span.units, span.seconds) for span in spans]
    left = remaining.seconds_left(planned, gone, now=job.stage, left_of_now=seconds_left(job))
    return "" if left is None else in_words(left)
