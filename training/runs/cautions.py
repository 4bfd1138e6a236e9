"""What a run that ended, or goes on, must not be silent about: its result is bad, and what helps.

One list for the page, the API (`warnings`), the command's answer and the log, in the same words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from generation.registry.models import LanguageModel
from training.evaluation.endings import Ending, ending_of_pairs, ending_of_tokens
from training.runs.against_base import AgainstBase, against_base
from training.runs.blinding import told
from training.runs.losses import courses_of, held_out_losses
from training.runs.models import Algorithm, TrainingRun
from training.runs.showing import percent

_ADVICE = "Try a lower learning rate, more steps of warm-up, or a smaller gradient clip."
_ADVICE_PAIRS = (
    "Try a lower learning rate or fewer passes over the pairs, and look whether they prefer what they should."
)
_TITLES = {
    "diverged": "This training has diverged",
    "worse_than_guessing": "This training has collapsed",
    "worse_than_chance": "The verifier is worse than chance",
    "worse_than_base": "Worse than its base",
}


@dataclass(frozen=True, slots=True)
class Caution:
    """code: diverged, worse_than_guessing, worse_than_chance (rules: training.evaluation.endings; agreement whose whole
    interval lies below a half; best-of-k whose interval lies below pass@1), worse_than_base."""

    code: str
    message: str
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return _TITLES[self.code]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def cautions_of(run: TrainingRun, beside: list[AgainstBase] | None = None) -> list[Caution]:
    """[] for a run that does as it should. beside: against_base(run), where the caller has it."""
    beside = against_base(run) if beside is None else beside
    return [
        *_bad_losses(run),
        *_bad_verifier(run),
        *(_worse(one) for one in beside if one.is_worse),
    ]


def _bad_losses(run: TrainingRun) -> Iterable[Caution]:
    courses, vocabulary = courses_of(run), _vocabulary(run)
    measured = held_out_losses(run)
    if measured and courses:
        # What was measured only once is compared to the loss that the training began with.
        start = measured[0] if len(measured) > 1 else courses[0].start
        if (bad := ending_of_tokens(start, measured[-1:], vocabulary=vocabulary)) is not None:
            yield _ended("Its held-out loss", bad, run)
            return
    for course in courses:
        bad = (
            ending_of_pairs(course.start, course.last)
            if course.of_pairs
            else ending_of_tokens(course.start, course.last, vocabulary=vocabulary)
        )
        if bad is not None:
            yield _ended(course.what, bad, run)


def _ended(what: str, bad: Ending, run: TrainingRun) -> Caution:
    went = f"{what} went from {bad.start:.2f} to {bad.end:.2f}"
    match bad.bad:
        case "diverged":
            message = f"{went}: the model unlearned more than it learned. {_ADVICE}"
        case "worse_than_guessing":
            message = (
                f"{went}; a model that thinks every token equally likely has {bad.bound:.2f}, the logarithm of the "
                f"vocabulary. {_ADVICE}"
            )
        case "worse_than_chance":
            message = f"{went}; a coin has {bad.bound:.2f}, the logarithm of 2. {_ADVICE_PAIRS}"
    details = {"loss": what, "start": bad.start, "end": bad.end, "bound": bad.bound}
    return Caution(bad.bad, message + _kept_best(run), details)


def _kept_best(run: TrainingRun) -> str:
    """Where an earlier state was the best, the model is that one."""
    metrics = told(run, run.metrics)
    best, steps = metrics.get("best_step"), metrics.get("steps")
    if run.algorithm not in (Algorithm.SFT, Algorithm.DPO) or not best or not steps or best == steps:
        return ""
    return f" The model that was kept is that of step {best:,}, the best on what is held out."


def _vocabulary(run: TrainingRun) -> int:
    """Tokens of the model; of a hub's base only its checkpoints say it."""
    models = LanguageModel.objects.filter(checkpoint__run=run)
    found = [run.base.manifest, *models.values_list("manifest", flat=True)[:1]]
    return next((manifest["vocabulary"] for manifest in found if manifest.get("vocabulary")), 0)


def _bad_verifier(run: TrainingRun) -> Iterable[Caution]:
    for split, ways in (run.metrics.get("held_out") or {}).items():
        found = ways["reward"]
        if found["high"] is not None and found["high"] < 0.5:
            message = (
                f"It agrees with {percent(found['agreement'])} of {found['pairs']:,} held-out preferences of split "
                f"{split} (95% interval {percent(found['low'])} to {percent(found['high'])}); a coin agrees with half. "
                f"{_ADVICE_PAIRS}"
            )
            yield Caution("worse_than_chance", message, {"split": split, **found})
    report = run.metrics.get("validation")
    if isinstance(report, dict):
        yield from _bad_choice(report)


def _bad_choice(report: dict[str, Any]) -> Iterable[Caution]:
    """Best of the most samples by the verifier, against one drawn blindly."""
    by_k = {int(k): value for k, value in report.get("best_of", {}).get("verifier", {}).items()}
    drawn = report.get("pass_at", {}).get("1")
    k = max(by_k, default=1)
    bounds = report.get("intervals", {}).get("best_of", {}).get("verifier", {}).get(str(k))
    if k > 1 and drawn is not None and by_k[k] is not None and bounds and bounds[1] < drawn:
        message = (
            f"The best of {k} samples by the verifier is right for {percent(by_k[k])} of the held-out questions "
            f"(95% interval {percent(bounds[0])} to {percent(bounds[1])}), one drawn blindly for {percent(drawn)}. "
            f"{_ADVICE_PAIRS}"
        )
        yield Caution("worse_than_chance", message, {"k": k, "best_of": by_k[k], "pass_at_1": drawn})


def _worse(found: AgainstBase) -> Caution:
    paired = found.paired
    interval = f", 95% interval {found.interval}".rstrip(", ") if found.interval else ""
    chance = "This could be chance." if found.could_be_chance else "This is hardly chance."
    message = (
        f"Its result is worse than {found.base}: {percent(found.accuracy)} against {percent(found.base_accuracy)} of "
        f"{found.questions} ({100 * paired.difference:+.1f} points{interval}). {chance}"
    )
    return Caution("worse_than_base", message, found.as_json())
