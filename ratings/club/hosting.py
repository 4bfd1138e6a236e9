"""What the host does: open a club, start a round, show the votes, reveal the sources, end it.

Every act says which page it was pressed on (`seen`): pressed twice, or on two walls, it is done once.
"""

from __future__ import annotations

import secrets
from random import Random

from django.db import transaction
from django.utils import timezone

from accounts.audit import Actor, record
from ratings.club.errors import NoTripleLeft, UnknownClub, WrongPhase
from ratings.club.models import Club, ClubRound
from ratings.slots.models import Assignment, RaterToken, Slot
from ratings.studies.draw import keyed_hash
from ratings.studies.errors import WrongState
from ratings.studies.models import Study
from ratings.studies.selectors import get_study
from ratings.studies.services import unblind_study

#: Without 0 O 1 I L U V: it is read from a wall.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTWXYZ"
CODE_LENGTH = 8

Phase = Club.Phase


@transaction.atomic
def open_club(study_name: str, *, actor: Actor) -> Club:
    """A new club over a study that takes ratings. Raises UnknownStudy or WrongState."""
    study = get_study(study_name)
    if study.state not in (Study.State.OPEN, Study.State.PAUSED):
        raise WrongState(
            f"Study {study_name!r} is {study.state}; a paper club rates in an open study.",
            details={"study": study_name, "state": study.state, "expected": ["open", "paused"]},
        )
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    club = Club.objects.create(study=study, code=code, created_by=actor.user)
    record(actor, "club.open", subject=study.name, details={"club": code})
    return club


def get_club(code: str) -> Club:
    """Raises UnknownClub. Codes are typed from a wall, so their case does not matter."""
    club = Club.objects.select_related("study").filter(code=code.upper()).first()
    if club is None:
        raise UnknownClub("There is no paper club at this address.", details={"club": code[:20]})
    return club


def _locked(code: str, *, seen: str) -> Club:
    get_club(code)
    club = Club.objects.select_for_update(of=("self",)).select_related("study").get(code=code.upper())
    if club.version != seen:
        raise WrongPhase("The wall has moved on meanwhile.", details={"seen": seen, "now": club.version})
    return club


def _require(club: Club, *phases: str) -> None:
    if club.phase not in phases:
        raise WrongPhase(
            f"This club is at {club.get_phase_display()!r}.",
            details={"phase": club.phase, "expected": list(phases)},
        )


@transaction.atomic
def start_round(code: str, *, seen: str, actor: Actor) -> Club:
    """The next triple: in the study's order, each once. Raises WrongPhase or NoTripleLeft."""
    club = _locked(code, seen=seen)
    _require(club, Phase.LOBBY, Phase.VOTES, Phase.REVEALED)
    used = club.rounds.values("triple")
    triple = club.study.triples.exclude(pk__in=used).order_by("number").only("pk").first()
    if triple is None:
        raise NoTripleLeft("Every triple of the study was rated in this club.", details={"club": club.code})
    _let_go(club)
    club.round += 1
    club.phase = Phase.VOTING
    club.save(update_fields=["round", "phase"])
    wall = Random(keyed_hash(club.study.seed, "wall", club.code, str(club.round))).randrange(6)
    ClubRound.objects.create(club=club, number=club.round, triple=triple, wall_order=wall)
    record(actor, "club.round", subject=club.study.name, details={"club": club.code, "round": club.round})
    return club


def _let_go(club: Club) -> None:
    """Frees the phones that did not vote for the next round. Their slots stay theirs: a late vote is still taken."""
    mine = Assignment.objects.filter(rater__club_phone__club=club, state=Assignment.State.HELD)
    # The slot's lock first, as a submit takes it: who is submitting now goes first.
    list(Slot.objects.select_for_update(of=("self",)).filter(assignments__in=mine).order_by("pk"))
    Assignment.objects.filter(rater__club_phone__club=club, state=Assignment.State.HELD).update(
        state=Assignment.State.RELEASED
    )


@transaction.atomic
def show_votes(code: str, *, seen: str, actor: Actor) -> Club:
    """Ends the round's rating, whoever has not rated yet."""
    return _move(code, seen=seen, actor=actor, allowed=[Phase.VOTING], to=Phase.VOTES)


@transaction.atomic
def reveal(code: str, *, seen: str, actor: Actor) -> Club:
    """Names the sources on wall and phones. The study is un-blinded by it, which is audited as such."""
    club = _move(code, seen=seen, actor=actor, allowed=[Phase.VOTES], to=Phase.REVEALED)
    unblind_study(club.study.name, reason=f"Revealed in paper club {club.code}.", actor=actor)
    return club


def _move(code: str, *, seen: str, actor: Actor, allowed: list[Phase], to: Phase) -> Club:
    club = _locked(code, seen=seen)
    _require(club, *allowed)
    club.phase = to
    club.save(update_fields=["phase"])
    details = {"club": club.code, "round": club.round}
    record(actor, f"club.{to.value}", subject=club.study.name, details=details)
    return club


@transaction.atomic
def end_club(code: str, *, actor: Actor) -> Club:
    """No more votes; places of phones that never voted are taken out again, and every phone is signed out."""
    get_club(code)
    club = Club.objects.select_for_update(of=("self",)).select_related("study").get(code=code.upper())
    if club.phase == Phase.ENDED:
        return club
    unused = Slot.objects.filter(holder__club_phone__club=club, state=Slot.State.HELD)
    keys = [slot.pk for slot in unused.select_for_update(of=("self",)).order_by("pk")]
    # Nothing was said on these; a vote that came in while we waited for the lock has made its slot `rated`.
    Slot.objects.filter(pk__in=keys, state=Slot.State.HELD).delete()
    now = timezone.now()
    RaterToken.objects.filter(rater__club_phone__club=club, revoked_at=None).update(expires_at=now)
    club.phase, club.ended_at = Phase.ENDED, now
    club.save(update_fields=["phase", "ended_at"])
    record(actor, "club.end", subject=club.study.name, details={"club": club.code, "rounds": club.round})
    return club
