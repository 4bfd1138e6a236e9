"""Personal items on both databases: handed out in their turn to their rater alone, and never told apart."""

from __future__ import annotations

import pytest

from ratings.slots import services
from ratings.slots.errors import JourneyUnfinished
from ratings.slots.models import Assignment, DegradedTriple, PersonalItem, Rater, Rating, Slot
from ratings.slots.personal import elsewhere, next_due
from ratings.slots.progress import study_progress
from ratings.studies.journey import ENDS
from ratings.studies.models import Study
from ratings.studies.orders import ORDERS
from tests.worlds import make_raters, make_study, ranking_of

#: The loop with items runs on both databases; what is plain Django on one.
BOTH = pytest.mark.usefixtures("world")
ONE = pytest.mark.django_db

SAID = {"question": {"html": "<p>own</p>", "choices": [], "answer": "1"}}
CONTENT = {**SAID, "cards": [{"html": f"<p>{n}</p>", "steps": [f"{n}"]} for n in "abc"]}


def plan(name: str, *items: tuple[str, int]) -> Rater:
    """Gives a rater items of (kind, after). Checks are anchored at the study's first triple; every triple is degraded
    alike."""
    rater = Rater.objects.get(name=name)
    first = rater.study.triples.order_by("number")[0]
    DegradedTriple.objects.bulk_create(
        DegradedTriple(triple=triple, content=CONTENT, expected={"way": "dropped", "source": 1})
        for triple in rater.study.triples.all()
    )
    for number, (kind, after) in enumerate(items):
        open_still = kind in ("repeat", "degraded")
        own = {} if open_still else {"triple": first, "order": 2, "content": CONTENT}
        PersonalItem.objects.create(rater=rater, number=number, kind=kind, after=after, **own)
    rater.extra_planned = sum(kind != "practice" for kind, _ in items)
    rater.due = next_due(rater.pk)
    rater.save()
    return rater


def rate_all(secret: str) -> list[dict]:
    """Every assignment until nothing is left, in turn."""
    views = []
    view = services.next_assignment(secret).view
    while view:
        views.append(view)
        view = services.submit_rating(secret, view["token"], ranking_of(view)).next
    return views


def kinds(rater: Rater) -> list[str]:
    return list(Rating.objects.filter(rater=rater).order_by("pk").values_list("kind", flat=True))


@BOTH
def test_items_come_in_their_turn_and_look_like_any_other():
    make_study(questions=6, per_rater=5)
    [new] = make_raters(count=1)
    rater = plan(new.name, ("check", 1), ("repeat", 4), ("degraded", 5))
    views = rate_all(new.token)
    normal = "normal"
    assert kinds(rater) == [normal, "check", normal, normal, normal, "repeat", normal, "degraded"]
    assert [view["progress"] for view in views] == [{"done": n, "quota": 8} for n in range(8)]
    assert {frozenset(view) for view in views} == {frozenset(views[0])}
    assert views[1]["question"] == SAID["question"] == views[7]["question"]
    rater.refresh_from_db()
    assert (rater.done, rater.extra_done, rater.due) == (5, 3, None)
    assert sum(rater.orders_seen) == 5


@ONE
def test_a_repeat_shows_an_earlier_triple_with_every_card_elsewhere():
    make_study(questions=6)
    [new] = make_raters(count=1)
    rater = plan(new.name, ("repeat", 5))
    views = rate_all(new.token)
    repeated = views[5]
    [before] = [view for view in views[:5] if view["question"] == repeated["question"]]
    here, there = ([card["html"] for card in view["cards"]] for view in (before, repeated))
    assert sorted(here) == sorted(there) and all(one != other for one, other in zip(here, there, strict=True))
    assert before["token"] != repeated["token"] and views.index(before) < 3
    assert kinds(rater)[5] == "repeat"


@ONE
def test_a_repeat_with_nothing_to_repeat_is_dropped():
    make_study(questions=3)
    [new] = make_raters(count=1)
    rater = plan(new.name, ("repeat", 0))
    assert len(rate_all(new.token)) == 3 and kinds(rater) == ["normal"] * 3
    assert not PersonalItem.objects.exists()


@BOTH
def test_no_other_rater_gets_an_item_whatever_its_owner_does_with_it():
    make_study(questions=2)
    ada, ben = make_raters(count=2)
    rater = plan(ada.name, ("check", 0))
    held = services.next_assignment(ada.token).view
    assert held is not None and held["question"] == SAID["question"]
    Slot.objects.update(lease_expires_at="2000-01-01T00:00:00Z")
    assert all(view["question"] != SAID["question"] for view in rate_all(ben.token))
    # Its lease ran out, and still it is its owner's.
    again = services.next_assignment(ada.token).view
    assert again is not None and again["token"] == held["token"]
    assert not services.submit_rating(ada.token, held["token"], ranking_of(held)).surplus
    assert study_progress(rater.study).ratings == 2 and kinds(rater)[0] == "check"


@BOTH
def test_a_skipped_item_is_not_handed_out_again_and_its_skip_can_be_undone():
    make_study(questions=3)
    ada, ben = make_raters(count=2)
    rater = plan(ada.name, ("check", 0))
    held = services.next_assignment(ada.token).view
    assert held is not None
    after = services.skip(ada.token, held["token"]).next
    assert after is not None and after["question"] != SAID["question"]
    back = services.unskip(ada.token).view
    assert back is not None and back["token"] == held["token"]
    services.submit_rating(ada.token, held["token"], ranking_of(held))
    assert len(rate_all(ada.token)) == 3 and len(rate_all(ben.token)) == 3
    rater.refresh_from_db()
    assert (rater.done, rater.extra_done) == (3, 1)


