"""Format `votes`: the raw record, one row per revision of a rating, skips and surplus included and marked. Pure.

    {"rating": "5b0c…", "revision": 1, "current": true, "kind": "normal", "surplus": false, "rater": "91d2…",
     "raters_kind": "human", "triple": 7, "question": "q7", "shown": ["human", "star", "few_shot"],
     "ranking": [["star"], ["human", "few_shot"]], "all_bad": false, "skipped": false,
     "first_wrong_step": {"few_shot": 1}, "reasons": {"few_shot": ["wrong_step"]},
     "active_seconds": 31.5, "submitted_at": "2026-01-31T12:00:00.000000Z", "confidence": 3, "doubts": ["answer_wrong"]}

`shown` has the two cards of a pairwise study. It is null where the order is not known, `rater` where the rater is a
column of an imported file.
"""

from __future__ import annotations

from collections.abc import Iterable

from ratings.exports.lineage import triple_lineage
from ratings.exports.rows import Context, Rated, Row
from ratings.studies.orders import ORDERS


def vote_rows(rated: Rated, context: Context) -> Iterable[Row]:
    """Exactly one row."""
    labels = context.labels
    row: Row = {
        "rating": context.keys.rating(rated.key),
        "revision": rated.revision,
        "current": rated.current,
        "kind": rated.kind,
        "surplus": rated.surplus,
        "rater": None if rated.anonymous else context.keys.rater(rated.rater),
        "raters_kind": rated.raters_kind,
        "triple": rated.triple.number,
        "question": rated.triple.question,
        "shown": None if rated.order is None else _shown(rated, context),
        "ranking": [[labels[source] for source in group] for group in rated.ranking],
        "all_bad": rated.all_bad,
        "skipped": rated.skipped,
        "first_wrong_step": {labels[int(source)]: step for source, step in rated.first_wrong_step.items()},
        "reasons": {labels[int(source)]: codes for source, codes in rated.reasons.items()},
        "active_seconds": rated.active_seconds,
        "submitted_at": rated.submitted_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "confidence": rated.confidence,
        "doubts": list(rated.doubts),
    }
    if context.lineage:
        row |= triple_lineage(rated.triple, context)
    return (row,)


def _shown(rated: Rated, context: Context) -> list[str]:
    assert rated.order is not None
    return [context.labels[source] for source in ORDERS[rated.order][: rated.cards_shown]]
