"""Entering through a panel on both databases: two tabs, a day later, another session, full, returned; erasing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from accounts.audit import COMMAND
from accounts.errors import InvalidInput, NotAuthenticated
from ratings.crowd.arrivals import Arrival, read_arrival
from ratings.crowd.models import PanelEntry, PanelEvent
from ratings.crowd.panels import (
    EntryEnded,
    PanelDesign,
    PanelFull,
    UnknownPanel,
    completion_of,
    create_panel,
    enter,
    entry_link,
    erase_contact,
    get_panel,
)
from ratings.crowd.selectors import places_of
from ratings.crowd.statuses import apply_status
from ratings.slots import services
from ratings.slots.models import Assignment, Rater, Rating, Slot
from ratings.studies.errors import NameTaken
from tests.worlds import make_raters, make_study, ranking_of

#: What locks rows or compares moments runs on both databases, with real commits.
BOTH = pytest.mark.usefixtures("world")
ONE = pytest.mark.django_db


def new_panel(**design):
    make_study(questions=3, overlap=2)
    return create_panel("trial", PanelDesign(**design), actor=COMMAND)


def claim(secret: str) -> dict:
    view = services.next_assignment(secret).view
    assert view is not None
    return view


@ONE
def test_a_session_is_one_rater_in_every_tab_and_holds_one_assignment():
    panel = new_panel()
    tabs = [enter(panel, Arrival(session="s1", person="p1"))[1] for _ in range(2)]
    assert tabs[0] != tabs[1]
    assert claim(tabs[0])["token"] == claim(tabs[1])["token"]
    assert Rater.objects.count() == 1 == PanelEntry.objects.count()
    assert "p1" not in Rater.objects.get().name


@BOTH
def test_the_same_session_entered_by_many_tabs_at_once_is_one_rater():
    panel = new_panel()

    def tab(_: int) -> str:
        try:
            return enter(panel, Arrival(session="s1", person="p1"))[0].name
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        names = set(pool.map(tab, range(6)))
    assert len(names) == 1 and PanelEntry.objects.count() == 1


def lapse() -> None:
    past = timezone.now() - timedelta(days=1)
    Slot.objects.filter(state="held").update(lease_expires_at=past)
    Assignment.objects.filter(state="held").update(lease_expires_at=past)


@BOTH
def test_a_day_later_the_same_assignment_while_its_slot_is_free_else_the_next():
    panel = new_panel()
    secret = enter(panel, Arrival(session="s1"))[1]
    before = claim(secret)
    lapse()
    assert claim(enter(panel, Arrival(session="s1"))[1])["token"] == before["token"]
    # Freed by the provider, and free still: the same one again.
    entry = PanelEntry.objects.get()
    apply_status(entry, "TIMED-OUT", at=timezone.now())
    PanelEntry.objects.update(status="active")
    assert claim(secret)["token"] == before["token"]
    # Taken by somebody else meanwhile: the next.
    lapse()
    slot = Slot.objects.get(assignments__token=before["token"])
    Slot.objects.exclude(pk=slot.pk).filter(state="open").update(state="parked")
    [other] = make_raters(count=1)
    taken = claim(other.token)
    Slot.objects.filter(state="parked").update(state="open")
    assert Slot.objects.get(assignments__token=taken["token"]).pk == slot.pk
    assert claim(secret)["token"] != before["token"]


@ONE
def test_a_person_who_comes_with_another_session_goes_on_as_who_they_were():
    panel = new_panel()
    first, secret = enter(panel, Arrival(session="s1", person="p1"))
    view = claim(secret)
    services.submit_rating(secret, view["token"], ranking_of(view))
    second, _ = enter(panel, Arrival(session="s2", person="p1"))
    stranger, _ = enter(panel, Arrival(session="s3", person="p2"))
    assert first == second != stranger and PanelEntry.objects.count() == 3


@BOTH
def test_returned_frees_the_slot_and_ends_the_way_timed_out_frees_it():
    panel = new_panel()
    rater, secret = enter(panel, Arrival(session="s1"))
    claim(secret)
    moment = timezone.now()
    assert "free" in apply_status(PanelEntry.objects.get(), "RETURNED", at=moment)
    assert Slot.objects.filter(state="held").count() == 0
    with pytest.raises(NotAuthenticated):
        services.next_assignment(secret)
    with pytest.raises(EntryEnded):
        enter(panel, Arrival(session="s1"))
    rater.refresh_from_db()
    assert rater.stage == "withdrawn"
    # A word from before is not followed.
    assert "older" in apply_status(PanelEntry.objects.get(), "ACTIVE", at=moment - timedelta(minutes=1))
    assert PanelEntry.objects.get().status == "returned"
    assert "unknown" in apply_status(PanelEntry.objects.get(), "SINGING", at=timezone.now())


@ONE
def test_what_was_rated_before_a_return_stays():
    panel = new_panel()
    _, secret = enter(panel, Arrival(session="s1"))
    view = claim(secret)
    services.submit_rating(secret, view["token"], ranking_of(view))
    apply_status(PanelEntry.objects.get(), "RETURNED", at=timezone.now())
    assert Rating.objects.filter(current=True).count() == 1
    assert Slot.objects.filter(state="rated").count() == 1 and not Slot.objects.filter(state="held").exists()


@ONE
def test_a_full_panel_takes_nobody_new_and_everybody_it_knows():
    panel = new_panel(quota=2)
    for session in ("s1", "s2", "s1"):
        enter(panel, Arrival(session=session))
    with pytest.raises(PanelFull):
        enter(panel, Arrival(session="s3"))
    enter(panel, Arrival(session="s2"))
    assert Rater.objects.count() == 2


@ONE
@pytest.mark.parametrize("word", ["RETURNED", "TIMED-OUT", "SCREENED OUT"])
def test_a_place_that_the_provider_gives_to_somebody_else_is_free(word):
    panel = new_panel(quota=2)
    for session, person in (("s1", "p1"), ("s2", "p2"), ("s3", "p2")):
        enter(panel, Arrival(session=session, person=person))
    # Two raters came, one of them twice.
    assert places_of(panel) == (2, 2)
    apply_status(PanelEntry.objects.get(session="s1"), word, at=timezone.now())
    assert places_of(panel) == (2, 1)
    enter(panel, Arrival(session="s4", person="p4"))
    for person in ("p5", "p1"):
        with pytest.raises((PanelFull, EntryEnded)):
            enter(panel, Arrival(session="s5", person=person))
    assert places_of(panel) == (3, 2) and PanelEntry.objects.count() == 4


@ONE
def test_whoever_returned_does_not_come_back_by_a_new_session():
    panel = new_panel()
    enter(panel, Arrival(session="s1", person="p1"))
    apply_status(PanelEntry.objects.get(), "RETURNED", at=timezone.now())
    with pytest.raises(EntryEnded, match="took your part"):
        enter(panel, Arrival(session="s2", person="p1"))
    assert PanelEntry.objects.get().status == "returned"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "SESSION_ID"),
        ({"SESSION_ID": "{{%SESSION_ID%}}"}, "SESSION_ID"),
        ({"SESSION_ID": "a b"}, "SESSION_ID"),
        ({"SESSION_ID": "s" * 101}, "SESSION_ID"),
        ({"SESSION_ID": "s1", "PROLIFIC_PID": "<script>"}, "PROLIFIC_PID"),
        ({"SESSION_ID": "s1"}, "PROLIFIC_PID"),
        ({"SESSION_ID": "SESSION_ID", "PROLIFIC_PID": "p1"}, "SESSION_ID"),
        ({"SESSION_ID": "s1", "PROLIFIC_PID": "p1", "STUDY_ID": "another"}, "STUDY_ID"),
        ({"SESSION_ID": "s1", "PROLIFIC_PID": "p1", "STUDY_ID": "{{%STUDY_ID%}}"}, "STUDY_ID"),
    ],
)
@ONE
def test_a_link_without_a_usable_id_is_refused(given, field):
    with pytest.raises(InvalidInput) as refused:
        read_arrival(new_panel(external_study="ours"), given)
    assert refused.value.details["field"] == field


@ONE
def test_links_carry_the_providers_placeholders():
    assert entry_link(new_panel()).endswith(
        "/p/trial/prolific/?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
    )
    other = create_panel(
        "trial", PanelDesign(name="sona", provider="generic", session_parameter="survey_code"), actor=COMMAND
    )
    assert entry_link(other).endswith("/p/trial/sona/?survey_code=ID")
    assert read_arrival(other, {"survey_code": "77"}) == Arrival(session="77")
    # The link as it stands there, passed on, would make one rater of everybody.
    for word in ("ID", "id", "__ID__", "SURVEY_CODE", "[%ID%]"):
        with pytest.raises(InvalidInput):
            read_arrival(other, {"survey_code": word})


@ONE
def test_the_way_back_has_the_panels_code_and_the_submissions_id():
    panel = new_panel(
        name="sona",
        provider="generic",
        codes={"completed": "C 1"},
        completion_url="https://panel.example/back?code=CODE&id=SESSION",
    )
    rater, _ = enter(panel, Arrival(session="77"))
    assert completion_of(rater) is None
    rater.stage, rater.done = "done", 1
    rater.save()
    ended = completion_of(rater)
    assert ended is not None and ended.code == "C 1"
    assert ended.url == "https://panel.example/back?code=C%201&id=77"
    rater.stage = "screened_out"
    ended = completion_of(rater)
    assert ended is not None and (ended.code, ended.url) == ("", None)


@ONE
def test_erasing_takes_the_person_away_and_leaves_the_votes():
    panel = new_panel()
    _, secret = enter(panel, Arrival(session="s1", person="p1"))
    view = claim(secret)
    services.submit_rating(secret, view["token"], ranking_of(view))
    enter(panel, Arrival(session="s2", person="p2"))
    name = Rater.objects.order_by("pk")[0].name
    assert erase_contact(panel.study, actor=COMMAND, rater=name) == 1
    assert (
        PanelEntry.objects.filter(person="p1").count() == 0 == PanelEntry.objects.filter(session="s1").count()
    )
    assert PanelEntry.objects.filter(person="p2").count() == 1
    assert erase_contact(panel.study, actor=COMMAND) == 1
    assert erase_contact(panel.study, actor=COMMAND) == 0
    assert Rating.objects.count() == 1
    assert not PanelEvent.objects.filter(message__contains="p2").exists()


@pytest.mark.parametrize(
    ("design", "field"),
    [
        ({"name": "a b"}, "name"),
        ({"provider": "mturk"}, "provider"),
        ({"quota": 0}, "quota"),
        ({"codes": {"completed": ""}}, "codes.completed"),
        ({"codes": {"Completed!": "x"}}, "codes"),
        ({"completion_url": "javascript:alert(1)"}, "completion_url"),
        ({"session_parameter": "a&b"}, "session_parameter"),
        ({"external_study": "../x"}, "external_study"),
    ],
)
@ONE
def test_a_bad_panel_is_named(design, field):
    with pytest.raises(InvalidInput) as refused:
        new_panel(**design)
    assert refused.value.details["field"] == field


@ONE
def test_names_of_panels():
    panel = new_panel()
    with pytest.raises(NameTaken):
        create_panel("trial", PanelDesign(), actor=COMMAND)
    assert get_panel("trial") == panel == get_panel("trial", "prolific")
    with pytest.raises(UnknownPanel):
        get_panel("trial", "nobody")
