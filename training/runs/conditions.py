"""On what a run was computed, and what it met on the way: device and numbers, batches halved, prompts left out.

    {"device": "cpu", "precision": "fp32", "processes": 2, "checkpointing": true,
     "lora": {"rank": 8, "alpha": 16.0, "targets": ["q_proj", …], "dropout": 0.0},
     "halved": [{"of": "training", "step": 12, "rows": 6, "words": "…"}, {"of": "sampling", "words": "…"}, …],
     "too_long": {"questions": 3, "of": 120, "longest": 341, "context": 256, "room": 32,
                  "named": [{"question": "q7", "tokens": 341}, …]},
     "warm_up": {"steps": 100, "shorter": [40, 48], "trainings": 2},
     "unknown_characters": {"questions": 2, "of": 120, "characters": "é—"}}

Each is there from the moment that it is known (the warm-up that is longer than the trainings as a rule from the launch
on), and stands on the run's page.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings

from training.estimating.warming import UnendedWarmUp, unended_warm_up
from training.recipes.schema import Recipe
from training.runs.descending import lora_of
from training.runs.models import TrainingRun

if TYPE_CHECKING:
    from jobs.context import JobContext
    from training.precision import Precision

#: Halvings that are written down; a training that goes on has few.
_MOST = 50


def note(context: JobContext, **facts: Any) -> None:
    """Writes facts down on the run, in place of those of the same name."""
    with context.writing():
        run = TrainingRun.objects.only("conditions").get(job_id=context.job_id)
        if run.conditions | facts != run.conditions:
            run.conditions |= facts
            run.save(update_fields=["conditions"])


def known_conditions(warm_up: UnendedWarmUp | None) -> dict[str, Any]:
    """What is known of a run as it is launched."""
    return {} if warm_up is None else {"warm_up": warm_up.as_json()}


def say_warm_up(context: JobContext, run: TrainingRun) -> None:
    """As a run begins: what was known at its launch is in its log too."""
    if warm_up := run.conditions.get("warm_up"):
        context.log(UnendedWarmUp.from_json(warm_up).words)


def note_warm_up(context: JobContext, run: TrainingRun, recipe: Recipe) -> None:
    """By the steps that its trainings took, where the launch did not know them."""
    if "warm_up" in run.conditions:
        return
    taken = run.iterations.filter(steps__gt=0).order_by("number").values_list("steps", flat=True)
    found = unended_warm_up(recipe.warmup_steps, list(taken))
    if found is not None:
        note(context, warm_up=found.as_json())
        context.log(found.words)


def note_means(context: JobContext, recipe: Recipe) -> None:
    """What the recipe's wishes come to on this machine. Raises TrainingError for what it does not have."""
    from generation.registry.loading import pick_device
    from training.precision import chosen_precision

    device = pick_device(settings.DEVICE)
    lora = lora_of(recipe)
    note(
        context,
        device=device_words(device),
        precision=chosen_precision(cast("Precision", recipe.precision), device),
        processes=recipe.processes,
        checkpointing=recipe.gradient_checkpointing,
        lora=None if lora is None else asdict(lora) | {"targets": list(lora.targets)},
    )


def note_halving(context: JobContext, step: int, rows: int) -> None:
    """A batch did not fit: in the log, and on the run."""
    words = (
        f"Step {step}: the memory does not hold the batch. It is computed in parts of at most {rows} from here on, "
        "which changes no result."
    )
    context.log(words)
    _add_halving(context, {"of": "training", "step": step, "rows": rows, "words": words})


class Sampling:
    """generation.sampling.types.Watch of a run's sampling: a batch that was halved is in the log, and on the run."""

    def __init__(self, context: JobContext) -> None:
        self._context = context

    def check(self) -> None:
        self._context.check()

    def log(self, text: str) -> None:
        self._context.log(text)
        _add_halving(self._context, {"of": "sampling", "words": text})


def _add_halving(context: JobContext, one: dict[str, Any]) -> None:
    conditions = TrainingRun.objects.values_list("conditions", flat=True).get(job_id=context.job_id)
    halved = conditions.get("halved", [])
    if one not in halved:
        note(context, halved=[*halved, one][-_MOST:])


def device_words(device: str) -> str:
    """ "cpu", or "cuda: NVIDIA H100 80GB"."""
    if not device.startswith("cuda"):
        return device
    import torch

    return f"{device}: {torch.cuda.get_device_name(device)}"


@dataclass(frozen=True, slots=True)
class Condition:
    """One line for the run's page. warns: something was left out or done otherwise than asked."""

    name: str
    value: str
    note: str = ""
    warns: bool = False


def shown(run: TrainingRun) -> list[Condition]:
    """Little before the run has begun."""
    found = run.conditions
    lines = []
    if "device" in found:
        lines += [
            Condition("Device", found["device"]),
            Condition("Numbers", found["precision"], _PRECISION[found["precision"]]),
        ]
        if found["processes"] > 1:
            lines.append(Condition("Processes", str(found["processes"]), "share each training step"))
        if found["checkpointing"]:
            lines.append(Condition("Activations", "computed anew", "gradient checkpointing"))
        if found["lora"]:
            lines.append(_lora(found["lora"]))
    for one in found.get("halved", []):
        # Runs of earlier versions hold no words.
        words = one.get("words") or f"At most {one['rows']:,} at once from step {one['step']:,} on."
        lines.append(Condition("Batch halved", words, warns=True))
    if warm_up := found.get("warm_up"):
        told = UnendedWarmUp.from_json(warm_up)
        lines.append(Condition("Warm-up", f"{told.steps:,} steps", told.words))
    if left := found.get("too_long"):
        words = (
            f"the longest has {left['longest']:,} tokens; the model reads {left['context']:,}, and {left['room']:,} "
            f"are for what it writes{_named(left)}"
        )
        value = f"{left['questions']:,} of {left['of']:,} questions left out"
        lines.append(Condition("Prompts too long", value, words, warns=True))
    if unknown := found.get("unknown_characters"):
        value = f"in {unknown['questions']:,} of {unknown['of']:,} questions"
        words = f"the tokenizer does not know {', '.join(map(repr, unknown['characters']))}"
        lines.append(Condition("Unknown characters", value, words, warns=True))
    return lines


def _named(left: dict[str, Any]) -> str:
    """Which questions; runs of earlier versions did not write them down."""
    questions = ", ".join(one["question"] for one in left.get("named", ()))
    more = left["questions"] - len(left.get("named", ()))
    return f". Left out: {questions}{f' and {more:,} more' if more else ''}" if questions else ""


_PRECISION = {"fp32": "32 bits throughout", "bf16": "16 bits in products, 32 in weights and sums"}


def _lora(lora: dict[str, Any]) -> Condition:
    where = ", ".join(lora["targets"]) or "all linear layers"
    dropout = f", dropout {lora['dropout']:g}" if lora["dropout"] else ""
    return Condition(
        "LoRA", f"rank {lora['rank']}, alpha {lora['alpha']:g}", f"on {where}{dropout}; merged at the end"
    )
