"""The pages before and after rating, as a browser without scripts sees and sends them."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client

from accounts.audit import COMMAND
from ratings.crowd.arrivals import Arrival
from ratings.crowd.panels import PanelDesign, create_panel
from ratings.crowd.panels import enter as enter_panel
from ratings.journeys import services
from ratings.journeys.models import BlindingGuess, ComprehensionTry, DebriefAnswers
from ratings.slots.models import Rater, Rating, Slot, StageChange
from ratings.slots.services import next_assignment, submit_rating
from ratings.studies.models import Study
from tests.desk.reading import read_form
from tests.journeys.ways import WHOLE, rate_all, stage_of, walk
from tests.worlds import make_raters, make_study, ranking_of

pytestmark = pytest.mark.django_db

DESK, WAY, LEAVE, REVEAL = (f"/rate/trial/{path}" for path in ("", "journey/", "leave/", "reveal/"))


def enter(journey: dict | None = None, **design) -> tuple[Client, str]:
    """A browser that came in by its link, and the secret of it."""
    make_study(questions=4, per_rater=3, journey=WHOLE if journey is None else journey, **design)
    [rater] = make_raters(count=1)
    client = Client()
    assert client.post(f"/join/{rater.token}/").status_code == 303
    return client, rater.token


def page(client: Client, path: str = WAY) -> str:
    """The page where a GET ends, all redirects followed."""
    return client.get(path, follow=True).content.decode()


def heading(text: str) -> str:
    """The one heading of the first level."""
    [found] = re.findall(r"<h1[^>]*>(.*?)</h1>", text, re.S)
    return html.unescape(re.sub(r"<[^>]+>", "", found)).strip()


def send(client: Client, stage: str, **fields: str) -> str:
    """Sends a form of the journey; the page where that ends."""
    return client.post(WAY, {"stage": stage, **fields}, follow=True).content.decode()


def hidden(text: str, name: str) -> str:
    [value] = re.findall(rf'name="{name}" value="([^"]*)"', text)
    return value


def radios(text: str, prefix: str) -> list[str]:
    return list(dict.fromkeys(re.findall(rf'type="radio" name="({prefix}[^"]+)"', text)))


def practise(client: Client) -> str:
    text = page(client, DESK)
    while "judging" in text:
        answered = client.post(DESK, read_form(text).fields(1, 2, 3), follow=True).content.decode()
        text = page(client, DESK) if "Practise the next one" in answered else answered
    return text


def test_the_whole_way_without_a_script() -> None:
    client, _ = enter()
    text = page(client, DESK)
    assert heading(text) == "Before you begin" and "<strong>own</strong>" in text and "Step 1 of 7" in text
    assert "Leave the study" not in text
    text = send(client, "consent", consents="yes", version=hidden(text, "version"))
    assert heading(text) == "What you will do" and "Leave the study" in text
    text = send(client, "instructions")
    assert heading(text) == "A little practice first"
    text = practise(client)
    assert "Practice is over" in text and "gives no reason" in text
    text = send(client, "practice")
    assert heading(text) == "A short check that all is clear"
    text = send(client, "comprehension", **{"try": "1", "answer-0": "1", "answer-1": "0"})
    while "judging" in text:
        text = client.post(DESK, read_form(text).fields(1, 2, 3), follow=True).content.decode()
    assert heading(text) == "All rated. One more thing."
    names = radios(text, "guess-")
    assert len(names) == 6
    answers = {"choice-0": "1", "answer-1": "Reading\r\nslowly", "comment": "Nice."}
    text = send(client, "debrief", **dict.fromkeys(names, "machine"), **answers)
    assert heading(text) == "Thank you. You are done."
    assert "C-DONE" in text and 'href="https://panel.example/complete?cc=C-DONE"' in text
    assert BlindingGuess.objects.filter(said="machine").count() == 6
    stored = DebriefAnswers.objects.get()
    assert (stored.answers, stored.comment) == ({"0": 1, "1": "Reading\r\nslowly"}, "Nice.")
    # The day after, by any address of the desk.
    for path in (DESK, WAY):
        assert "C-DONE" in page(client, path)


def test_after_each_practice_submit_a_page_says_what_there_was_to_notice() -> None:
    client, secret = enter({"practice": WHOLE["practice"]})
    text = page(client, DESK)
    assert "judging" in text
    for swap in ({}, {"HX-Request": "true"}):
        answered = client.post(DESK, read_form(page(client, DESK)).fields(1, 2, 3), headers=swap)
        address = answered.headers.get("Location") or answered.headers["HX-Redirect"]
        assert address == WAY
        told = page(client)
        assert heading(told) in ("What there was to notice", "Just as a careful rater would")
        assert told.count("A careful rater</dt>") == 3
    assert Rater.objects.get().done == 0 and Rating.objects.filter(kind="practice").count() == 2
    assert "Practice is over" in told and "Practise the next one" not in told


def test_declining_is_one_click() -> None:
    client, _ = enter()
    text = send(client, "consent", consents="no", version="")
    assert heading(text) == "That is fine." and "C-NO" in text
    assert stage_of() == "declined"
    # A tab from before does not overrule it; who tapped the wrong button can say so.
    version = hidden(text, "version")
    send(client, "consent", consents="yes", version=version)
    assert stage_of() == "declined"
    assert "read it once more" in send(client, "consent", consents="yes", version="x", after_declining="yes")
    assert stage_of() == "declined"
    text = send(client, "consent", consents="yes", version=version, after_declining="yes")
    assert heading(text) == "What you will do" and Rater.objects.get().consent == version
    moves = list(StageChange.objects.values_list("left", "outcome", "entered"))
    assert moves[1:] == [("declined", "undone", "consent"), ("consent", "passed", "instructions")]


def test_an_old_text_of_consent_is_shown_again_in_its_new_words() -> None:
    client, _ = enter()
    version = hidden(page(client), "version")
    Study.objects.update(journey=WHOLE | {"consent": "New words."})
    answered = client.post(WAY, {"stage": "consent", "consents": "yes", "version": version})
    text = answered.content.decode()
    assert answered.status_code == 409 and "New words." in text and 'role="alert"' in text
    assert stage_of() == "consent"


def test_a_wrong_answer_is_explained_and_a_second_one_ends_kindly() -> None:
    client, secret = enter()
    walk(secret, to="comprehension")
    assert "The answer is given" not in page(client)
    refused = client.post(WAY, {"stage": "comprehension", "try": "1", "answer-0": "0"})
    assert refused.status_code == 422 and not ComprehensionTry.objects.exists()
    # What was chosen is still chosen.
    assert re.search(r'name="answer-0" value="0" checked', refused.content.decode())
    text = send(client, "comprehension", **{"try": "1", "answer-0": "0", "answer-1": "0"})
    assert heading(text) == "Almost: please look again"
    assert "The answer is given; its <em>rationales</em>" in text and "May two share" not in text
    text = send(client, "comprehension", **{"try": "2", "answer-0": "0"})
    assert heading(text) == "Thank you for trying." and "C-OUT" in text and "The answer is given" in text


def test_a_forged_form_skips_nothing() -> None:
    client, _ = enter()
    for stage in ("instructions", "rating", "debrief", "done", "", "x" * 5_000):
        answered = client.post(WAY, {"stage": stage})
        assert answered.status_code == 409
    assert stage_of() == "consent" and not StageChange.objects.exists()
    form = {"token": "0" * 32, "place-x": "1"}
    assert client.post(DESK, form).status_code == 404


def test_leaving_asks_once_and_is_for_good() -> None:
    client, secret = enter()
    walk(secret, to="rating")
    held = page(client, DESK)
    assert f'href="{LEAVE}"' in held
    text = page(client, LEAVE)
    assert heading(text) == "Leave the study?" and stage_of() == "rating"
    text = client.post(LEAVE, follow=True).content.decode()
    assert heading(text) == "You have left the study." and "C-NO" in text
    # What stands in another tab is not taken any more, and leads here.
    late = client.post(DESK, read_form(held).fields(1, 2, 3), follow=True)
    assert heading(late.content.decode()) == "You have left the study."
    assert not Rating.objects.filter(kind="normal").exists()
    assert heading(page(client, LEAVE)) == "You have left the study."


def test_a_paused_study_lets_read_and_a_closed_one_gives_the_code() -> None:
    client, secret = enter()
    Study.objects.update(state="paused")
    assert heading(page(client)) == "Before you begin"
    Study.objects.update(state="open")
    walk(secret, to="debrief")
    Study.objects.update(state="closed")
    for path in (DESK, WAY):
        answered = client.get(path)
        text = answered.content.decode()
        assert answered.status_code == 410 and heading(text) == "The study is closed" and "C-DONE" in text


def test_whoever_finds_nothing_free_waits_and_is_told_so() -> None:
    codes = {"completed": "PAID", "nothing_rated": "SORRY"}
    client, secret = enter({"completion": {"codes": codes}}, overlap=1)
    [eve] = make_raters(count=1, name="eve")
    Slot.objects.update(state="parked")
    slot = Slot.objects.first()
    assert slot is not None
    Slot.objects.filter(pk=slot.pk).update(state="open")
    held = next_assignment(eve.token).view
    assert held is not None
    text = page(client, DESK)
    assert heading(text) == "Please wait a moment" and "Look again" in text and "PAID" not in text
    bearer = {"Authorization": f"Bearer {secret}"}
    asked = Client().post("/api/v1/studies/trial/assignments/", headers=bearer)
    assert asked.status_code == 204 and int(asked.headers["Retry-After"]) > 0
    submit_rating(eve.token, held["token"], ranking_of(held))
    text = page(client, DESK)
    assert heading(text) == "There is nothing more to rate." and "SORRY" in text and "PAID" not in text
    asked = Client().post("/api/v1/studies/trial/assignments/", headers=bearer)
    assert asked.status_code == 204 and "Retry-After" not in asked.headers


def test_strangers_and_other_studies_are_shown_nothing() -> None:
    enter()
    make_study("other", questions=4, journey=WHOLE)
    [rater] = make_raters("other", count=1, name="guest")
    guest = Client()
    guest.post(f"/join/{rater.token}/")
    for path in (WAY, LEAVE, REVEAL):
        assert Client().get(path).status_code == 401
        assert Client().post(path).status_code in (401, 405)
        # The cookie is for the other study's addresses alone; as a program might send it all the same:
        secret = guest.cookies["rater"].value
        assert Client(headers={"Cookie": f"rater={secret}"}).get(path).status_code == 403


def test_nothing_of_what_raters_see_before_the_end_is_kept_by_a_cache() -> None:
    client, _ = enter()
    assert client.get(WAY).headers["Cache-Control"] == "no-store, private"
    assert client.put(WAY).status_code == 405


def test_whoever_comes_from_a_panel_gets_its_code_though_the_study_asks_for_nothing_else() -> None:
    make_study(questions=2, overlap=1)
    design = PanelDesign(codes={"completed": "P-DONE"})
    _, secret = enter_panel(create_panel("trial", design, actor=COMMAND), Arrival(session="s1", person="p1"))
    rate_all(secret)
    assert services.finish_rating(secret).stage == "done"
    client = Client(headers={"Cookie": f"rater={secret}"})
    text = page(client, DESK)
    assert heading(text) == "Thank you. You are done." and "P-DONE" in text
    assert 'href="https://app.prolific.com/submissions/complete?cc=P-DONE"' in text


def test_the_way_is_gone_in_german_too() -> None:
    client, secret = enter()
    german = {"Accept-Language": "de"}
    text = client.get(WAY, headers=german).content.decode()
    assert '<html lang="de">' in text and "Schritt 1 von 7" in text and "Einwilligung" in text
    refused = client.post(WAY, {"stage": "consent"}, headers=german)
    assert (
        refused.status_code == 422 and "Bitte geben Sie an, ob Sie einwilligen." in refused.content.decode()
    )
    for stage in ("instructions", "practice", "comprehension", "debrief", "done"):
        walk(secret, to=stage)
        text = client.get(WAY, headers=german).content.decode()
        [title] = re.findall(r"<h1[^>]*>(.*?)</h1>", text, re.S)
        assert text.count('lang="de"') == 1 and title != heading(client.get(WAY).content.decode())
