"""A study's degraded triples: drawn and rendered once, when its first rater enters."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

from problems.types import Choice, Family
from ratings.quality.degrade import Way, degrade_somehow
from ratings.slots.models import DegradedTriple
from ratings.studies.draw import keyed_hash
from ratings.studies.models import Study, Triple
from ratings.studies.orders import ORDERS
from ratings.studies.rendering import render_triple
from ratings.studies.selectors import get_locked_study

#: Enough for a rater to find some that were never seen, whatever the study's size.
MAX_DEGRADED = 500

T = TypeVar("T")


def prepare_degraded(study: Study) -> int:
    """Makes the study's degraded triples unless they are there; returns how many there are.

    Which triple, which card and which way of degrading hang on the study's seed and on texts, never on a source's
    label or place. The caller is in a transaction.
    """
    there = DegradedTriple.objects.filter(triple__study=study).count()
    if there:
        return there
    get_locked_study(study.name)
    there = DegradedTriple.objects.filter(triple__study=study).count()
    if there:
        return there
    made = [degraded for n, triple in enumerate(_drawn(study)) if (degraded := _degraded(study, triple, n))]
    DegradedTriple.objects.bulk_create(made)
    return len(made)


def _drawn(study: Study) -> list[Triple]:
    count = study.triples.count()
    numbers = list(range(1, count + 1))
    if count > MAX_DEGRADED:
        numbers = Random(keyed_hash(study.seed, "degraded")).sample(numbers, MAX_DEGRADED)
    rows = study.triples.filter(number__in=numbers).select_related("revision", "question")
    return list(rows.prefetch_related("cards__rationale").order_by("number"))


def _degraded(study: Study, triple: Triple, turn: int) -> DegradedTriple | None:
    """None where none of its texts can be made worse: each has one step and no number, say.

    turn: which cards and ways are tried first goes round, so that each is used about as often as the others.
    """
    random = Random(keyed_hash(study.seed, "degrade", triple.question.external_id))
    texts = [card.rationale.normalised for card in triple.cards.all()]
    revision = triple.revision
    choices = [Choice(choice["label"], choice["text"]) for choice in revision.choices]
    ways = _rotated(list(Way), turn)
    for place in _rotated([0, 1, 2], random.randrange(3)):
        source = ORDERS[triple.base_order][place]
        others = [text for index, text in enumerate(texts) if index != source]
        found = degrade_somehow(
            texts[source],
            ways,
            random=random,
            family=Family(study.dataset.family),
            answer=revision.answer,
            choices=choices,
            others=others,
        )
        if found is None:
            continue
        way, worse = found
        # All three cards are rendered anew: a card rendered by other code than its neighbours could stand out.
        content = render_triple(
            question=revision.text,
            choices=revision.choices,
            answer=revision.answer,
            rationales=[worse if index == source else text for index, text in enumerate(texts)],
        )
        return DegradedTriple(triple=triple, content=content, expected={"way": way.value, "source": source})
    return None


def _rotated(values: Sequence[T], turn: int) -> list[T]:
    first = turn % len(values)
    return [*values[first:], *values[:first]]
