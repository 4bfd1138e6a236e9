"""What can go wrong in training, in words for the page, the command and the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accounts.errors import StarchamberError

if TYPE_CHECKING:
    from generation.registry.loading import LoadedModel


class TrainingError(StarchamberError):
    """A training that cannot begin or go on; asking again changes nothing."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "training_failed"

    def _add(self, sentence: str) -> None:
        self.message += sentence
        self.args = (self.message,)


class NothingToLearn(TrainingError):
    """There is no example, no pair or no question to train on. `message` says where they went."""

    code = "nothing_to_learn"


class NothingRight(TrainingError):
    """A model solved not one question, so that there is nothing to keep. The same run would end so again."""

    code = "nothing_right"

    def __init__(self, message: str, *, details: Mapping[str, Any]) -> None:
        super().__init__(message, details={**details, "resumable": False})

    def add_left_out(self, left: Mapping[str, Any]) -> None:
        """Says how many questions were never asked, first where they are the most. left: conditions' `too_long`."""
        out, of = left["questions"], left["of"]
        sentence = (
            f"{out:,} of {of:,} questions were left out before: their prompts leave no room for {left['room']:,} tokens"
            f" of an answer in the model's context of {left['context']:,}. Fewer or shorter worked examples (shots), a"
            " lower max_new_tokens or a model with a longer context bring them back."
        )
        self.details["left_out"] = {"questions": out, "of": of}
        if 2 * out >= of:
            found, _, advice = self.message.partition(" could be kept. ")
            self.message = f"{found} could be kept. {sentence} {advice}"
            self.args = (self.message,)
        else:
            self._add(f" {sentence}")

    def add_last(self, name: str, label: str) -> None:
        """Says under which label the best model that the run had finished is kept."""
        self._add(f" The model of {name}, the best so far, is kept as {label!r}.")
        self.details["last_model"] = label

    def add_ending(self) -> None:
        self._add(" Resuming would end the same way: change the recipe.")


class LossNotFinite(TrainingError):
    """The loss or its gradient became NaN or infinite at `step`, which was not taken."""

    code = "loss_not_finite"

    def __init__(self, step: int, *, what: str, value: float, last_saved: int | None) -> None:
        kept = "no state was saved yet" if last_saved is None else f"the state of step {last_saved} is kept"
        super().__init__(
            f"The {what} of step {step} is {value}; {kept}. "
            "A lower learning rate, a longer warm-up or a smaller gradient clip usually helps.",
            details={"step": step, "what": what, "value": str(value), "last_saved": last_saved},
        )
        self.step = step
        #: The model as it was before that step, for whoever keeps it; set by the method that trained it.
        self.loaded: LoadedModel | None = None

    def add_where(self, training: str) -> None:
        """Says which of a run's trainings it was, "iteration 2": steps are counted from 1 in each."""
        self.message = f"{training[:1].upper()}{training[1:]}: {self.message[:1].lower()}{self.message[1:]}"
        self.args = (self.message,)
        self.details["training"] = training

    def add_kept(self, label: str) -> None:
        """Says under which label the model as it was before that step is kept."""
        self._add(f" The model before that step is kept as {label!r}: a new run can start from it.")
        self.details["model"] = label

    def add_last(self, name: str, label: str) -> None:
        """Says under which label the last model that the run had finished is kept."""
        self._add(f" The model of {name} is kept as {label!r}.")
        self.details["last_model"] = label


class BatchDoesNotFit(TrainingError):
    """Not even a single example has room in the memory beside the model."""

    code = "out_of_memory"

    def __init__(self, step: int) -> None:
        super().__init__(
            f"Step {step}: the memory does not hold the model and a single example beside it. Gradient checkpointing, "
            "LoRA (lora_rank), shorter examples or a larger machine help; a smaller batch does not.",
            details={"step": step},
        )


def no_lora_target(target: str, known: Sequence[str]) -> TrainingError:
    """known: the last parts of the names of the model's linear layers."""
    return TrainingError(
        f"lora_targets: the model has no linear layer {target!r}; it has {', '.join(known)}.",
        code="no_lora_target",
        details={"field": "lora_targets", "value": target, "expected": list(known)},
    )


class ProcessLost(StarchamberError):
    """One of a training's processes ended, or no longer answers. The training goes on from its last state."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "process_lost"


class StateNotWritten(TrainingError):
    """The state of a training could not be written, for instance for want of space. The one before is kept."""

    code = "state_not_written"


class CannotResume(TrainingError):
    """What is in the folder is no state of this training."""

    code = "cannot_resume"


class CheckpointMissing(TrainingError):
    """The files of a checkpoint that the run needs are gone."""

    code = "checkpoint_missing"

    def __init__(self, name: str, folder: Path) -> None:
        super().__init__(
            f"The files of {name} are gone: {folder} has no manifest.json. Put the folder back and resume the run, or"
            " resume it without: what can be trained again from its stored candidates is. Otherwise begin anew: clone"
            " the run, or repeat its command with --anew.",
            details={"checkpoint": name, "path": str(folder), "expected": "the folder as the run wrote it"},
        )
