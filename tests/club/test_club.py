"""A club's evening on both databases: rounds, late votes, dead phones, acts pressed twice, the end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from accounts.audit import COMMAND
from accounts.models import AuditEvent
from ratings.analysis.services import analyse_study
from ratings.club import hosting, phones
from ratings.club.errors import ClubFull, ClubOver, NoTripleLeft, UnknownClub, WrongPhase
from ratings.club.models import Club, ClubPhone, ClubRound
from ratings.club.selectors import counts_of, lettered_cards, round_of, round_tally
from ratings.slots import services
from ratings.slots.errors import JourneyUnfinished, UnknownAssignment
from ratings.slots.models import Assignment, Rating, Slot
from ratings.slots.progress import study_progress
from ratings.studies.errors import WrongState
from ratings.studies.models import Study
from ratings.studies.orders import ORDERS
from ratings.studies.services import close_study
from tests.worlds import SOURCES, make_raters, make_study

#: The evening as a whole, late votes, the end and races run on both databases, with real commits.
BOTH = pytest.mark.usefixtures("world")
ONE = pytest.mark.django_db


def new_club(*, questions: int = 3, people: int = 0) -> tuple[Club, list[str]]:
    make_study(questions=questions)
    club = hosting.open_club("trial", actor=COMMAND)
    return club, [phones.join(club.code)[1] for _ in range(people)]


def start(club: Club) -> ClubRound:
    club.refresh_from_db()
    hosting.start_round(club.code, seen=club.version, actor=COMMAND)
    club.refresh_from_db()
    found = round_of(club)
    assert found is not None
    return found


def held(club: Club, secret: str, round_: ClubRound) -> Assignment:
    phone = phones.phone_of(club.code, secret)
    assert phone is not None
    return phones.hold(phone, round_)


def prefer(club: Club, secret: str, round_: ClubRound, source: int) -> None:
    """Votes for one source alone, wherever its card stands on this phone."""
    assignment = held(club, secret, round_)
    phone = phones.phone_of(club.code, secret)
    assert phone is not None and assignment.order is not None
    cards = phones.view_of(phone, assignment)["cards"]
    card = cards[ORDERS[assignment.order].index(source)]["token"]
    phones.vote(secret, assignment.token, {"ranking": [[card]]})


@BOTH
def test_an_evening():
    club, people = new_club(people=7)
    first = start(club)
    for secret in people[:5]:
        prefer(club, secret, first, 2)
    prefer(club, people[5], first, 0)
    assert counts_of(club).voted == 6 and counts_of(club).phones == 7
    hosting.show_votes(club.code, seen="voting-1", actor=COMMAND)
    club.refresh_from_db()
    assert round_tally(first).firsts == (1.0, 0.0, 5.0)
    shown = round_of(club)
    assert shown is not None and [card["source"] for card in lettered_cards(shown, found=None)] == [None] * 3
    hosting.reveal(club.code, seen="votes-1", actor=COMMAND)
    revealed = round_of(hosting.get_club(club.code))
    assert revealed is not None
    named = {card["source"]: card["firsts"] for card in lettered_cards(revealed, found=round_tally(revealed))}
    assert named == {SOURCES[0]: 1.0, SOURCES[1]: 0.0, SOURCES[2]: 5.0}
    assert Study.objects.get().unblinded_at is not None
    assert AuditEvent.objects.filter(act="study.unblind").count() == 1
    # What was said is part of the study, beside its plan.
    assert analyse_study("trial")["ratings"] == 6
    assert Slot.objects.filter(replicate__isnull=False, state="open").count() == 9


@ONE
def test_six_phones_see_six_orders_and_two_tabs_the_same():
    club, people = new_club(people=6)
    round_ = start(club)
    orders = [held(club, secret, round_).order for secret in people]
    assert sorted(order for order in orders if order is not None) == list(range(6))
    assert [held(club, secret, round_).order for secret in people] == orders
    again = start_next(club)
    assert [held(club, secret, again).order for secret in people] != orders


def start_next(club: Club) -> ClubRound:
    club.refresh_from_db()
    hosting.show_votes(club.code, seen=club.version, actor=COMMAND)
    return start(club)


@BOTH
def test_a_dead_phone_holds_nobody_up_and_a_late_vote_is_still_taken():
    club, people = new_club(people=3)
    first = start(club)
    late = held(club, people[2], first)
    for secret in people[:2]:
        prefer(club, secret, first, 1)
    second = start_next(club)
    for secret in people:
        assert held(club, secret, second).triple_id == second.triple_id
    prefer(club, people[2], first, 0)
    assert Assignment.objects.get(pk=late.pk).state == "rated"
    assert not Rating.objects.get(assignment=late).surplus
    prefer(club, people[2], second, 0)


@ONE
def test_an_act_pressed_twice_is_done_once():
    club, _ = new_club()
    hosting.start_round(club.code, seen="lobby-0", actor=COMMAND)
    with pytest.raises(WrongPhase):
        hosting.start_round(club.code, seen="lobby-0", actor=COMMAND)
    with pytest.raises(WrongPhase):
        hosting.reveal(club.code, seen="voting-1", actor=COMMAND)
    assert ClubRound.objects.count() == 1 and hosting.get_club(club.code).round == 1
    assert Study.objects.get().unblinded_at is None


@ONE
def test_each_triple_is_rated_once_and_then_none_is_left():
    club, _ = new_club(questions=2)
    start(club)
    start_next(club)
    club.refresh_from_db()
    hosting.show_votes(club.code, seen=club.version, actor=COMMAND)
    with pytest.raises(NoTripleLeft):
        hosting.start_round(club.code, seen="votes-2", actor=COMMAND)
    assert hosting.get_club(club.code).version == "votes-2"


@BOTH
def test_the_end_takes_empty_places_out_and_signs_phones_out():
    club, people = new_club(people=3)
    round_ = start(club)
    prefer(club, people[0], round_, 1)
    unsaid = held(club, people[1], round_)
    hosting.end_club(club.code, actor=COMMAND)
    hosting.end_club(club.code, actor=COMMAND)
    assert phones.phone_of(club.code, people[0]) is None
    assert Rating.objects.count() == 1 and not Assignment.objects.filter(pk=unsaid.pk).exists()
    assert Slot.objects.filter(replicate=None).count() == 1
    with pytest.raises(ClubOver):
        phones.join(club.code)
    # Another club of the same study starts afresh, with the same triples.
    other = hosting.open_club("trial", actor=COMMAND)
    assert start(other).triple_id == round_.triple_id


@ONE
def test_a_phone_sees_only_the_rounds_triple_and_nobody_gets_its_place():
    club, people = new_club(questions=2, people=1)
    with pytest.raises(JourneyUnfinished):
        services.next_assignment(people[0])
    round_ = start(club)
    prefer(club, people[0], round_, 1)
    assert Assignment.objects.filter(rater__club_phone__isnull=False).count() == 1
    second = start_next(club)
    waiting = held(club, people[0], second)
    [rater] = make_raters(count=1)
    view = services.next_assignment(rater.token).view
    while view:
        assert Assignment.objects.get(token=view["token"]).slot_id != waiting.slot_id
        view = services.skip(rater.token, view["token"]).next


@ONE
def test_bad_input(monkeypatch):
    club, people = new_club(people=1)
    with pytest.raises(UnknownClub):
        hosting.get_club("NOSUCH")
    assert hosting.get_club(club.code.lower()) == club
    assert phones.phone_of(club.code, None) is None and phones.phone_of(club.code, "scr_forged") is None
    assert phones.phone_of("OTHER234", people[0]) is None
    with pytest.raises(UnknownAssignment):
        phones.vote(people[0], "0" * 32, {"ranking": []})
    monkeypatch.setattr(phones, "MAX_PHONES", 1)
    with pytest.raises(ClubFull):
        phones.join(club.code)
    close_study("trial", actor=COMMAND)
    with pytest.raises(WrongState):
        hosting.open_club("trial", actor=COMMAND)


def together(count: int, act) -> list:
    """What `act` gives to that many threads at once."""

    def run(number: int):
        try:
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.race
@BOTH
def test_phones_that_join_and_hold_at_once_get_numbers_and_places_of_their_own():
    club, _ = new_club()
    secrets = [secret for _, secret in together(8, lambda _: phones.join(club.code))]
    assert sorted(ClubPhone.objects.values_list("number", flat=True)) == list(range(8))
    round_ = start(club)
    places = together(8, lambda n: held(club, secrets[n // 2], round_).pk)
    assert len(set(places)) == 4


@ONE
def test_a_vote_that_was_kept_past_the_end_is_told_of_and_one_of_a_stranger_stays_in_its_browser(client):
    club, _ = new_club(people=1)
    start(club)
    address, script = f"/club/{club.code}/", {"HX-Request": "true"}
    stranger = client.post(address, {"token": "0" * 32}, headers=script)
    assert stranger.status_code == 401 and stranger["Desk-Error"] == "not_authenticated"
    assert ClubPhone.objects.count() == 1
    hosting.end_club(club.code, actor=COMMAND)
    late = client.post(address, {"token": "0" * 32}, headers=script)
    assert late["HX-Redirect"] == f"{address}?late=1"
    assert "came after the end" in client.get(late["HX-Redirect"]).content.decode()


@BOTH
def test_a_vote_that_comes_once_its_round_is_revealed_is_kept_and_counts_nowhere(client):
    """By then the wall has said who wrote what; a phone that was offline sends what it kept all the same."""
    club, people = new_club(people=3)
    first = start(club)
    for secret in people:
        held(club, secret, first)
    prefer(club, people[0], first, 2)
    hosting.show_votes(club.code, seen="voting-1", actor=COMMAND)
    prefer(club, people[1], first, 2)
    hosting.reveal(club.code, seen="votes-1", actor=COMMAND)
    prefer(club, people[2], first, 0)
    late = Rating.objects.get(rater__club_phone__number=2)
    assert late.surplus and analyse_study("trial")["ratings"] == 2
    assert round_tally(first).firsts == (0.0, 0.0, 2.0)
    client.cookies["club"] = people[2]
    assert "came after the reveal" in client.get(f"/club/{club.code}/").content.decode()
    # So does one that comes in a later round; that round itself is blind again.
    start(club)
    second = round_of(club)
    assert second is not None
    prefer(club, people[0], second, 1)
    assert not Rating.objects.get(rater__club_phone__number=0, triple=second.triple_id).surplus
    # The plan is what it was: a club's votes are beside it.
    progress = study_progress(club.study)
    assert (progress.planned, progress.rated, progress.ratings, progress.beside) == (9, 0, 3, 3)
