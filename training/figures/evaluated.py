"""Runs and their base on the test questions: which evaluation counts for the table of methods, and what it says.

Counted are greedy answers to all questions of the split, as many tokens of each as the model's context has room for:
what `evaluate` does by itself, and plans do. Samples beside the greedy answer change nothing about it. A trained model
is asked plainly; its base plainly, where every seed gives the same answers, and behind worked examples, which a seed
draws: those of the runs' seeds, all of them or the figure is refused. Whatever else was evaluated is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from generation.registry.models import LanguageModel
from jobs.models import Job
from ratings.library.models import Dataset
from training.figures.errors import NothingToDraw
from training.figures.kinds import methods
from training.figures.kinds.methods import MethodResult
from training.figures.reading import facts_of
from training.runs.learned import learned_from
from training.runs.measured_models import Evaluation
from training.runs.models import Algorithm, TrainingRun

#: The split whose questions nothing learned from.
TEST = "test"


@dataclass(frozen=True, slots=True)
class Asked:
    """base_shots: behind how many worked examples the base is to be shown; None: as it was evaluated for every seed."""

    base_shots: tuple[int, ...] | None = None


def method_results(runs: Sequence[TrainingRun], asked: Asked) -> list[MethodResult]:
    """The runs' results on the test questions, and their base's. Raises NothingToDraw where one was not measured."""
    base, dataset = runs[0].base, runs[0].dataset
    for run in runs:
        if (run.base_id, run.dataset_id) != (base.pk, dataset.pk):
            raise NothingToDraw(
                f"Runs of one table share base and dataset; {run.label!r} has others than {runs[0].label!r}.",
                details={"run": run.pk, "label": run.label},
            )
    results = [_trained(run) for run in runs]
    found = [*_of_base(base, dataset, sorted({run.seed for run in runs}), asked), *results]
    _require_one_test(found)
    return [result for result, _ in found]


Found = tuple[MethodResult, Evaluation]


def _of_base(base: LanguageModel, dataset: Dataset, seeds: Sequence[int], asked: Asked) -> list[Found]:
    """The base, asked plainly and behind worked examples."""
    newest: dict[tuple[int, int], Evaluation] = {}
    for one in _evaluations(base, dataset):
        shots, seed = int(one.settings["shots"]), int(one.settings["seed"])
        if not shots or seed in seeds:
            # Asked plainly and greedily every seed gives the same answers.
            newest.setdefault((shots, seed if shots else 0), one)
    wanted = sorted({shots for shots, _ in newest}) if asked.base_shots is None else asked.base_shots
    found: list[Found] = []
    for shots in wanted:
        method = methods.few_shot(shots) if shots else methods.PLAIN
        for seed in seeds if shots else [0]:
            evaluation = newest.get((shots, seed))
            if evaluation is None:
                raise _missing(f"The base {base.label!r}", base.label, dataset, shots=shots, seed=seed)
            found.append((_result(method, seed, evaluation), evaluation))
    return found


def _trained(run: TrainingRun) -> Found:
    checkpoint = run.checkpoints.filter(is_result=True, model__isnull=False).select_related("model").first()
    model = checkpoint.model if checkpoint else None
    evaluations = _evaluations(model, run.dataset) if model else []
    one = next((one for one in evaluations if not one.settings["shots"]), None)
    if one is None:
        raise _missing(f"Run {run.label!r}", run.label, run.dataset, run=run)
    method, generated, rationalized = _learned(run)
    return _result(method, run.seed, one, generated, rationalized, run=run), one


def _result(
    method: str,
    seed: int,
    one: Evaluation,
    generated: float = 0.0,
    rationalized: float = 0.0,
    *,
    run: TrainingRun | None = None,
) -> MethodResult:
    return MethodResult(
        method=method,
        seed=seed,
        accuracy=one.result["greedy_accuracy"],
        questions=one.result["questions"],
        generated=generated,
        rationalized=rationalized,
        facts=None if run is None else facts_of(run, method),
        evaluation=one.pk,
        shots=one.settings["shots"],
    )


def _evaluations(model: LanguageModel, dataset: Dataset) -> list[Evaluation]:
    """Finished ones that count, newest first."""
    found = Evaluation.objects.filter(
        model=model, dataset=dataset, split=TEST, job__state=Job.State.FINISHED
    ).order_by("-pk")
    return [
        one
        for one in found.select_related("sample_set")
        if not one.settings["questions"]
        and one.settings["max_new_tokens"] is None
        and one.result.get("greedy_accuracy") is not None
    ]


def _missing(
    who: str, label: str, dataset: Dataset, *, shots: int = 0, seed: int = 0, run: TrainingRun | None = None
) -> NothingToDraw:
    behind = f" behind {shots} worked example{'s' if shots != 1 else ''} with seed {seed}" if shots else ""
    more = f" --shots {shots} --seed {seed}" if shots else ""
    details: dict[str, Any] = {
        "label": label,
        "dataset": dataset.name,
        "split": TEST,
        "shots": shots,
        "seed": seed,
    }
    return NothingToDraw(
        f"{who} was not evaluated on all of split {TEST!r} of {dataset.name!r}{behind}, with as many tokens as there is"
        f" room for; do so first: manage.py evaluate --model {label} --dataset {dataset.name} --samples 1"
        f" --temperature 0{more}",
        details=details | ({} if run is None else {"run": run.pk}),
    )


def _require_one_test(found: Sequence[Found]) -> None:
    """All rows of a table answer the same questions. Raises NothingToDraw."""
    first_result, first = found[0]
    for result, one in found:
        if _questions(one) != _questions(first):
            raise NothingToDraw(
                f"Evaluations {first.pk} ({first_result.method}) and {one.pk} ({result.method}) are on different"
                f" questions of split {TEST!r}: {first_result.questions:,} and {result.questions:,}. It has changed"
                " between them; evaluate both again.",
                details={"evaluations": [first.pk, one.pk], "split": TEST},
            )


def _questions(one: Evaluation) -> object:
    """Which they are; of an evaluation that keeps no candidates, how many."""
    return one.result["questions"] if one.sample_set is None else one.sample_set.questions


def _learned(run: TrainingRun) -> tuple[str, float, float]:
    """(method, shares of the questions that could be learned that were, as generated and as rationalized)."""
    if run.algorithm == Algorithm.SFT:
        method = methods.DIRECT if run.recipe.get("learn") == "answers" else methods.SFT
        return method, *learned_from(run, 1).shares
    if run.algorithm != Algorithm.STAR:
        raise NothingToDraw(
            f"Run {run.label!r} is {run.get_algorithm_display()}; the table holds SFT and STaR runs.",
            details={"run": run.pk, "label": run.label, "algorithm": run.algorithm},
        )
    method = methods.WITH if run.recipe.get("rationalize") else methods.WITHOUT
    return method, *learned_from(run, int(run.metrics["best_iteration"])).shares
