"""What can go wrong in a club."""

from __future__ import annotations

from accounts.errors import Conflict, Gone, NotFound


class UnknownClub(NotFound):
    code = "unknown_club"


class ClubOver(Gone):
    code = "club_over"


class ClubFull(Conflict):
    code = "club_full"


class WrongPhase(Conflict):
    """The act does not fit what the wall shows now, for example because it was pressed twice."""

    code = "wrong_phase"


class NoTripleLeft(Conflict):
    code = "no_triple_left"
