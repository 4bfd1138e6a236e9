"""Finished runs and evaluations as the figures' dataclasses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import Count

from generation.registry.provenance import CAME_WITH_QUESTION
from jobs.models import Job
from problems.addition import read_question
from problems.calculations import count_calculations
from problems.types import Family, Verdict
from ratings.library.models import Dataset, QuestionRevision, Rationale
from ratings.library.writers import own_first, unsaid_words
from training.evaluation.step_agreement import Steps
from training.figures.curves import AccuracyRun, IterationAccuracy
from training.figures.errors import NothingToDraw, RunNotFinished
from training.figures.kinds.step_counts import SolutionSteps
from training.figures.selectors import WITH_CALCULATIONS
from training.figures.types import RunFacts
from training.runs.models import Algorithm, Origin, TrainingExample, TrainingRun


def require_finished(runs: Iterable[TrainingRun]) -> None:
    """Raises RunNotFinished for the first run that has not."""
    for run in runs:
        if run.job.state != Job.State.FINISHED:
            raise RunNotFinished(
                f"Run {run.label!r} ({run.pk}) has not finished: it is {run.job.state}. A figure needs finished runs.",
                details={"run": run.pk, "label": run.label, "state": run.job.state, "expected": "finished"},
            )


def require_star(runs: Iterable[TrainingRun]) -> None:
    """Raises NothingToDraw for the first run without iterations to draw."""
    for run in runs:
        if run.algorithm != Algorithm.STAR:
            raise NothingToDraw(
                f"Run {run.label!r} is {run.get_algorithm_display()}; this figure shows the iterations of STaR runs.",
                details={"run": run.pk, "label": run.label, "algorithm": run.algorithm},
            )


def facts_of(run: TrainingRun, arm: str) -> RunFacts:
    return RunFacts(run.pk, run.label, arm, run.seed, run.recipe_sha256, run.data_sha256, run.code_version)


def rationalization_of(run: TrainingRun) -> str:
    return "with rationalization" if run.recipe.get("rationalize") else "without rationalization"


def digit_order_of(run: TrainingRun) -> str:
    """Raises NothingToDraw where the run's questions are no sums."""
    revision = QuestionRevision.objects.filter(question__dataset=run.dataset, current=True).first()
    asked = read_question(revision.text) if revision is not None else None
    if asked is None:
        raise _no_sums(run)
    return "reversed" if asked.reversed else "as written"


def accuracy_runs(runs: Sequence[TrainingRun], arms: Sequence[str]) -> list[AccuracyRun]:
    """Held-out accuracy by iteration and number of digits. Raises NothingToDraw where none was measured."""
    found = []
    for run, arm in zip(runs, arms, strict=True):
        if run.dataset.family != Family.ADDITION:
            raise _no_sums(run)
        measured = [one for one in run.iterations.order_by("number") if "accuracy" in one.metrics]
        if not measured:
            raise NothingToDraw(
                f"Run {run.label!r} measured no accuracy: its recipe has no validation_split.",
                details={"run": run.pk, "label": run.label, "key": "validation_split"},
            )
        iterations = tuple(
            IterationAccuracy(one.number, one.metrics["accuracy"], one.metrics.get("by_digits") or {})
            for one in measured
        )
        later = tuple(map(str, run.recipe.get("later_groups") or ()))
        when = int(run.recipe.get("later_from") or 0) if later else 0
        found.append(AccuracyRun(facts_of(run, arm), iterations, when, later))
    return found


def run_steps(run: TrainingRun, arm: str) -> list[SolutionSteps]:
    """The steps of a STaR run's own unhinted solutions, iteration by iteration: of all, and of the right ones.

    Raises NothingToDraw where no question has a human solution, and for families without calculator steps.
    """
    _require_calculations(run.dataset)
    rows = list(
        TrainingExample.objects.filter(run=run, origin=Origin.FEW_SHOT, iteration__gt=0)
        .order_by("iteration", "question__external_id", "sample")
        .values_list("iteration", "question", "question__external_id", "completion", "verdict")
    )
    human = _human_steps(run.dataset)
    by: dict[tuple[int, bool], list[Steps]] = defaultdict(list)
    for iteration, question, name, text, verdict in rows:
        if question in human:
            steps = Steps(name, count_calculations(text), human[question])
            by[iteration, False].append(steps)
            if verdict == Verdict.CORRECT:
                by[iteration, True].append(steps)
    if not by:
        raise NothingToDraw(
            f"No solution of run {run.label!r} is of a question with a human solution.",
            details={"run": run.pk, "label": run.label},
        )
    facts = facts_of(run, arm)
    return [
        SolutionSteps(arm, number, tuple(steps), facts, right)
        for (number, right), steps in sorted(by.items())
    ]


