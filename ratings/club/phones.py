"""What a phone does: join, hold the round's triple in an order of its own, vote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import tokens
from accounts.errors import NotAuthenticated
from accounts.models import AuditEvent
from ratings.club.errors import ClubFull, ClubOver
from ratings.club.models import Club, ClubPhone, ClubRound
from ratings.slots import services
from ratings.slots.cards import assignment_view
from ratings.slots.models import Assignment, Rater, RaterToken, Rating, Slot
from ratings.slots.sessions import find_rater, mint_rater_token
from ratings.studies.draw import keyed_hash
from ratings.studies.form import read_form

#: Raters of a club are handed nothing by the plan's own claim: only the round's triple.
CLUB_STAGE = "club"
MAX_PHONES = 500
LIFETIME = timedelta(hours=18)
#: A phone that asked for nothing this long counts as gone.
GONE_AFTER = timedelta(seconds=20)
_SEEN_GRAIN = timedelta(seconds=5)


@transaction.atomic
def join(code: str) -> tuple[ClubPhone, str]:
    """A new phone and the secret for its cookie. Raises UnknownClub, ClubOver or ClubFull."""
    club = (
        Club.objects.select_for_update(of=("self",)).select_related("study").filter(code=code.upper()).first()
    )
    if club is None or club.phase == Club.Phase.ENDED:
        raise ClubOver("This paper club is over.", details={"club": code[:20]})
    number = club.phones.count()
    if number >= MAX_PHONES:
        raise ClubFull(f"This paper club is full: {MAX_PHONES} phones.", details={"limit": MAX_PHONES})
    rater = Rater.objects.create(
        study=club.study, name=f"club-{club.code.lower()}-{number + 1}", stage=CLUB_STAGE
    )
    phone = ClubPhone.objects.create(club=club, rater=rater, number=number)
    return phone, mint_rater_token(rater, purpose=RaterToken.Purpose.SESSION, lifetime=LIFETIME)


def phone_of(code: str, secret: str | None) -> ClubPhone | None:
    """The phone behind a cookie, None when it is not (or no longer) one of this club."""
    if not secret:
        return None
    try:
        rater = find_rater(secret).rater_id
    except NotAuthenticated:
        return None
    found = ClubPhone.objects.filter(rater=rater, club__code=code.upper())
    phone = found.select_related("club__study", "rater").first()
    if phone is not None and timezone.now() - phone.seen_at > _SEEN_GRAIN:
        ClubPhone.objects.filter(pk=phone.pk).update(seen_at=timezone.now())
    return phone


@transaction.atomic
def hold(phone: ClubPhone, round_: ClubRound) -> Assignment:
    """This phone's assignment of the round's triple: the one that it has, or a new one. Two tabs share it."""
    Rater.objects.select_for_update(no_key=True).get(pk=phone.rater_id)
    mine = Assignment.objects.filter(rater_id=phone.rater_id, triple_id=round_.triple_id)
    held = mine.select_related("triple").first()
    if held is not None:
        return held
    until = timezone.now() + LIFETIME
    order = order_of(phone, round_)
    slot = Slot.objects.create(
        study_id=phone.club.study_id,
        triple_id=round_.triple_id,
        state=Slot.State.HELD,
        order=order,
        random_key=0,
        holder_id=phone.rater_id,
        lease_expires_at=until,
    )
    return Assignment.objects.create(
        token=tokens.random_bytes(16).hex(),
        slot=slot,
        rater_id=phone.rater_id,
        triple=round_.triple,
        order=order,
        lease_expires_at=until,
    )


def order_of(phone: ClubPhone, round_: ClubRound) -> int:
    """0-5: six phones in a row see the six orders, and each round deals them anew."""
    study = phone.club.study
    random = Random(keyed_hash(study.seed, "club", phone.club.code, str(round_.number)))
    orders = list(range(6))
    random.shuffle(orders)
    return orders[phone.number % 6]


def view_of(phone: ClubPhone, assignment: Assignment) -> dict[str, Any]:
    """The assignment as a rater sees it (CONTRACT.md)."""
    assert assignment.order is not None
    return assignment_view(
        token=assignment.token,
        order=assignment.order,
        content=assignment.triple.content,
        lease_expires_at=assignment.lease_expires_at,
        done=phone.club.round - 1,
        quota=None,
        form=read_form(phone.club.study.form),
    )


@transaction.atomic
def vote(secret: str, token: str, body: Mapping[str, Any]) -> None:
    """Stores a vote like any rating: late ones too, as long as the club is on. Raises what `submit_rating` raises.

    Once its own round was revealed a vote is no longer blind: it is kept as surplus, and counts nowhere.
    """
    services.submit_rating(secret, token, body)
    if _was_revealed(token):
        Rating.objects.filter(assignment__token=token).update(surplus=True)


def _was_revealed(token: str) -> bool:
    """Whether wall and phones have shown who wrote what in the round that this assignment is of."""
    assignment = Assignment.objects.select_related("rater__club_phone__club").get(token=token)
    club = assignment.rater.club_phone.club
    number = club.rounds.values_list("number", flat=True).get(triple=assignment.triple_id)
    if number == club.round:
        return club.phase == Club.Phase.REVEALED
    shown = AuditEvent.objects.filter(act="club.revealed", details__club=club.code, details__round=number)
    return shown.exists()
