"""Which held-out questions each iteration of a run answers rightly, and which a model does in an evaluation."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from generation.registry.models import LanguageModel
from problems.types import Verdict
from ratings.library.models import Dataset
from training.runs.measured_models import Sample, SampleSet
from training.runs.models import Algorithm, TrainingRun

#: The fact of a run that trains once: {"validation": {question: right or not}}, as the loops' reports have it.
RESULTS = "results"


def results_by_iteration(run: TrainingRun, only: Collection[int] | None = None) -> dict[int, dict[str, bool]]:
    """By iteration, 0 the base; a run that trains once has iteration 1. {} for runs that wrote none down.

    only: these iterations, where the facts of all would be much to read.
    """
    facts = run.facts.all()
    if only is not None:
        names = [f"{kind}-{number}" for kind in ("iteration", "generator") for number in only]
        facts = facts.filter(name__in=[*names, RESULTS])
    found = {}
    for name, stored in facts.values_list("name", "facts"):
        # A verifier's facts also hold a validation, which is a report.
        if isinstance(stored, dict) and stored.get("validation") and name != "verifier":
            found[1 if name == RESULTS else int(stored["number"])] = dict(stored["validation"])
    return found


def best_iteration(run: TrainingRun, accuracies: Mapping[int, float]) -> int | None:
    """The iteration that is, or would be, the run's result. accuracies: of those that were measured, by number."""
    if run.metrics.get("best_iteration"):
        return int(run.metrics["best_iteration"])
    if run.algorithm == Algorithm.VSTAR and run.metrics.get("generator") is not None:
        return int(run.metrics["generator"])
    trained = [number for number in accuracies if number or run.algorithm != Algorithm.STAR]
    return max(trained, key=lambda number: (accuracies[number], -number)) if trained else None


#: (split, worked examples in the prompt, most tokens of an answer): what greedy answers depend on, but the model.
Setting = tuple[str, int, int | None]


def greedy_by_setting(model: LanguageModel, dataset: Dataset) -> dict[Setting, dict[str, bool]]:
    """Whether the model's greedy answer is right, by question, for each setting that it was evaluated under."""
    rows = Sample.objects.filter(greedy=True, sample_set__dataset=dataset, sample_set__model=model)
    columns = ("sample_set__split", "sample_set__settings", "question__external_id", "verdict")
    found: dict[Setting, dict[str, bool]] = {}
    for split, settings, question, verdict in rows.order_by("sample_set_id").values_list(*columns):
        setting = _setting(split, settings)
        found.setdefault(setting, {})[question] = verdict == Verdict.CORRECT
    return found


def setting_of(made: SampleSet) -> Setting:
    return _setting(made.split, made.settings)


def _setting(split: str, settings: Mapping[str, Any]) -> Setting:
    return split, settings.get("shots", 0), settings.get("max_new_tokens")
