"""What wall and phones show of a club. Sources appear in one function, which asks for the phase first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from ratings.club.models import Club, ClubPhone, ClubRound
from ratings.club.phones import GONE_AFTER
from ratings.club.tally import Tally, tally
from ratings.slots.counted import COUNTED
from ratings.slots.models import Rating
from ratings.studies.orders import ORDERS
from ratings.studies.selectors import source_labels

#: Names of the rationales once votes are shown; before, a phone's marks are its own.
LETTERS = ("A", "B", "C")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many phones there are, how many of them were heard of lately, and how many have rated this round."""

    phones: int
    present: int
    voted: int


def club_link(club: Club) -> str:
    """The absolute URL of the club's phones."""
    return f"{settings.PUBLIC_URL}{reverse('club:phone', args=[club.code])}"


def counts_of(club: Club) -> Counts:
    alive = timezone.now() - GONE_AFTER
    phones = ClubPhone.objects.filter(club=club)
    return Counts(
        phones=phones.count(),
        present=phones.filter(seen_at__gte=alive).count(),
        voted=_votes(club).filter(triple=_triple_id(club)).count() if club.round else 0,
    )


def _triple_id(club: Club) -> int | None:
    return ClubRound.objects.filter(club=club, number=club.round).values_list("triple_id", flat=True).first()


def _votes(club: Club) -> Any:
    return Rating.objects.filter(COUNTED, rater__club_phone__club=club)


def round_of(club: Club) -> ClubRound | None:
    """The present round with its triple; None in the lobby."""
    found = ClubRound.objects.filter(club=club, number=club.round)
    return found.select_related("triple", "club__study").first()


def round_tally(round_: ClubRound) -> Tally:
    rows = _votes(round_.club).filter(triple=round_.triple_id)
    return tally(rows.values_list("ranking", "all_bad"))


def club_tally(club: Club) -> Tally:
    """All rounds so far together."""
    return tally(_votes(club).values_list("ranking", "all_bad"))


def vote_of(phone: ClubPhone, round_: ClubRound) -> Rating | None:
    return Rating.objects.filter(rater=phone.rater_id, triple=round_.triple_id, current=True).first()


def lettered_cards(round_: ClubRound, *, found: Tally | None) -> list[dict[str, Any]]:
    """The round's rationales as the wall arranges them: letter, text, votes (None: not shown yet), and the source's
    name once it is revealed."""
    content = round_.triple.content
    revealed = round_.club.phase == Club.Phase.REVEALED and round_.number == round_.club.round
    labels = source_labels(round_.club.study) if revealed else None
    return [
        {
            "letter": letter,
            "index": source,
            "html": content["cards"][source]["html"],
            "firsts": None if found is None else found.firsts[source],
            "share": None if found is None else found.shares[source],
            "source": labels[source] if labels else None,
        }
        for letter, source in zip(LETTERS, ORDERS[round_.wall_order], strict=True)
    ]


def standing_of(club: Club) -> list[dict[str, Any]]:
    """Sources by their share of first places over all rounds, best first. Only for clubs that have revealed them."""
    found = club_tally(club)
    rows = [
        {"source": label, "firsts": found.firsts[index], "share": found.shares[index]}
        for index, label in enumerate(source_labels(club.study))
    ]
    return sorted(rows, key=lambda row: -row["firsts"])
