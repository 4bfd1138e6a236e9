"""The formats that exist, by the names that people give. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ratings.exports.preferences import conversational_rows, preference_rows
from ratings.exports.ranking import ranking_rows
from ratings.exports.rows import Context, Rated, Row
from ratings.exports.votes import vote_rows


@dataclass(frozen=True, slots=True)
class Format:
    """rows: what becomes of one rating. counted_only: read only ratings that are current, unskipped and not surplus.

    has_pairs: rows are pairs of texts, so that `ties` says something.
    """

    name: str
    rows: Callable[[Rated, Context], Iterable[Row]]
    counted_only: bool
    has_pairs: bool


FORMATS: dict[str, Format] = {
    known.name: known
    for known in (
        Format("votes", vote_rows, counted_only=False, has_pairs=False),
        Format("ranking", ranking_rows, counted_only=True, has_pairs=False),
        Format("trl-preference", preference_rows, counted_only=True, has_pairs=True),
        Format("trl-conversational", conversational_rows, counted_only=True, has_pairs=True),
    )
}
