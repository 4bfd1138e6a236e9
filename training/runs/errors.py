"""What can be wrong with a run or an evaluation that somebody launches or asks for."""

from __future__ import annotations

from accounts.errors import Conflict, InvalidInput, NotFound


class UnknownRun(NotFound):
    code = "unknown_run"


class UnknownEvaluation(NotFound):
    code = "unknown_evaluation"


class UnknownCheckpoint(NotFound):
    code = "unknown_checkpoint"


class LabelTaken(Conflict):
    """A model, or a run that may still make one, has this label."""

    code = "name_taken"


class EmptySplit(InvalidInput):
    """No question of the dataset is in the split; details hold those that have some."""

    code = "empty_split"


class NoRationales(InvalidInput):
    """There is nothing to learn to write."""

    code = "no_rationales"


class NoPreferences(InvalidInput):
    """No vote, and no line of a file, prefers one text to another."""

    code = "no_preferences"


class NotTrainable(InvalidInput):
    """The model's weights are not here, so that nothing can be trained from them, nor scored with them."""

    code = "not_trainable"


class NotGraded(InvalidInput):
    """Questions without gold answers: nothing can be kept or counted by its answer."""

    code = "not_graded"


class NotFinished(Conflict):
    """The run has made no checkpoint (yet)."""

    code = "not_finished"
