"""A run's result beside what it began with, on the same questions: whether the training was worth anything.

held out    STaR and V-STaR measure iteration 0 as they measure all others
a split     where the result and the base were both evaluated on it, with as many worked examples in the prompt
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from training.evaluation.paired import PairedDifference, paired_difference
from training.runs.measured_models import Evaluation
from training.runs.models import Algorithm, Checkpoint, TrainingRun
from training.runs.results import best_iteration, greedy_by_setting, results_by_iteration, setting_of

HELD_OUT = "held out"
#: A difference that chance makes less often than this is hardly chance.
_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class AgainstBase:
    """base: its label, or V-STaR's first generator. on: "held out", or the split of both evaluations. accuracy,
    base_accuracy: over the questions that both answered. paired: accuracy minus base_accuracy."""

    base: str
    on: str
    accuracy: float
    base_accuracy: float
    paired: PairedDifference

    @property
    def is_worse(self) -> bool:
        return self.paired.difference < 0

    @property
    def could_be_chance(self) -> bool:
        return self.paired.p >= _LEVEL

    @property
    def points(self) -> str:
        return f"{100 * self.paired.difference:+.1f}"

    @property
    def p_words(self) -> str:
        return "below 0.001" if self.paired.p < 0.001 else f"{self.paired.p:.3f}"

    @property
    def interval_words(self) -> str:
        return f"95% interval {self.interval}" if self.interval else ""

    @property
    def questions(self) -> str:
        of = "held-out questions" if self.on == HELD_OUT else f"questions of split {self.on}"
        return f"{self.paired.questions:,} {of}"

    @property
    def interval(self) -> str:
        """Of the difference, in points, with a comma behind it; "" without one."""
        low, high = self.paired.low, self.paired.high
        return "" if low is None or high is None else f"{100 * low:+.1f} to {100 * high:+.1f}, "

    def as_json(self) -> dict[str, Any]:
        paired = asdict(self.paired)
        return {
            "base": self.base,
            "on": self.on,
            "accuracy": self.accuracy,
            "base_accuracy": self.base_accuracy,
            **paired,
            "worse": self.is_worse,
        }


def against_base(run: TrainingRun) -> list[AgainstBase]:
    """What is known, the run's own measurement first; [] where nobody measured both on the same questions."""
    found = [_held_out(run), *_evaluated(run)]
    return [one for one in found if one is not None]


def _held_out(run: TrainingRun) -> AgainstBase | None:
    measured = run.iterations.values_list("number", "metrics")
    accuracies = {number: one["accuracy"] for number, one in measured if one.get("accuracy") is not None}
    number = best_iteration(run, accuracies)
    results = results_by_iteration(run, only=(0, number)) if number else {}
    if not number or 0 not in results or number not in results:
        return None
    return _beside(_first_model(run), HELD_OUT, results[number], results[0])


def _first_model(run: TrainingRun) -> str:
    """V-STaR's iteration 0 is a model of its own where it was given solutions to begin with."""
    own = run.algorithm == Algorithm.VSTAR and run.checkpoints.filter(name="generator-0").exists()
    return "generator 0" if own else run.base.label


def _evaluated(run: TrainingRun) -> list[AgainstBase | None]:
    if run.algorithm in (Algorithm.DPO, Algorithm.VSTAR):
        return []  # their result is a verifier, which answers nothing
    result = run.checkpoints.filter(is_result=True, model__isnull=False).select_related("model").first()
    if result is None or result.model is None:
        return []
    own, base = (greedy_by_setting(model, run.dataset) for model in (result.model, run.base))
    return [
        _beside(run.base.label, setting[0], own[setting], base[setting]) for setting in own if setting in base
    ]


def evaluation_against_base(evaluation: Evaluation) -> AgainstBase | None:
    """The evaluated model minus the base of the run that made it, by the greedy answers to the same questions.

    None for a model that no run made, and where the base was not evaluated under the same setting.
    """
    made = evaluation.sample_set
    checkpoint = Checkpoint.objects.filter(model=evaluation.model).select_related("run__base").first()
    if made is None or checkpoint is None:
        return None
    setting = setting_of(made)
    base = checkpoint.run.base
    own, first = (greedy_by_setting(model, evaluation.dataset) for model in (evaluation.model, base))
    return _beside(base.label, evaluation.split, own.get(setting, {}), first.get(setting, {}))


def _beside(base: str, on: str, own: Mapping[str, bool], first: Mapping[str, bool]) -> AgainstBase | None:
    same = sorted(own.keys() & first.keys())
    if not same:
        return None
    paired = _paired(tuple(own[key] for key in same), tuple(first[key] for key in same))
    accuracy, base_accuracy = (sum(one[key] for key in same) / len(same) for one in (own, first))
    return AgainstBase(base, on, accuracy, base_accuracy, paired)


@lru_cache(maxsize=64)
def _paired(own: tuple[bool, ...], first: tuple[bool, ...]) -> PairedDifference:
    """A page that looks again every few seconds need not resample each time."""
    return paired_difference(own, first)