@BOTH
def test_an_item_given_back_for_an_earlier_triple_comes_next():
    make_study(questions=3)
    [ada] = make_raters(count=1)
    rater = plan(ada.name, ("check", 1))
    first = services.next_assignment(ada.token).view
    assert first is not None
    second = services.submit_rating(ada.token, first["token"], ranking_of(first)).next
    assert second is not None and second["question"] == SAID["question"]
    Rater.objects.filter(pk=rater.pk).update(due=None)
    skipped = services.skip(ada.token, second["token"]).next
    assert skipped is not None
    services.skip(ada.token, skipped["token"])
    held = services.next_assignment(ada.token).view
    assert held is not None
    # An undone skip takes the last one back; what was held meanwhile waits.
    back = services.unskip(ada.token).view
    assert back is not None and back["token"] == skipped["token"]
    assert Assignment.objects.filter(rater=rater, state="held").count() == 1


@ONE
def test_practice_comes_before_the_plan_and_counts_for_nothing():
    study = make_study(questions=3)
    [new] = make_raters(count=1)
    rater = plan(new.name, ("practice", 0), ("practice", 0))
    Rater.objects.filter(pk=rater.pk).update(stage="practice")
    views = rate_all(new.token)
    assert len(views) == 2 and kinds(rater) == ["practice"] * 2
    assert [view["progress"]["done"] for view in views] == [0, 0]
    assert study_progress(study).ratings == 0
    secret = services.find_rater(new.token)
    assert services.recent_ratings(secret) == []
    Rater.objects.filter(pk=rater.pk).update(stage="rating")
    assert len(rate_all(new.token)) == 3


@pytest.mark.parametrize(
    "stage", ["consent", "instructions", "comprehension", "debrief", "done", "screened_out"]
)
@ONE
def test_nothing_is_handed_out_in_another_stage_and_what_is_held_is_still_taken(stage):
    make_study(questions=3)
    [new] = make_raters(count=1)
    held = services.next_assignment(new.token).view
    assert held is not None
    Rater.objects.update(stage=stage)
    if stage in ENDS:
        assert services.next_assignment(new.token).view is None
    else:
        with pytest.raises(JourneyUnfinished) as refused:
            services.next_assignment(new.token)
        assert refused.value.details["stage"] == stage
    submitted = services.submit_rating(new.token, held["token"], ranking_of(held))
    assert submitted.created and submitted.next is None
    assert Study.objects.get().slots.filter(state="held").count() == 0


@ONE
def test_a_pairwise_form_shows_two_cards_and_takes_no_third():
    make_study(questions=2, form={"kind": "pairwise"})
    [new] = make_raters(count=1)
    views = rate_all(new.token)
    assert [len(view["cards"]) for view in views] == [2, 2]
    for rating in Rating.objects.all():
        assert rating.order is not None
        shown = ORDERS[rating.order][:2]
        assert rating.ranking == [[shown[0]], [shown[1]]]


def test_elsewhere_moves_every_card():
    for order, shown in enumerate(ORDERS):
        moved = [ORDERS[other] for other in elsewhere(order)]
        assert len(moved) == 2
        assert all(a != b for other in moved for a, b in zip(shown, other, strict=True))


@BOTH
def test_a_degraded_triple_is_one_that_its_rater_never_sees_otherwise():
    study = make_study(questions=6, overlap=2)
    ada, ben = make_raters(count=2)
    rater = plan(ada.name, ("degraded", 3))
    # Two triples want nobody any more.
    Slot.objects.filter(triple__number__lte=2).update(state="rated")
    rate_all(ada.token)
    seen = Assignment.objects.filter(rater=rater).values_list("triple__number", "kind")
    assert len({number for number, _ in seen}) == len(seen) == 5
    [degraded] = [number for number, kind in seen if kind == "degraded"]
    # One of those that nobody is wanted for, so that all other triples stay for the plan.
    assert degraded <= 2
    item = PersonalItem.objects.get(rater=rater)
    assert item.expected == {"way": "dropped", "source": 1}
    assert item.slot is not None and item.slot.content == CONTENT
    rate_all(ben.token)
    # Nothing was kept from the plan.
    assert study_progress(study).open == 0


@ONE
def test_a_degraded_item_is_dropped_where_its_rater_has_seen_everything():
    make_study(questions=3)
    [new] = make_raters(count=1)
    rater = plan(new.name, ("degraded", 3))
    assert len(rate_all(new.token)) == 3 and kinds(rater) == ["normal"] * 3
    assert not PersonalItem.objects.exists()


@ONE
def test_pairs_come_again_the_other_way_round_and_show_the_degraded_card():
    make_study(questions=12, per_rater=8, form={"kind": "pairwise"})
    [new] = make_raters(count=1)
    rater = plan(new.name, ("repeat", 5), ("degraded", 6), ("degraded", 7))
    rate_all(new.token)
    repeat = Rating.objects.get(kind="repeat")
    before = Rating.objects.get(rater=rater, triple=repeat.triple, kind="normal")
    assert repeat.order is not None and before.order is not None
    assert ORDERS[repeat.order][:2] == ORDERS[before.order][1::-1]
    for rating in Rating.objects.filter(kind="degraded"):
        assert rating.order is not None and 1 in ORDERS[rating.order][:2]
