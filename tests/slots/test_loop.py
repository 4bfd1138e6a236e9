"""The rater's loop on both databases: claim, submit, repeat, late, skip, undo, revise."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.audit import COMMAND
from accounts.errors import NotAuthenticated, PermissionRefused
from ratings.crowd.raters import revoke_tokens
from ratings.slots import services
from ratings.slots.errors import (
    AlreadyRated,
    LeaseLost,
    NotARanking,
    NothingToUndo,
    StudyClosed,
    StudyNotOpen,
    UnknownAssignment,
    UnknownCard,
    UnknownRating,
)
from ratings.slots.models import Assignment, Rater, RaterToken, Rating, Slot
from ratings.slots.opening import open_study
from ratings.studies.services import close_study, pause_study
from tests.worlds import make_raters, make_study, ranking_of

pytestmark = pytest.mark.usefixtures("world")


def let_leases_lapse() -> None:
    past = timezone.now() - timedelta(hours=1)
    Slot.objects.filter(state="held").update(lease_expires_at=past)
    Assignment.objects.filter(state="held").update(lease_expires_at=past)


def claim(token: str) -> dict:
    view = services.next_assignment(token).view
    assert view is not None
    return view


def test_a_rater_rates_every_triple_once_and_then_nothing_is_left():
    make_study(questions=5, overlap=2)
    [rater] = make_raters(count=1)
    view: dict | None = claim(rater.token)
    seen = set()
    while view:
        seen.add(view["question"]["html"])
        view = services.submit_rating(rater.token, view["token"], ranking_of(view)).next
    assert len(seen) == 5
    assert Rating.objects.count() == 5
    assert Slot.objects.filter(state="rated").count() == 5
    assert services.next_assignment(rater.token).view is None


def test_two_tabs_hold_the_same_assignment():
    make_study(questions=3)
    [rater] = make_raters(count=1)
    first, second = services.next_assignment(rater.token), services.next_assignment(rater.token)
    assert first.created and not second.created
    assert first.view is not None and second.view is not None
    assert first.view["token"] == second.view["token"]
    assert Assignment.objects.count() == 1


def test_after_twelve_ratings_each_source_stood_four_times_give_or_take_one_in_each_position():
    make_study(questions=12, overlap=3)
    for rater in make_raters(count=3):  # between them they empty the pool, where orders get scarce
        view = services.next_assignment(rater.token).view
        while view:
            view = services.submit_rating(rater.token, view["token"], ranking_of(view)).next
    from ratings.studies.orders import position_counts

    for rater_row in Rater.objects.all():
        assert rater_row.done == 12
        assert sum(rater_row.orders_seen) == 12
        assert all(3 <= count <= 5 for row in position_counts(rater_row.orders_seen) for count in row)
        orders = [rating.order for rating in Rating.objects.filter(rater=rater_row)]
        assert [orders.count(number) for number in range(6)] == rater_row.orders_seen


def test_the_same_body_again_is_answered_with_the_assignment_now_held():
    make_study(questions=3)
    [rater] = make_raters(count=1)
    view = claim(rater.token)
    body = {**ranking_of(view), "active_seconds": 4.5}
    first = services.submit_rating(rater.token, view["token"], body)
    again = services.submit_rating(rater.token, view["token"], {**body, "active_seconds": 9})
    assert first.created and not again.created
    assert again.rating == first.rating
    assert first.next is not None and again.next is not None
    assert again.next["token"] == first.next["token"]
    assert Rating.objects.count() == 1
    assert Rater.objects.get().done == 1


def test_another_body_for_a_rated_triple_is_refused():
    make_study(questions=3)
    [rater] = make_raters(count=1)
    view = claim(rater.token)
    services.submit_rating(rater.token, view["token"], ranking_of(view))
    with pytest.raises(AlreadyRated):
        services.submit_rating(rater.token, view["token"], {"ranking": [], "all_bad": True})
    assert Rating.objects.get().all_bad is False


def test_ranking_is_stored_in_source_indices_and_the_order_with_it():
    make_study(questions=3)
    [rater] = make_raters(count=1)
    view = claim(rater.token)
    cards = [card["token"] for card in view["cards"]]
    services.submit_rating(rater.token, view["token"], {"ranking": [[cards[2]], [cards[0], cards[1]]]})
    from ratings.studies.orders import ORDERS

    rating = Rating.objects.get()
    assert rating.order is not None
    shown = ORDERS[rating.order]
    assert rating.ranking == [[shown[2]], sorted([shown[0], shown[1]])]
    assert rating.assignment.order == rating.order


def test_a_late_submit_counts_while_the_slot_is_free():
    make_study(questions=1, overlap=1)
    [rater] = make_raters(count=1)
    view = claim(rater.token)
    let_leases_lapse()
    submitted = services.submit_rating(rater.token, view["token"], ranking_of(view))
    assert submitted.created and not submitted.surplus
    assert Slot.objects.get().state == "rated"


def test_a_lapsed_lease_is_claimable_at_once_and_the_late_rating_is_kept_as_surplus():
    make_study(questions=1, overlap=1)
    slow, quick = make_raters(count=2)
    late = claim(slow.token)
    assert services.next_assignment(quick.token).view is None
    let_leases_lapse()
    view = claim(quick.token)
    submitted = services.submit_rating(slow.token, late["token"], ranking_of(late))
    assert submitted.surplus and submitted.created
    assert services.submit_rating(slow.token, late["token"], ranking_of(late)).surplus
    assert not services.submit_rating(quick.token, view["token"], ranking_of(view)).surplus
    assert Rating.objects.filter(surplus=False).count() == 1
    assert Rating.objects.filter(surplus=True).count() == 1


def test_a_lapsed_assignment_is_revived_while_nobody_took_it():
    make_study(questions=2, overlap=1)
    [rater] = make_raters(count=1)
    view = claim(rater.token)
    let_leases_lapse()
    again = services.next_assignment(rater.token)
    assert not again.created and again.view is not None
    assert again.view["token"] == view["token"]
    lease_end = Slot.objects.get(state="held").lease_expires_at
    assert lease_end is not None and lease_end > timezone.now()


def test_whoever_lost_a_slot_gets_it_back_when_it_is_free_again():
    make_study(questions=1, overlap=1)
    first, second = make_raters(count=2)
    view = claim(first.token)
    let_leases_lapse()
    taken = claim(second.token)
    services.skip(second.token, taken["token"], reason="unclear")
    revived = claim(first.token)
    assert revived["token"] == view["token"]
    assert not services.submit_rating(first.token, revived["token"], ranking_of(revived)).surplus


def test_a_foreign_or_forged_assignment_is_unknown():
    make_study(questions=3)
    owner, stranger = make_raters(count=2)
    view = claim(owner.token)
    for token in (view["token"], "0" * 32):
        with pytest.raises(UnknownAssignment):
            services.submit_rating(stranger.token, token, ranking_of(view))
    assert Rating.objects.count() == 0


def test_unknown_expired_and_revoked_secrets_are_refused():
    make_study(questions=3)
    [rater] = make_raters(count=1)
    with pytest.raises(NotAuthenticated):
        services.next_assignment("scr_" + "0" * 48)
    with pytest.raises(NotAuthenticated):
        services.next_assignment("")
    RaterToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(NotAuthenticated):
        services.next_assignment(rater.token)
    RaterToken.objects.update(expires_at=None)
    revoke_tokens("trial", "rater-1", actor=COMMAND)
    with pytest.raises(NotAuthenticated):
        services.next_assignment(rater.token)


def test_a_token_opens_its_own_study_only():
    make_study(questions=3)
    make_study("other", questions=3)
    [rater] = make_raters(count=1)
    with pytest.raises(PermissionRefused):
        services.next_assignment(rater.token, study="other")


@pytest.mark.parametrize(
    "ranking",
    [None, [], "cards", [[]], [["a"], []], [1], {"a": 1}, 7],
)
def test_what_is_no_ranking_is_refused_and_nothing_is_stored(ranking):
    make_study(questions=3)
    [rater] = make_raters(count=1)
    view = claim(rater.token)
    with pytest.raises((NotARanking, UnknownCard)):
        services.submit_rating(rater.token, view["token"], {"ranking": ranking})
    assert Rating.objects.count() == 0
    assert Slot.objects.filter(state="held").count() == 1


def test_a_card_ranked_twice_or_from_another_page_is_refused():
    make_study(questions=3)
    [rater] = make_raters(count=1)
    view = claim(rater.token)
    card = view["cards"][0]["token"]
    with pytest.raises(NotARanking):
        services.submit_rating(rater.token, view["token"], {"ranking": [[card], [card]]})
    with pytest.raises(UnknownCard):
        services.submit_rating(rater.token, view["token"], {"ranking": [["f" * 18]]})


def test_paused_takes_what_is_held_and_hands_out_nothing():
    make_study(questions=3)
    [rater] = make_raters(count=1)
    view = claim(rater.token)
    pause_study("trial", actor=COMMAND)
    with pytest.raises(StudyNotOpen):
        services.next_assignment(rater.token)
    submitted = services.submit_rating(rater.token, view["token"], ranking_of(view))
    assert submitted.created and submitted.next is None
    assert not Slot.objects.filter(state="held").exists()
    open_study("trial", actor=COMMAND)
    assert services.next_assignment(rater.token).view is not None


def test_after_closing_nothing_is_taken():
    make_study(questions=3)
    [rater] = make_raters(count=1)
    view = claim(rater.token)
    close_study("trial", actor=COMMAND)
    with pytest.raises(StudyClosed):
        services.submit_rating(rater.token, view["token"], ranking_of(view))
    with pytest.raises(StudyClosed):
        services.next_assignment(rater.token)
    assert Rating.objects.count() == 0


def test_the_quota_ends_a_raters_work():
    make_study(questions=5, per_rater=2)
    [rater] = make_raters(count=1)
    view = claim(rater.token)
    assert view["progress"] == {"done": 0, "quota": 2}
    following = services.submit_rating(rater.token, view["token"], ranking_of(view)).next
    assert following is not None
    assert services.submit_rating(rater.token, following["token"], ranking_of(following)).next is None
    assert services.next_assignment(rater.token).view is None


def test_a_skip_frees_the_slot_for_others_and_never_returns_to_this_rater():
    make_study(questions=1, overlap=1)
    first, second = make_raters(count=2)
    view = claim(first.token)
    skipped = services.skip(first.token, view["token"], reason="I do not know")
    assert skipped.next is None
    assert services.next_assignment(first.token).view is None
    assert claim(second.token)["question"] == view["question"]
    rating = Rating.objects.get()
    assert (rating.skipped, rating.skip_reason, rating.current) == (True, "I do not know", True)


def test_a_repeated_skip_is_stored_once():
    make_study(questions=3, overlap=1)
    [rater] = make_raters(count=1)
    view = claim(rater.token)
    first = services.skip(rater.token, view["token"])
    again = services.skip(rater.token, view["token"])
    assert first.created and not again.created
    assert first.next is not None and again.next is not None
    assert first.next["token"] == again.next["token"]
    assert Rating.objects.count() == 1
    assert Slot.objects.get(skips__gt=0).skips == 1


def test_a_slot_skipped_three_times_is_parked_for_the_researcher():
    make_study(questions=1, overlap=1)
    for rater in make_raters(count=3):
        services.skip(rater.token, claim(rater.token)["token"])
    assert Slot.objects.get().state == "parked"
    [fourth] = make_raters(count=1, name="fourth")
    assert services.next_assignment(fourth.token).view is None


def test_an_undone_skip_brings_the_triple_back_and_gives_the_next_one_back():
    make_study(questions=2, overlap=1)
    [rater] = make_raters(count=1)
    view = claim(rater.token)
    following = services.skip(rater.token, view["token"]).next
    assert following is not None
    undone = services.unskip(rater.token)
    assert undone.view is not None and undone.view["token"] == view["token"]
    assert Slot.objects.filter(state="held").count() == 1
    submitted = services.submit_rating(rater.token, view["token"], ranking_of(view))
    assert submitted.next is not None and submitted.next["token"] == following["token"]
    assert [r.revision for r in Rating.objects.order_by("id")] == [1, 2]
    assert Rating.objects.filter(current=True).count() == 1
    assert len(set(Rating.objects.values_list("key", flat=True))) == 1


def test_a_skip_can_not_be_undone_once_another_rater_has_the_triple():
    make_study(questions=1, overlap=1)
    first, second = make_raters(count=2)
    services.skip(first.token, claim(first.token)["token"])
    claim(second.token)
    with pytest.raises(NothingToUndo):
        services.unskip(first.token)


def test_renewing_lengthens_the_lease_and_says_when_the_slot_is_lost():
    make_study(questions=1, overlap=1)
    first, second = make_raters(count=2)
    view = claim(first.token)
    let_leases_lapse()
    assert services.renew(first.token, view["token"]) > timezone.now()
    let_leases_lapse()
    claim(second.token)
    with pytest.raises(LeaseLost):
        services.renew(first.token, view["token"])


def test_a_draft_is_kept_until_the_rating_is_in():
    make_study(questions=3)
    [rater] = make_raters(count=1)
    view = claim(rater.token)
    services.save_draft(rater.token, view["token"], {"ranking": [["x"]]})
    session = services.find_rater(rater.token)
    assert services.draft_of(session, view["token"]) == {"ranking": [["x"]]}
    services.submit_rating(rater.token, view["token"], ranking_of(view))
    assert services.draft_of(session, view["token"]) is None


def test_a_revision_is_added_and_becomes_current():
    make_study(questions=3)
    rater, stranger = make_raters(count=2)
    view = claim(rater.token)
    cards = [card["token"] for card in view["cards"]]
    key = services.submit_rating(rater.token, view["token"], ranking_of(view)).rating
    changed = {"ranking": [[cards[1]], [cards[0]], [cards[2]]], "comment": "second thoughts"}
    assert services.revise(rater.token, key, changed).created
    assert not services.revise(rater.token, key, changed).created
    with pytest.raises(UnknownRating):
        services.revise(stranger.token, key, changed)
    rows = list(Rating.objects.order_by("revision"))
    assert [(row.revision, row.current) for row in rows] == [(1, False), (2, True)]
    assert rows[0].order == rows[1].order
    [past] = services.recent_ratings(services.find_rater(rater.token))
    assert past.ranking == [[cards[1]], [cards[0]], [cards[2]]]
    assert past.comment == "second thoughts"
    assert Rater.objects.get(name="rater-1").done == 1


def test_a_repeat_of_the_first_body_after_a_revision_changes_nothing():
    make_study(questions=3)
    [rater] = make_raters(count=1)
    view = claim(rater.token)
    key = services.submit_rating(rater.token, view["token"], ranking_of(view)).rating
    services.revise(rater.token, key, {"ranking": [], "all_bad": True})
    again = services.submit_rating(rater.token, view["token"], ranking_of(view))
    assert not again.created and again.rating == key
    assert Rating.objects.get(current=True).all_bad


def test_the_last_use_of_a_token_is_written_down():
    make_study(questions=3)
    [rater] = make_raters(count=1)
    assert RaterToken.objects.get().last_used_at is None
    services.next_assignment(rater.token)
    assert RaterToken.objects.get().last_used_at is not None
