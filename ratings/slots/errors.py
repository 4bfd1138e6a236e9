"""What can go wrong between a rater and a slot, each with the code of CONTRACT.md."""

from __future__ import annotations

from http import HTTPStatus

from accounts.errors import Conflict, Gone, InvalidInput, NotFound


class StudyNotOpen(Conflict):
    code = "study_not_open"


class StudyClosed(Gone):
    code = "study_closed"


class JourneyUnfinished(Conflict):
    """A stage of the study's journey comes before the next assignment."""

    code = "journey_unfinished"


class LeftStudy(Conflict):
    """The rater gave no consent, or took it back: nothing more is taken."""

    code = "left_study"


class AlreadyRated(Conflict):
    code = "already_rated"


class LeaseLost(Conflict):
    """The slot went to another rater; a rating is still taken, as surplus."""

    code = "lease_lost"


class NothingToUndo(Conflict):
    code = "nothing_to_undo"


class UnknownAssignment(NotFound):
    """Also for another rater's token: who asks must not learn that it exists."""

    code = "unknown_assignment"


class UnknownRating(NotFound):
    code = "unknown_rating"


class NotARanking(InvalidInput):
    code = "not_a_ranking"


class UnknownCard(InvalidInput):
    code = "unknown_card"


class UnknownStep(InvalidInput):
    code = "unknown_step"


class InvalidField(InvalidInput):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code = "invalid"
