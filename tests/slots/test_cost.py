"""What a rating costs the database: the same few statements whatever the size of the pool, from one index."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ratings.slots import claim, services
from ratings.slots.models import Assignment, Rater, Slot
from ratings.studies.models import Study, Triple
from tests.worlds import make_dataset, make_raters, make_study, ranking_of

pytestmark = pytest.mark.django_db

#: BEGIN, COMMIT and savepoints aside: who asks; which assignment; the rating; the next slot.
STATEMENTS_PER_RATING = 4

TRIPLES = 200


def make_pool(*, slots: int, name: str = "pool") -> Study:
    """An open study with `slots` open slots. Only its first triples are real draws; the rest are copies in bulk."""
    make_dataset(name, questions=TRIPLES)
    study = make_study(name, dataset=name, questions=TRIPLES, overlap=1)
    triples = list(Triple.objects.filter(study=study))
    Slot.objects.bulk_create(
        (
            Slot(
                study=study,
                triple=triple,
                replicate=replicate,
                order=number % 6,
                random_key=number * 7919 % 1_000_003,
            )
            for number, (replicate, triple) in enumerate(
                (replicate, triple) for replicate in range(1, slots // TRIPLES) for triple in triples
            )
        ),
        batch_size=10_000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ratings_slot")
    return study


def statements_of(act: Any) -> tuple[list[str], Any]:
    with CaptureQueriesContext(connection) as captured:
        result = act()
    return [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]], result


def cost_of_ratings(study: str, *, count: int = 8) -> list[int]:
    """Statements of each of `count` ratings by one rater, the first claim not counted."""
    [rater] = make_raters(study, count=1)
    view = services.next_assignment(rater.token).view
    costs = []
    for _ in range(count):
        assert view is not None
        held = view
        statements, submitted = statements_of(
            lambda held=held: services.submit_rating(rater.token, held["token"], ranking_of(held))
        )
        costs.append(len(statements))
        view = submitted.next
    return costs


def test_a_rating_costs_four_statements_at_a_thousand_and_at_twenty_thousand_slots():
    for slots in (1_000, 20_000):
        make_pool(slots=slots, name=f"pool-{slots}")
        assert Slot.objects.filter(study__name=f"pool-{slots}").count() == slots
        assert cost_of_ratings(f"pool-{slots}") == [STATEMENTS_PER_RATING] * 8


@pytest.mark.slow
def test_a_rating_costs_four_statements_at_a_hundred_thousand_slots():
    make_pool(slots=100_000)
    assert cost_of_ratings("pool") == [STATEMENTS_PER_RATING] * 8


def test_a_first_claim_costs_five_statements_and_a_repeat_few():
    make_study(questions=12)
    [rater] = make_raters(count=1)
    statements, claimed = statements_of(lambda: services.next_assignment(rater.token))
    # Who asks, its last use written down, what is held, what was held before, the claim.
    assert len(statements) == 5
    view = claimed.view
    services.submit_rating(rater.token, view["token"], ranking_of(view))
    statements, _ = statements_of(
        lambda: services.submit_rating(rater.token, view["token"], ranking_of(view))
    )
    assert len(statements) <= 8


def explain(sql: str, params: list[Any]) -> str:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) " + sql, params)
        [(plan,)] = cursor.fetchall()
    return json.dumps(plan if isinstance(plan, list) else json.loads(plan))


def claim_parameters(study: Study, rater: Rater) -> list[Any]:
    now = timezone.now()
    pick = [study.pk, [0, 1, 2], rater.pk]
    return [*pick, rater.pk, now, "0" * 32, rater.pk, [0, 1, 2, 3, 4, 5], now, now, [0, 1, 2, 3, 4, 5]]


def test_the_claim_reads_the_index_of_open_slots_and_probes_the_raters_past():
    study = make_pool(slots=20_000)
    make_raters("pool", count=1)
    rater = Rater.objects.get()
    triples = Triple.objects.filter(study=study)[:180]
    slots = {slot.triple_id: slot for slot in Slot.objects.filter(study=study, replicate=3)}
    now = timezone.now()
    Assignment.objects.bulk_create(
        Assignment(
            token=f"{n:032x}", slot=slots[t.pk], rater=rater, triple=t, state="skipped", lease_expires_at=now
        )
        for n, t in enumerate(triples)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    plan = explain(claim._CLAIM_POSTGRESQL, claim_parameters(study, rater))
    assert '"Index Name": "ratings_slot_open"' in plan
    assert '"Index Name": "ratings_no_triple_twice_by_one_rater"' in plan
    assert '"Node Type": "Sort"' not in plan


def test_the_claim_reads_the_index_of_open_slots_before_the_database_knows_the_table():
    # Right after opening no statistics exist yet, and the first raters are there.
    make_dataset("fresh", questions=300)
    study = make_study("fresh", dataset="fresh", questions=300, overlap=20)
    make_raters("fresh", count=1)
    plan = explain(claim._CLAIM_POSTGRESQL, claim_parameters(study, Rater.objects.get()))
    assert '"Index Name": "ratings_slot_open"' in plan