def source_steps(dataset: Dataset, sources: Sequence[str]) -> list[SolutionSteps]:
    """The steps of all live solutions of these sources, right or wrong. Raises NothingToDraw."""
    _require_calculations(dataset)
    _require_a_reference(dataset, sources)
    human = _human_steps(dataset, apart_from=sources)
    found: list[SolutionSteps] = []
    for source in sources:
        rows = Rationale.objects.filter(question__dataset=dataset, source__label=source, live=True)
        named = rows.order_by("question__external_id", "text_digest")
        steps = tuple(
            Steps(name, count_calculations(text), human[question])
            for question, name, text in named.values_list("question", "question__external_id", "text")
            if question in human
        )
        if not steps:
            raise NothingToDraw(
                f"Dataset {dataset.name!r} has no solution of source {source!r} beside a human one.",
                details={
                    "field": "source",
                    "value": source,
                    "dataset": dataset.name,
                    "source": source,
                    "expected": list(solutions_by_source(dataset)),
                },
            )
        found.append(SolutionSteps(source, 0, steps))
    return found


def solutions_by_source(dataset: Dataset) -> dict[str, int]:
    """How many live solutions each source has of a dataset's questions."""
    rows = Rationale.objects.filter(question__dataset=dataset, live=True).order_by()
    return dict(rows.values_list("source__label").annotate(count=Count("pk")).order_by("source__label"))


def _require_a_reference(dataset: Dataset, sources: Sequence[str]) -> None:
    """Raises NothingToDraw where all human solutions are of sources that are asked for: names the one that counts."""
    own = Rationale.objects.filter(CAME_WITH_QUESTION, question__dataset=dataset, live=True)
    if own.exclude(source__label__in=list(sources)).exists():
        return
    first = own_first(own).values_list("source__label", flat=True).first()
    if first is not None:
        expected = "sources other than the one that they are compared with, or another one written by people"
        raise NothingToDraw(
            f"source: {first!r} holds the human solutions of dataset {dataset.name!r}, and would be compared with"
            f" itself; expected {expected}.",
            details={"field": "source", "value": first, "dataset": dataset.name, "expected": expected},
        )


def _human_steps(dataset: Dataset, *, apart_from: Sequence[str] = ()) -> dict[int, int]:
    """Of each question the steps of the solution that came with it, of no source that is compared.

    Of several the first counts (ratings.library.writers.own_first). Raises NothingToDraw where there is none at all.
    """
    rows = Rationale.objects.filter(CAME_WITH_QUESTION, question__dataset=dataset, live=True)
    rows = own_first(rows.exclude(source__label__in=list(apart_from)))
    texts: dict[int, str] = {}
    for question, text in rows.values_list("question", "text"):
        texts.setdefault(question, text)
    if not texts:
        raise NothingToDraw(
            f"Dataset {dataset.name!r} has no solution that came with its questions"
            f"{unsaid_words(dataset, apart_from=apart_from)}.",
            details={"dataset": dataset.name, "expected": "solutions written by people, or by our makers"},
        )
    return {question: count_calculations(text) for question, text in texts.items()}


def _require_calculations(dataset: Dataset) -> None:
    if dataset.family not in WITH_CALCULATIONS:
        raise NothingToDraw(
            f"Dataset {dataset.name!r} is of family {dataset.family}, whose solutions have no calculator steps.",
            details={"dataset": dataset.name, "family": dataset.family},
        )


def _no_sums(run: TrainingRun) -> NothingToDraw:
    return NothingToDraw(
        f"Run {run.label!r} is on {run.dataset.name!r}, which holds no sums.",
        details={"run": run.pk, "label": run.label, "dataset": run.dataset.name},
    )
