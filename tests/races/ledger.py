"""The books after a race: is the plan met, and is everything there that somebody was promised?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.db.models import Count

from ratings.slots.cards import card_names
from ratings.slots.models import Assignment, Rater, Rating, Slot
from ratings.studies.orders import ORDERS
from tests.races.crowd import Acknowledged


def assert_plan_is_met(study: str, *, slots: int) -> None:
    """Every planned slot has exactly one rating that counts, and no rater saw a triple twice."""
    states = Counter(Slot.objects.filter(study__name=study).values_list("state", flat=True))
    assert states == {"rated": slots}
    counting = Rating.objects.filter(study__name=study, current=True, skipped=False, surplus=False)
    assert counting.count() == slots
    assert counting.values("assignment__slot").distinct().count() == slots
    rated = Assignment.objects.filter(slot__study__name=study, state="rated")
    assert rated.count() == rated.values("slot").distinct().count() == slots
    assert not rated.exclude(ratings__in=counting).exists()
    seen = Assignment.objects.filter(slot__study__name=study).values("rater", "triple")
    assert not seen.annotate(times=Count("pk")).filter(times__gt=1).exists()


def assert_counts_of_raters_are_right(study: str) -> None:
    """What each rater's row says agrees with the ratings themselves."""
    for rater in Rater.objects.filter(study__name=study):
        orders = list(
            Rating.objects.filter(rater=rater, current=True, skipped=False).values_list("order", flat=True)
        )
        assert rater.done == len(orders), rater.name
        assert rater.orders_seen == [orders.count(number) for number in range(6)], rater.name


def assert_acknowledged_is_stored(acknowledged: Iterable[Acknowledged]) -> None:
    """Every rating that somebody was promised is there, once, as it was sent and with the surplus mark it was given."""
    promised = list(acknowledged)
    stored = {
        rating.key: rating
        for rating in Rating.objects.filter(
            key__in={promise.rating for promise in promised}, current=True
        ).select_related("assignment", "rater")
    }
    for promise in promised:
        rating = stored[promise.rating]
        assert (rating.assignment.token, rating.rater.name) == (promise.assignment, promise.rater)
        assert rating.surplus == promise.surplus
        assert not rating.skipped
        assert rating.ranking == in_sources(promise.ranking, rating.assignment)


def in_sources(ranking: list[list[str]], assignment: Assignment) -> list[list[int]]:
    """A ranking of card tokens as source indices."""
    assert assignment.order is not None
    source = dict(zip(card_names(assignment.token), ORDERS[assignment.order], strict=True))
    return [sorted(source[card] for card in group) for group in ranking]
