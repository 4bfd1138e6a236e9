"""Raising the overlap of a study that runs."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from accounts.audit import COMMAND
from accounts.errors import InvalidInput
from ratings.crowd.import_ratings import import_ratings
from ratings.slots import services
from ratings.slots.models import Rating, Slot
from ratings.slots.overlap import raise_overlap
from ratings.studies.design import StudyDesign
from ratings.studies.errors import WrongState
from ratings.studies.models import Deviation, Study
from ratings.studies.orders import ORDERS
from ratings.studies.services import close_study, create_study
from tests.worlds import SOURCES, make_dataset, make_raters, make_study, ranking_of


def orders_of(study: str) -> dict[int, list[int]]:
    """The orders of each triple's slots, by replicate."""
    found: dict[int, list[int]] = {}
    slots = Slot.objects.filter(study__name=study).order_by("triple__number", "replicate")
    for number, order in slots.values_list("triple__number", "order"):
        found.setdefault(number, []).append(order)
    return found


def rate_all(token: str) -> int:
    view = services.next_assignment(token).view
    rated = 0
    while view is not None:
        view = services.submit_rating(token, view["token"], ranking_of(view)).next
        rated += 1
    return rated


def test_the_new_slots_are_those_that_a_larger_study_would_have_had(world):
    make_study(overlap=2)
    _, made = raise_overlap("trial", to=7, reason="more power", actor=COMMAND)
    make_study("larger", overlap=7)
    assert made == 12 * 5 and orders_of("trial") == orders_of("larger")
    for orders in orders_of("trial").values():
        assert set(orders[:6]) == set(range(6)), "the six permutations go on over replicates"
        for source in range(3):
            counts = Counter(ORDERS[order].index(source) for order in orders)
            assert max(counts.values()) - min(counts.values()) <= 1
    assert Study.objects.get(name="trial").ratings_per_triple == 7
    deviation = Deviation.objects.get()
    assert (deviation.code, deviation.details, deviation.reason) == (
        "overlap_raised",
        {"from": 2, "to": 7},
        "more power",
    )


def test_imported_ratings_keep_their_places(db):
    study = make_study(overlap=2, questions=3)
    question = study.triples.get(number=1).question.external_id
    row = {"rater": "ann", "question": question, "ranking": [["alpha"], ["beta"], ["gamma"]]}
    import_ratings([json.dumps(row).encode()], "trial", actor=COMMAND)
    raise_overlap("trial", to=4, reason="more", actor=COMMAND)
    raise_overlap("trial", to=5, reason="still more", actor=COMMAND)
    assert Counter(Slot.objects.values_list("triple__number", flat=True)) == {1: 6, 2: 5, 3: 5}


def test_a_rater_who_had_nothing_left_is_not_given_the_same_triple_and_new_raters_fill_the_plan(world):
    make_study(overlap=1, questions=4)
    first, second = make_raters(count=2)
    assert rate_all(first.token) == 4 and rate_all(second.token) == 0
    raise_overlap("trial", to=2, reason="more", actor=COMMAND)
    assert rate_all(first.token) == 0 and rate_all(second.token) == 4
    assert Rating.objects.filter(surplus=False).count() == 8


def test_it_races_raters_who_are_claiming(world):
    make_study(overlap=2, questions=6)
    raters = make_raters(count=6)

    def rate(token: str) -> int:
        try:
            return rate_all(token)
        finally:
            connections.close_all()

    def raise_it(to: int) -> int:
        try:
            return raise_overlap("trial", to=to, reason="while they rate", actor=COMMAND)[1]
        except InvalidInput:
            return 0  # the other one was first, and went higher
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        rating = [pool.submit(rate, rater.token) for rater in raters]
        raising = [pool.submit(raise_it, to) for to in (4, 6)]
        rated = sum(each.result() for each in rating)
        made = sum(each.result() for each in raising)
    assert made == 6 * 4 and Slot.objects.count() == 36
    rated += sum(rate_all(rater.token) for rater in raters)
    assert rated == 36 == Slot.objects.filter(state="rated").count()
    assert Rating.objects.filter(surplus=True).count() == 0
    assert set(Counter(Rating.objects.values_list("triple", flat=True)).values()) == {6}


@pytest.mark.parametrize("to", [3, 2, 0, -1, 1_001])
def test_it_never_goes_down_and_not_beyond_the_limit(db, to):
    make_study(overlap=3)
    with pytest.raises(InvalidInput) as refused:
        raise_overlap("trial", to=to, reason="why not", actor=COMMAND)
    assert refused.value.details["field"] == "to" and "4 to 1000" in refused.value.details["expected"]
    assert Slot.objects.count() == 36 and not Deviation.objects.exists()


def test_without_a_reason_or_in_another_state_nothing_is_written(db):
    make_study()
    with pytest.raises(InvalidInput, match="reason"):
        raise_overlap("trial", to=5, reason=" ", actor=COMMAND)
    close_study("trial", actor=COMMAND)
    make_dataset("more", questions=2)
    create_study(StudyDesign("draft", "more", SOURCES, questions=2), actor=COMMAND)
    for name in ("trial", "draft"):
        with pytest.raises(WrongState):
            raise_overlap(name, to=5, reason="more", actor=COMMAND)
    assert Slot.objects.count() == 36 and not Deviation.objects.exists()


def test_the_command(db, capsys):
    make_study(overlap=1)
    call_command("raise_overlap", "trial", to=2, reason="a reviewer asks", as_json=True)
    answer = json.loads(capsys.readouterr().out)
    assert answer == {"study": "trial", "state": "open", "ratings_per_triple": 2, "slots": 12}
    with pytest.raises(CommandError, match="to: 2"):
        call_command("raise_overlap", "trial", to=2, reason="again")
