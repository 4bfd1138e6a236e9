"""One rater's items in words: what each was, what was done with it, and what that shows. Positions, never sources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.html import strip_tags

from ratings.desk.presenting import MARKS
from ratings.quality.checks import is_passed
from ratings.quality.degrade import WORDS, Way
from ratings.quality.measures import Measures, Said, measure
from ratings.quality.selectors import StudyQuality, items_of
from ratings.slots.models import PersonalItem, Rater, Rating
from ratings.studies.orders import ORDERS


@dataclass(frozen=True, slots=True)
class ItemRow:
    """tone: good, bad or nothing. triple: its number, None where an item shows none of the study's."""

    kind: str
    degraded: bool
    after: int
    triple: int | None
    what: str
    said: str
    outcome: str
    tone: str
    seconds: float | None
    at: datetime | None


def item_rows(rater: Rater, around: StudyQuality) -> list[ItemRow]:
    """In the order in which the rater gets them. Three statements."""
    items = list(items_of(rater))
    ratings = Rating.objects.filter(rater=rater, current=True)
    by_slot = {
        rating.assignment.slot_id: rating
        for rating in ratings.exclude(kind="normal").select_related("assignment")
    }
    first = {rating.triple_id: rating for rating in ratings.filter(kind="normal", skipped=False)}
    return [_row(item, by_slot.get(item.slot_id or 0), first, around) for item in items]


def _row(
    item: PersonalItem, rating: Rating | None, first: dict[int, Rating], around: StudyQuality
) -> ItemRow:
    outcome, tone = ("not answered yet" if item.slot_id else "not handed out yet"), ""
    if rating is not None:
        outcome, tone = ("skipped", "") if rating.skipped else _outcome(item, rating, first, around)
    return ItemRow(
        kind=item.get_kind_display(),
        degraded=item.kind == "degraded",
        after=item.after,
        triple=item.triple.number if item.triple and item.kind != "check" else None,
        what=_what(item),
        said=_said(rating) if rating is not None and not rating.skipped else "",
        outcome=outcome,
        tone=tone,
        seconds=rating.active_seconds if rating is not None else None,
        at=rating.submitted_at if rating is not None else None,
    )


def _what(item: PersonalItem) -> str:
    if item.kind == "check":
        return strip_tags((item.content or {})["question"]["html"]).strip()
    if item.order is None:
        return "chosen when it is due"
    if item.kind == "degraded":
        # Where the card stood says nothing about its source: every source stands everywhere as often.
        mark = MARKS[ORDERS[item.order].index(item.expected["source"])]
        return f"The {mark}: {WORDS[Way(item.expected['way'])]}"
    return "The same triple, every card elsewhere"


def _said(rating: Rating) -> str:
    if rating.order is None or not rating.ranking:
        return "all bad" if rating.all_bad else ""
    place = ORDERS[rating.order]
    groups = [" = ".join(MARKS[place.index(source)] for source in group) for group in rating.ranking]
    return " > ".join(groups) + (", all bad" if rating.all_bad else "")


def _outcome(
    item: PersonalItem, rating: Rating, first: dict[int, Rating], around: StudyQuality
) -> tuple[str, str]:
    if item.kind == "check":
        passed = is_passed(item.expected, ranking=rating.ranking, all_bad=rating.all_bad)
        return ("passed", "good") if passed else ("failed", "bad")
    if item.kind == "degraded":
        return _degraded_outcome(_measured(item, [rating], around))
    before = first.get(rating.triple_id)
    if before is None:
        return "nothing to compare with", ""
    found = _measured(item, [before, rating], around)
    if not found.repeat_pairs:
        return "no pair was judged twice", ""
    share = found.repeat_alike / found.repeat_pairs
    return f"{found.repeat_alike} of {found.repeat_pairs} pairs alike", "good" if share >= 0.6 else "bad"


def _measured(item: PersonalItem, ratings: list[Rating], around: StudyQuality) -> Measures:
    said = [
        Said(
            kind=rating.kind,
            triple=rating.triple_id,
            ranking=rating.ranking,
            all_bad=rating.all_bad,
            order=rating.order,
            expected=item.expected,
        )
        for rating in ratings
    ]
    return measure(said, form=around.form, mix=around.mix)


def _degraded_outcome(found: Measures) -> tuple[str, str]:
    if not found.degraded_pairs:
        return "not compared", ""
    if found.degraded_last:
        return "ranked last", "good"
    if found.degraded_first:
        return "ranked first", "bad"
    return "ranked in the middle", ""
