"""A study's page, its acts, its lint report and its triples."""

from __future__ import annotations

import re

import pytest

from accounts.audit import COMMAND
from accounts.models import AuditEvent
from ratings.console.triples import preview_order
from ratings.crowd.simulation import Simulation, simulate_raters
from ratings.library.models import Question, Rationale
from ratings.slots import services
from ratings.slots.models import Assignment, Flag, Slot
from ratings.studies.design import StudyDesign
from ratings.studies.models import Study
from ratings.studies.orders import ORDERS
from ratings.studies.services import close_study, create_study, pause_study, unblind_study
from tests.console.ladder import LABELS, climb_act, climb_page, queries_of
from tests.worlds import make_dataset, make_raters, make_study

PAGES = ["", "progress/", "lint/", "triples/", "triples/1/"]
ACTS = ["open", "pause", "close", "unblind", "unpark", "overlap", "thresholds", "deviations"]


def make_draft(name: str = "trial", *, questions: int = 4) -> Study:
    make_dataset(questions=questions, sources=LABELS)
    design = StudyDesign(name=name, dataset="sums", sources=LABELS, questions=questions)
    return create_study(design, actor=COMMAND)


def make_leaky_draft() -> Study:
    """A study with one triple that names a source: the lint blocks it."""
    make_dataset(questions=3, sources=LABELS)
    leak = Rationale.objects.filter(source__label=LABELS[0]).first()
    assert leak is not None
    Rationale.objects.filter(pk=leak.pk).update(normalised=f"As {LABELS[1]} says, it is so.")
    return create_study(StudyDesign(name="trial", dataset="sums", sources=LABELS, questions=3), actor=COMMAND)


def say(client, address: str, **body: str) -> str:
    """What the page tells after an act."""
    answer = client.post(address, body, follow=True)
    assert answer.redirect_chain[0][1] == 303 and answer.status_code == 200
    found = re.search(r'<div class="messages".*?</div>\s*</div>', answer.content.decode(), re.S)
    assert found is not None
    return re.sub(r"<[^>]+>|\s+", " ", found[0])


@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_a_study_climbs_the_ladder(client, blind_analyst, page):
    make_study(questions=3, sources=LABELS)
    climb_page(client, f"/studies/trial/{page}", allowed=blind_analyst, refused=None)


@pytest.mark.parametrize("act", ACTS)
def test_every_act_climbs_the_ladder_and_changes_nothing_on_the_way(
    client, owner, engineer, blind_analyst, act
):
    make_study(questions=3, sources=LABELS)
    refused = engineer if act == "unblind" else blind_analyst
    climb_act(client, f"/studies/trial/{act}/", allowed=owner, refused=refused, reason="x")
    study = Study.objects.get()
    assert study.state == "open" and study.unblinded_at is None


def test_a_study_is_opened_paused_resumed_and_closed_from_its_page(client, engineer):
    make_draft()
    client.force_login(engineer)
    for act, state, words in [
        ("open", "open", "trial is open"),
        ("pause", "paused", "is paused"),
        ("open", "open", "is open"),
        ("close", "closed", "is closed"),
    ]:
        assert words in say(client, f"/studies/trial/{act}/")
        assert Study.objects.get().state == state
    events = AuditEvent.objects.filter(subject="trial", actor=engineer).order_by("pk")
    assert [event.act for event in events] == ["study.open", "study.pause", "study.open", "study.close"]


def test_an_act_done_twice_says_so_on_the_page_and_is_audited_once(client, engineer):
    make_study(questions=3, sources=LABELS)
    client.force_login(engineer)
    say(client, "/studies/trial/close/")
    assert "is closed; this needs it to be open or paused" in say(client, "/studies/trial/close/")
    assert AuditEvent.objects.filter(act="study.close").count() == 1


