"""What can go wrong on a rater's way through a study."""

from __future__ import annotations

from accounts.errors import Conflict, InvalidInput, NotFound


class WrongStage(Conflict):
    """An answer for a stage that this rater has not reached, or that the study lacks; details say which it is."""

    code = "wrong_stage"


class ConsentChanged(Conflict):
    """Consent to other words than the study's."""

    code = "consent_changed"


class PracticeUnfinished(Conflict):
    code = "practice_unfinished"


class UnknownQuestion(InvalidInput):
    """An answer to a question, or about a card, that was not asked."""

    code = "unknown_question"


class NotRevealed(NotFound):
    """Also where the study reveals nothing at all: nobody learns from this whether it ever will."""

    code = "not_revealed"


class Revealed(Conflict):
    """Whoever was shown the sources cannot change ratings any more."""

    code = "revealed"
