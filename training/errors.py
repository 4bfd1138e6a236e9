"""What can go wrong in training, in words for the page, the command and the API."""

from __future__ import annotations

from http import HTTPStatus

from accounts.errors import StarchamberError


class TrainingError(StarchamberError):
    """A training that cannot begin or go on; asking again changes nothing."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "training_failed"


class NothingToLearn(TrainingError):
    """There is no example, no pair or no question to train on. `message` says where they went."""

    code = "nothing_to_learn"


class NothingRight(TrainingError):
    """A model solved not one question, so that there is nothing to keep."""

    code = "nothing_right"


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


class StateNotWritten(TrainingError):
    """The state of a training could not be written, for instance for want of space. The one before is kept."""

    code = "state_not_written"


class CannotResume(TrainingError):
    """What is in the folder is no state of this training."""

    code = "cannot_resume"
