"""Formats `trl-preference` and `trl-conversational`: preference pairs with an explicit prompt, as TRL names them. Pure.

    {"prompt": "Where does water boil?\n(A) on ice\n(B) on a stove", "chosen": "A stove …", "rejected": "Ice …"}

One row per counted rating and pair of sources that it tells apart; where only the best was asked for, that is the best
before each of the others. The prompt is the question, with its choices one per
line; never the gold answer, which the raters saw and a model must not. Chosen and rejected are the texts as shown. The
conversational format holds the same rows as messages of a user and an assistant. "All bad" changes nothing here: if
ranks were given beside it they are used like any others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ratings.exports.pairs import OrderedPair, ordered_pairs
from ratings.exports.rows import Context, Rated, Row


def prompt_of(text: str, choices: Sequence[Mapping[str, str]]) -> str:
    """What a model is asked: the question's text, then its choices, one per line, as `(A) text`."""
    return "\n".join([text, *(f"({choice['label']}) {choice['text']}" for choice in choices)])


def preference_rows(rated: Rated, context: Context) -> Iterable[Row]:
    cards = rated.triple.cards
    for pair in ordered_pairs(
        rated.ranking, ties=context.ties, key=rated.key, keys=context.keys, beaten=rated.beaten
    ):
        row = {
            "prompt": rated.triple.prompt,
            "chosen": cards[pair.chosen].text,
            "rejected": cards[pair.rejected].text,
        }
        if context.lineage:
            row |= _lineage(rated, pair, context)
        yield row


def conversational_rows(rated: Rated, context: Context) -> Iterable[Row]:
    for row in preference_rows(rated, context):
        yield {
            **row,
            "prompt": [{"role": "user", "content": row["prompt"]}],
            "chosen": [{"role": "assistant", "content": row["chosen"]}],
            "rejected": [{"role": "assistant", "content": row["rejected"]}],
        }


def _lineage(rated: Rated, pair: OrderedPair, context: Context) -> Row:
    chosen, rejected = rated.triple.cards[pair.chosen], rated.triple.cards[pair.rejected]
    return {
        "study": context.study,
        "split": rated.triple.split,
        "question": rated.triple.question,
        "question_revision": rated.triple.question_revision,
        "rating": context.keys.rating(rated.key),
        "revision": rated.revision,
        "raters_kind": rated.raters_kind,
        "tied": pair.tied,
        "chosen_source": context.labels[pair.chosen],
        "rejected_source": context.labels[pair.rejected],
        "chosen_rationale": chosen.rationale,
        "rejected_rationale": rejected.rationale,
        "chosen_sha256": chosen.sha256,
        "rejected_sha256": rejected.sha256,
    }
