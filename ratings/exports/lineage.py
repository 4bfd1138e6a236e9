"""Lineage columns of the formats whose rows are whole triples. Pure."""

from __future__ import annotations

from ratings.exports.rows import Context, Row, TripleFacts


def triple_lineage(triple: TripleFacts, context: Context) -> Row:
    """Which question revision and which rationales were judged; `sha256` is of each text as it came."""
    return {
        "study": context.study,
        "split": triple.split,
        "question_revision": triple.question_revision,
        "rationales": {
            label: card.rationale for label, card in zip(context.labels, triple.cards, strict=True)
        },
        "sha256": {label: card.sha256 for label, card in zip(context.labels, triple.cards, strict=True)},
    }