def test_a_blocked_study_is_opened_only_with_a_reason(client, engineer):
    make_leaky_draft()
    client.force_login(engineer)
    page = client.get("/studies/trial/").content.decode()
    assert "Blocked by the lint" in page and "Open it all the same" in page
    assert "blocks this study" in say(client, "/studies/trial/open/")
    assert Study.objects.get().state == "draft"
    assert "is open" in say(client, "/studies/trial/open/", override="the name is a common word")
    assert Study.objects.get().override_reason == "the name is a common word"


def test_a_blocked_study_resumes_with_the_reason_it_was_opened_with(client, engineer):
    make_leaky_draft()
    client.force_login(engineer)
    say(client, "/studies/trial/open/", override="known")
    say(client, "/studies/trial/pause/")
    page = client.get("/studies/trial/").content.decode()
    field = re.search(r'name="override" value="([^"]*)"', page)
    assert field is not None and "Resume the study" in page
    assert "is open" in say(client, "/studies/trial/open/", override=field[1])


def test_unblinding_needs_a_reason_and_happens_once(client, owner):
    make_study(questions=3, sources=LABELS)
    client.force_login(owner)
    assert "needs a reason" in say(client, "/studies/trial/unblind/", reason="  ")
    assert Study.objects.get().unblinded_at is None
    say(client, "/studies/trial/unblind/", reason="pilot is over")
    say(client, "/studies/trial/unblind/", reason="again")
    assert Study.objects.get().unblind_reason == "pilot is over"
    assert AuditEvent.objects.filter(act="study.unblind").count() == 1


def test_parked_slots_are_opened_again_and_only_while_the_study_runs(client, engineer):
    study = make_study(questions=3, sources=LABELS)
    Slot.objects.filter(pk__in=list(study.slots.values_list("pk", flat=True)[:2])).update(
        state="parked", skips=3
    )
    client.force_login(engineer)
    page = client.get("/studies/trial/").content.decode()
    assert "2 slots parked" in page
    assert "2 parked slots are handed out again" in say(client, "/studies/trial/unpark/")
    assert not Slot.objects.exclude(state="open", skips=0).exists()
    assert "0 parked slots" in say(client, "/studies/trial/unpark/")
    close_study("trial", actor=COMMAND)
    assert "is closed" in say(client, "/studies/trial/unpark/")


def test_a_study_page_offers_no_act_to_whoever_may_not_do_it(client, blind_analyst):
    make_study(questions=3, sources=LABELS)
    client.force_login(blind_analyst)
    page = client.get("/studies/trial/").content.decode()
    for act in ACTS:
        assert f"/studies/trial/{act}/" not in page


def test_the_share_of_questions_and_why_others_were_left_out_are_told(client, engineer):
    dataset = make_dataset(questions=4, sources=LABELS)
    Rationale.objects.filter(question__external_id="q000000", source__label=LABELS[1]).update(verdict="wrong")
    Question.objects.filter(dataset=dataset, external_id="q000001").update(split="prompt")
    create_study(StudyDesign(name="trial", dataset="sums", sources=LABELS, questions=2), actor=COMMAND)
    client.force_login(engineer)
    page = client.get("/studies/trial/").content.decode()
    assert (
        "2 of the dataset&#x27;s 4 questions (50.0%)" in page
        or "2 of the dataset's 4 questions (50.0%)" in page
    )
    assert "none that reaches the right answer" in page
    assert "They stand in a few-shot prompt" in page


def test_skips_and_flags_of_raters_are_shown(client, engineer):
    make_study(questions=3, sources=LABELS)
    token = make_raters()[0].token
    view = services.next_assignment(token).view
    assert view is not None
    services.flag(token, view["token"], reason="broken", comment="The second card is <b>cut</b> off.")
    services.flag(token, view["token"], reason="ok \u202eyllaer", comment="a\u2066b")
    services.skip(token, view["token"], reason="I know this one")
    client.force_login(engineer)
    page = client.get("/studies/trial/").content.decode()
    assert "I know this one" in page and "Something is not shown properly" in page
    assert "The second card is &lt;b&gt;cut&lt;/b&gt; off." in page
    # Whoever looks sees what turns texts round, and it turns nothing.
    assert "ok [U+202E]yllaer" in page and "a[U+2066]b" in page
    assert "\u202e" not in page and "\u2066" not in page


