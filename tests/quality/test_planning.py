"""A rater's items: made once, by the rater's own seed, for thousands of raters in a few statements."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.audit import COMMAND
from ratings.crowd.raters import create_raters
from ratings.library.models import Rationale
from ratings.quality.planning import FIRST_NUMBER, plan_items
from ratings.slots import services
from ratings.slots.models import DegradedTriple, PersonalItem, Rater, Rating
from ratings.studies.design import StudyDesign
from ratings.studies.journey_parts import MAX_ITEMS
from ratings.studies.services import create_study
from tests.worlds import make_dataset, make_raters, make_study, ranking_of

MIX = {"checks": 1, "degraded": 2, "repeats": 1}


def plans() -> dict[str, list[tuple]]:
    rows = PersonalItem.objects.order_by("rater", "number")
    found: dict[str, list[tuple]] = {}
    for row in rows.values_list("rater__name", "number", "kind", "after", "order", "expected", "content"):
        found.setdefault(row[0], []).append(row[1:])
    return found


def test_each_rater_has_the_mix_in_an_order_of_their_own(db):
    make_study(questions=20, per_rater=12, quality=MIX)
    make_raters(count=8)
    found = plans()
    assert len(found) == 8 and all(len(items) == 4 for items in found.values())
    assert len({tuple((kind, after) for _, kind, after, *_ in items) for items in found.values()}) >= 6
    for items in found.values():
        assert sorted(kind for _, kind, *_ in items) == ["check", "degraded", "degraded", "repeat"]
        assert [number for number, *_ in items] == list(range(FIRST_NUMBER, FIRST_NUMBER + 4))
    rater = Rater.objects.get(name="rater-1")
    assert (rater.extra_planned, rater.due) == (4, found["rater-1"][0][2])


def test_practice_stands_before_every_item():
    assert MAX_ITEMS <= FIRST_NUMBER


def test_a_plan_hangs_on_the_study_seed_and_the_name_alone(db):
    for name, seed in (("one", 1), ("two", 1), ("three", 2)):
        make_study(name, questions=20, per_rater=12, seed=seed, quality=MIX)
    make_raters("two", count=1, name="somebody")
    make_raters("one", count=3)
    make_raters("two", count=3)
    make_raters("three", count=3)

    def plan(study: str) -> list[tuple]:
        rows = PersonalItem.objects.filter(rater__study__name=study, rater__name="rater-2").order_by("number")
        return list(rows.values_list("kind", "after", "order", "expected"))

    assert plan("one") == plan("two") != plan("three")


def test_planning_again_makes_nothing(db):
    study = make_study(questions=20, per_rater=12, quality=MIX)
    make_raters(count=3)
    before = plans()
    assert plan_items(study, list(Rater.objects.all())) == 0
    assert plans() == before
    # Not even when every item was handed out and nothing is due.
    Rater.objects.update(due=None)
    assert plan_items(study, list(Rater.objects.all())) == 0
    assert set(Rater.objects.values_list("due", flat=True)) == {None}


def test_planning_twice_at_once_makes_nothing_twice(world):
    study = make_study(questions=20, per_rater=12, quality=MIX)
    raters = [Rater.objects.create(study=study, name=f"r{number}") for number in range(20)]
    made: list[int] = []
    start = threading.Barrier(2)

    def plan() -> None:
        start.wait()
        made.append(plan_items(study, raters))
        connection.close()

    threads = [threading.Thread(target=plan) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(made) == [0, 80] and PersonalItem.objects.count() == 80
    assert DegradedTriple.objects.count() == 20


def test_no_mix_costs_next_to_nothing_and_makes_nothing(db):
    study = make_study(questions=3)
    make_raters(count=1)
    with CaptureQueriesContext(connection) as captured:
        assert plan_items(study, list(Rater.objects.all())) == 0
    assert len(captured) <= 4 and not DegradedTriple.objects.exists()


def statements_for(count: int, study: str) -> int:
    made = make_study(study, questions=20, per_rater=12, quality=MIX)
    make_raters(study, count=1, name="first")  # the degraded triples are there
    raters = Rater.objects.bulk_create(Rater(study=made, name=f"r{number}") for number in range(count))
    with CaptureQueriesContext(connection) as captured:
        assert plan_items(made, raters) == 4 * count
    return len(captured)


@pytest.mark.slow
def test_the_statements_do_not_grow_with_the_raters(db):
    assert statements_for(10, "few") == statements_for(300, "many") <= 12


@pytest.mark.slow
def test_ten_thousand_raters_are_planned_within_seconds(db):
    import time

    study = make_study(questions=100, per_rater=20, quality={"checks": 2, "degraded": 3, "repeats": 3})
    raters = Rater.objects.bulk_create(Rater(study=study, name=f"r{number}") for number in range(10_000))
    start = time.process_time()
    assert plan_items(study, raters) == 80_000
    # Of this process; ten times that is what a busy machine may make of it.
    assert time.process_time() - start < 15


def test_degraded_triples_are_spread_over_cards_and_ways_and_no_label_has_a_part_in_them(db):
    study = make_study(questions=36, quality=MIX)
    make_raters(count=1)
    made = DegradedTriple.objects.select_related("triple").order_by("triple__number")
    assert len(made) == 36
    ways = [degraded.expected["way"] for degraded in made]
    assert set(ways) == {"shuffled", "number", "answer"}
    sources = [degraded.expected["source"] for degraded in made]
    assert all(5 <= sources.count(source) <= 20 for source in range(3))
    for degraded in made:
        own, shown = degraded.triple.content, degraded.content
        assert own["question"] == shown["question"]
        differs = [n for n in range(3) if own["cards"][n] != shown["cards"][n]]
        assert differs == [degraded.expected["source"]]
    # The same texts under other labels: the same damage to the same text.
    sources_renamed = ("gamma", "alpha", "beta")
    create_study(
        StudyDesign(name="again", dataset="sums", sources=sources_renamed, questions=36, quality=MIX),
        actor=COMMAND,
    )
    create_raters("again", "x", count=1, actor=COMMAND)
    moved = {old: sources_renamed.index(label) for old, label in enumerate(("alpha", "beta", "gamma"))}
    again = DegradedTriple.objects.filter(triple__study__name="again").order_by("triple__number")
    assert [(one.expected["way"], one.expected["source"]) for one in again] == [
        (one.expected["way"], moved[one.expected["source"]]) for one in made
    ]
    assert study.seed == 0


def test_texts_that_cannot_be_made_worse_are_passed_over(db):
    make_dataset(questions=6)
    plain = Rationale.objects.filter(question__external_id__lte="q000002")
    for number, rationale in enumerate(plain):
        Rationale.objects.filter(pk=rationale.pk).update(normalised=f"Word {'abcdefghi'[number]}")
    make_study(questions=6, quality={"degraded": 2})
    make_raters(count=1)
    assert DegradedTriple.objects.count() == 3


def test_a_rater_rates_the_plan_and_every_item_without_seeing_a_triple_twice_but_in_repeats(world):
    make_study(questions=12, per_rater=8, overlap=2, quality={"checks": 2, "degraded": 2, "repeats": 2})
    [new] = make_raters(count=1)
    view = services.next_assignment(new.token).view
    views = []
    while view:
        views.append(view)
        view = services.submit_rating(new.token, view["token"], ranking_of(view)).next
    rated = list(Rating.objects.order_by("pk").values_list("kind", "triple"))
    kinds = [kind for kind, _ in rated]
    assert sorted(set(kinds)) == ["check", "degraded", "normal", "repeat"] and len(kinds) == 14
    assert kinds[0] == "normal"
    seen = [triple for kind, triple in rated if kind in ("normal", "degraded")]
    assert len(seen) == len(set(seen)) == 10
    assert [view["progress"]["quota"] for view in views] == [14] * 14
    assert [view["progress"]["done"] for view in views] == list(range(14))
    assert {frozenset(view) for view in views} == {frozenset(views[0])}
    assert {frozenset(card) for view in views for card in view["cards"]} == {frozenset(views[0]["cards"][0])}


def test_a_failed_creation_leaves_no_items(db):
    make_study(questions=20, per_rater=12, quality=MIX)
    with pytest.raises(RuntimeError), transaction.atomic():
        make_raters(count=3)
        raise RuntimeError
    assert not PersonalItem.objects.exists() and not DegradedTriple.objects.exists()
