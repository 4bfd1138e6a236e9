"""Format `votes`: the raw record, one row per revision of a rating, skips and surplus included and marked. Pure.

    {"rating": "5b0c…", "revision": 1, "current": true, "kind": "normal", "surplus": false, "rater": "91d2…",
     "raters_kind": "human", "triple": 7, "question": "q7", "shown": ["human", "star", "few_shot"],
     "ranking": [["star"], ["human", "few_shot"]], "all_bad": false, "skipped": false,
     "first_wrong_step": {"few_shot": 1}, "reasons": {"few_shot": ["wrong_step"]},
     "active_seconds": 31.5, "submitted_at": "2026-01-31T12:00:00.000000Z", "confidence": 3, "doubts": ["answer_wrong"],
     "degraded": null, "passed": null, "consent": "5e1f0c9a77b2"}

`shown` has the two cards of a pairwise study. It is null where the order is not known, `rater` where the rater is a
column of an imported file.
`consent` is the version of the consent that its rater had given, null where the study asks for none.

A triple of kind `degraded` says in `degraded` which source's card was made worse, and how: {"source": "star", "way":
"shuffled"}. A `check` says in `passed` whether it was; its cards and those of `practice` are no source's, so that its
triple, its question, the cards shown and the ranking are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ratings.exports.lineage import triple_lineage
from ratings.exports.rows import Context, Rated, Row
from ratings.quality.checks import is_passed
from ratings.studies.orders import ORDERS


def vote_rows(rated: Rated, context: Context) -> Iterable[Row]:
    """Exactly one row."""
    labels = context.labels
    own = rated.shows_its_triple
    row: Row = {
        "rating": context.keys.rating(rated.key),
        "revision": rated.revision,
        "current": rated.current,
        "kind": rated.kind,
        "surplus": rated.surplus,
        "rater": None if rated.anonymous else context.keys.rater(rated.rater),
        "raters_kind": rated.raters_kind,
        "triple": rated.triple.number if own else None,
        "question": rated.triple.question if own else None,
        "shown": _shown(rated, context) if own and rated.order is not None else None,
        "ranking": [[labels[source] for source in group] for group in rated.ranking] if own else [],
        "all_bad": rated.all_bad,
        "skipped": rated.skipped,
        "first_wrong_step": _by_label(rated.first_wrong_step, context) if own else {},
        "reasons": _by_label(rated.reasons, context) if own else {},
        "active_seconds": rated.active_seconds,
        "submitted_at": rated.submitted_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "confidence": rated.confidence,
        "doubts": list(rated.doubts),
        "degraded": _degraded(rated, context),
        "passed": _passed(rated),
        "consent": rated.consent or None,
    }
    if context.lineage:
        lineage = triple_lineage(rated.triple, context)
        row |= lineage if own else {**dict.fromkeys(lineage), "study": lineage["study"]}
    return (row,)


def _by_label(said: Mapping[str, Any], context: Context) -> dict[str, Any]:
    return {context.labels[int(source)]: value for source, value in said.items()}


def _degraded(rated: Rated, context: Context) -> dict[str, str] | None:
    if rated.kind != "degraded" or not rated.expected:
        return None
    return {"source": context.labels[rated.expected["source"]], "way": rated.expected["way"]}


def _passed(rated: Rated) -> bool | None:
    """Of a check; None for everything else, and for a check that was skipped."""
    if rated.kind != "check" or rated.skipped or not rated.expected:
        return None
    return is_passed(rated.expected, ranking=rated.ranking, all_bad=rated.all_bad)


def _shown(rated: Rated, context: Context) -> list[str]:
    assert rated.order is not None
    return [context.labels[source] for source in ORDERS[rated.order][: rated.cards_shown]]
