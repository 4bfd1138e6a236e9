"""What can be wrong with a figure that somebody asks for."""

from __future__ import annotations

from accounts.errors import Conflict, InvalidInput, NotFound


class UnknownFigure(InvalidInput):
    """There is no figure of that name, no such plan, or it is not asked for as it can be."""

    code = "unknown_figure"
    blames_arguments = True


class FigureNotFound(NotFound):
    code = "unknown_figure"


class RunNotFinished(Conflict):
    """A run that the figure needs has not finished; details name it and its state."""

    code = "run_not_finished"


class NothingToDraw(Conflict):
    """The runs are finished, but do not hold what this figure shows; `message` says what is missing."""

    code = "nothing_to_draw"