def test_progress_is_fetched_again_every_three_seconds_until_the_study_is_closed(client, engineer):
    make_study(questions=3, sources=LABELS)
    client.force_login(engineer)
    part = client.get("/studies/trial/progress/?seen=open").content.decode()
    assert part.lstrip().startswith("<section") and 'hx-trigger="every 3s"' in part
    close_study("trial", actor=COMMAND)
    assert client.get("/studies/trial/progress/?seen=open")["HX-Refresh"] == "true"
    part = client.get("/studies/trial/progress/?seen=closed").content.decode()
    assert "hx-trigger" not in part and "hx-get" not in part


def test_counts_on_the_page_are_those_of_plain_counting(client, engineer):
    study = make_study(questions=3, sources=LABELS)
    simulate_raters(Simulation(study="trial", raters=2), actor=COMMAND)
    client.force_login(engineer)
    page = client.get("/studies/trial/").content.decode()
    rated = study.slots.filter(state="rated").count()
    assert rated and f'<progress value="{rated}" max="9"' in page
    assert study.ratings.filter(current=True, skipped=False, surplus=False).count() == rated


@pytest.mark.parametrize("state", ["draft", "open", "paused"])
def test_no_page_of_a_blind_study_names_a_source(client, owner, state):
    make_leaky_draft()
    client.force_login(owner)
    if state != "draft":
        say(client, "/studies/trial/open/", override="known")
        simulate_raters(Simulation(study="trial", raters=2), actor=COMMAND)
    if state == "paused":
        pause_study("trial", actor=COMMAND)
    for page in ["", "progress/", "lint/", "triples/", "raters/", "results/", "exports/"]:
        text = client.get(f"/studies/trial/{page}").content.decode()
        assert not [label for label in LABELS if label in text], page


def test_a_finding_names_the_source_once_nobody_is_biased_by_it(client, engineer, blind_analyst):
    make_leaky_draft()
    client.force_login(engineer)
    say(client, "/studies/trial/open/", override="known")
    assert "contains a source&#x27;s name" in client.get("/studies/trial/lint/").content.decode()
    close_study("trial", actor=COMMAND)
    assert f"contains &#x27;{LABELS[1]}&#x27;" in client.get("/studies/trial/lint/").content.decode()
    client.force_login(blind_analyst)
    assert LABELS[1] not in client.get("/studies/trial/lint/").content.decode()


def test_sources_are_named_after_closing_to_those_who_may_see_them(client, engineer, blind_analyst):
    make_study(questions=3, sources=LABELS)
    close_study("trial", actor=COMMAND)
    client.force_login(engineer)
    assert ", ".join(LABELS) in client.get("/studies/trial/").content.decode()
    assert LABELS[0] in client.get("/studies/trial/triples/1/").content.decode()
    client.force_login(blind_analyst)
    for page in ["", "triples/1/", "lint/"]:
        text = client.get(f"/studies/trial/{page}").content.decode()
        assert not [label for label in LABELS if label in text], page


def test_a_triple_looks_as_raters_see_it_and_takes_no_slot(client, engineer):
    study = make_study(questions=3, sources=LABELS)
    client.force_login(engineer)
    page = client.get("/studies/trial/triples/2/").content.decode()
    triple = study.triples.get(number=2)
    shown = re.findall(r'<div class="rationale__text">(.*?)</div>', page, re.S)
    order = ORDERS[preview_order(study, triple)]
    assert shown == [triple.content["cards"][source]["html"] for source in order]
    assert client.get("/studies/trial/triples/2/").content.decode().count("rationale__text") == 3
    assert not Assignment.objects.exists() and not Slot.objects.exclude(state="open").exists()
    assert client.get("/studies/trial/triples/99/").status_code == 404


