"""Reading runs, their examples and their checkpoints."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from training.runs.errors import UnknownCheckpoint, UnknownEvaluation, UnknownRun
from training.runs.measured_models import Evaluation
from training.runs.models import (
    Algorithm,
    Checkpoint,
    Fate,
    Iteration,
    Origin,
    PreferencePair,
    TrainingExample,
    TrainingRun,
)


def runs() -> QuerySet[TrainingRun]:
    """All runs, newest first, with what a list shows of them."""
    found = TrainingRun.objects.select_related("job", "base", "dataset", "created_by")
    return found.prefetch_related("studies").order_by("-id")


def get_run(pk: int) -> TrainingRun:
    """Raises UnknownRun."""
    run = runs().filter(pk=pk).first()
    if run is None:
        raise UnknownRun(f"There is no run {pk}.", details={"run": pk})
    return run


def examples(
    run: TrainingRun,
    *,
    iteration: int | None = None,
    origin: str | None = None,
    verdict: str | None = None,
    fate: str | None = None,
    question: str | None = None,
    learned_in: int | None = None,
) -> QuerySet[TrainingExample]:
    """A run's examples that pass all filters given, in the order in which they were stored.

    learned_in: those that the model of this iteration was trained on.
    """
    found = TrainingExample.objects.filter(run=run).select_related("question", "revision", "prefix")
    if learned_in is not None:
        found = found.filter(learned_by(run, learned_in))
    wanted = {
        "iteration": iteration,
        "origin": origin,
        "verdict": verdict,
        "fate": fate,
        "question__external_id": question,
    }
    return found.filter(**{name: value for name, value in wanted.items() if value is not None}).order_by("id")


def learned_by(run: TrainingRun, iteration: int) -> Q:
    """The examples of `run` behind the model of an iteration: all so far where each model of STaR goes on from the last
    one, else what it was itself trained on."""
    if run.algorithm == Algorithm.STAR and run.recipe.get("continue_training"):
        return Q(fate=Fate.KEPT, iteration__gte=1, iteration__lte=iteration)
    return drawn_for(run, iteration)


def drawn_for(run: TrainingRun, iteration: int) -> Q:
    """The examples that the training of one iteration was given.

    V-STaR's generators learn from all iterations so far, STaR's from so many latest ones as the recipe says; what is
    replayed is drawn anew for each.
    """
    first = 0 if run.algorithm == Algorithm.VSTAR else iteration
    if run.algorithm == Algorithm.STAR:
        recent = int(run.recipe.get("data_of_iterations", 1))
        first = iteration - recent + 1 if recent else 1
    kept = Q(fate=Fate.KEPT, iteration__gte=first, iteration__lte=iteration)
    return kept & (~Q(origin=Origin.REPLAYED) | Q(iteration=iteration))


def pairs(run: TrainingRun, *, use: str | None = None, origin: str | None = None) -> QuerySet[PreferencePair]:
    """A run's preference pairs, in their order."""
    found = PreferencePair.objects.filter(run=run).select_related("question")
    if use is not None:
        found = found.filter(use=use)
    if origin is not None:
        found = found.filter(origin=origin)
    return found.order_by("number")


def iterations(run: TrainingRun) -> list[Iteration]:
    return list(run.iterations.order_by("number"))


def checkpoints(run: TrainingRun | None = None) -> QuerySet[Checkpoint]:
    """Checkpoints that are models, newest first."""
    found = Checkpoint.objects.select_related("run__job", "run__base", "run__dataset", "model")
    found = found.filter(model__isnull=False).prefetch_related("run__studies").order_by("-id")
    return found if run is None else found.filter(run=run)


def get_checkpoint(pk: int) -> Checkpoint:
    """Raises UnknownCheckpoint, also for one whose files were not kept as a model."""
    checkpoint = checkpoints().filter(pk=pk).first()
    if checkpoint is None:
        raise UnknownCheckpoint(f"There is no checkpoint {pk}.", details={"checkpoint": pk})
    return checkpoint


def evaluations() -> QuerySet[Evaluation]:
    """All evaluations, newest first."""
    found = Evaluation.objects.select_related("job", "model", "dataset", "created_by")
    return found.prefetch_related("verifiers").order_by("-id")


def get_evaluation(pk: int) -> Evaluation:
    """Raises UnknownEvaluation."""
    evaluation = evaluations().filter(pk=pk).first()
    if evaluation is None:
        raise UnknownEvaluation(f"There is no evaluation {pk}.", details={"evaluation": pk})
    return evaluation


@dataclass(frozen=True, slots=True)
class FateCount:
    """How many examples of one iteration and origin met one fate."""

    iteration: int
    origin: str
    fate: str
    count: int

    @property
    def words(self) -> str:
        return Fate(self.fate).label


def fates(run: TrainingRun) -> list[FateCount]:
    """One statement, however many examples there are."""
    rows = TrainingExample.objects.filter(run=run).values_list("iteration", "origin", "fate")
    counted = rows.annotate(count=Count("pk")).order_by("iteration", "origin", "fate")
    return [FateCount(*row) for row in counted]
