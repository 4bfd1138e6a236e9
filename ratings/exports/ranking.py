"""Format `ranking`: a Ratings file, which `import_ratings` takes back. Pure.

    {"rater": "91d2…", "question": "q7", "ranking": [["star"], ["human", "few_shot"]], "all_bad": false,
     "first_wrong_step": {"few_shot": 1}, "reasons": {"few_shot": ["wrong_step"]}, "seconds": 31.5}

Only what counts: current, not skipped, not surplus. Steps, reasons and seconds that were not given are left out, as the
format allows. Columns of an imported file (anonymous raters) have pseudonyms too: a Ratings file needs a name to tell
two rows apart.
"""

from __future__ import annotations

from collections.abc import Iterable

from ratings.exports.lineage import triple_lineage
from ratings.exports.rows import Context, Rated, Row


def ranking_rows(rated: Rated, context: Context) -> Iterable[Row]:
    """Exactly one row."""
    labels = context.labels
    row: Row = {
        "rater": context.keys.rater(rated.rater),
        "question": rated.triple.question,
        "ranking": [[labels[source] for source in group] for group in rated.ranking],
        "all_bad": rated.all_bad,
    }
    if rated.first_wrong_step:
        row["first_wrong_step"] = {
            labels[int(source)]: step for source, step in rated.first_wrong_step.items()
        }
    if rated.reasons:
        row["reasons"] = {labels[int(source)]: codes for source, codes in rated.reasons.items()}
    if rated.active_seconds is not None:
        row["seconds"] = rated.active_seconds
    if context.lineage:
        row |= triple_lineage(rated.triple, context)
    return (row,)