def test_what_stands_behind_a_card_is_told_of_the_right_card(client, owner):
    study = make_study(questions=6, sources=LABELS)
    unblind_study("trial", reason="x", actor=COMMAND)
    client.force_login(owner)
    for triple in study.triples.all():
        page = client.get(f"/studies/trial/triples/{triple.number}/").content.decode()
        told = re.findall(r"<strong>(\w+)</strong> <span class=\"badge", page)
        assert told == [LABELS[source] for source in ORDERS[preview_order(study, triple)]]


def test_the_order_of_a_preview_depends_on_no_source_label_and_uses_all_orders():
    orders = {preview_order(Study(seed=0), type("T", (), {"number": n, "base_order": 0})) for n in range(60)}  # type: ignore[arg-type]
    assert orders == set(range(6))


def test_queries_do_not_grow_with_rows(client, engineer):
    client.force_login(engineer)
    counted = {}
    for name, questions, raters in [("small", 3, 1), ("large", 12, 6)]:
        make_dataset(name, questions=questions, sources=LABELS)
        make_study(name, dataset=name, questions=questions, sources=LABELS)
        simulate_raters(Simulation(study=name, raters=raters), actor=COMMAND)
        for assignment in Assignment.objects.filter(triple__study__name=name):
            Flag.objects.create(assignment=assignment, reason="odd")
        open_slots = Slot.objects.filter(study__name=name, state="open").values_list("pk", flat=True)
        Slot.objects.filter(pk__in=list(open_slots[:questions])).update(state="parked")
        counted[name] = [queries_of(client, f"/studies/{name}/{page}") for page in PAGES]
    assert counted["small"] == counted["large"]
    assert max(counted["large"]) <= 16


def test_the_overlap_is_raised_and_thresholds_are_changed_from_the_page(client, engineer):
    make_study(questions=3, sources=LABELS, overlap=2)
    client.force_login(engineer)
    assert "Raise the overlap" in client.get("/studies/trial/").content.decode()
    told = say(client, "/studies/trial/overlap/", to="4", reason="more power")
    assert "4 ratings of each triple: 6 more slots" in told
    assert "expected a whole number" in say(client, "/studies/trial/overlap/", to="x", reason="more")
    assert "it is 4 now" in say(client, "/studies/trial/overlap/", to="4", reason="more")
    assert "stand as you said" in say(client, "/studies/trial/thresholds/", fastest="80", reason="short")
    assert "expected" in say(client, "/studies/trial/thresholds/", fastest="fast", reason="short")
    assert "stands with the protocol" in say(
        client, "/studies/trial/deviations/", reason="The <room> was loud."
    )
    assert "expected why" in say(client, "/studies/trial/deviations/", reason=" ")
    page = client.get("/studies/trial/").content.decode()
    assert "“The &lt;room&gt; was loud.”" in page
    assert "More ratings of each triple than planned: 2 to 4" in page and "fastest = 80" in page
    assert Slot.objects.count() == 12


def test_a_triples_page_shows_all_that_its_study_asks_for(client, engineer):
    """It says that raters see this; so it has to be this."""
    asks = {"reasons": ["wrong_step"], "confidence": True, "doubts": True, "first_wrong_step": True}
    make_study(questions=2, sources=LABELS, form={"kind": "pairwise", **asks})
    client.force_login(engineer)
    page = client.get("/studies/trial/triples/1/").content.decode()
    assert page.count('class="rationale"') == page.count('class="steps"') == 2
    for part in (
        "Better",
        "What is bad about it?",
        "How sure are you?",
        "Is something wrong",
        "Add a comment",
    ):
        assert part in page, part
    assert "<form" not in page
