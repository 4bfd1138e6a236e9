"""A preview shows what raters get, takes no slot, and can not rate."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import signing
from django.test import Client

from accounts.audit import COMMAND
from accounts.models import AuditEvent
from ratings.desk.preview import PREFIX, preview_link
from ratings.desk.preview_steps import steps_of
from ratings.journeys.services import finish_rating
from ratings.slots.models import Assignment, Rater, Rating, Slot
from ratings.slots.services import next_assignment, submit_rating
from ratings.studies.design import StudyDesign
from ratings.studies.models import Study
from ratings.studies.services import close_study, create_study
from tests.journeys.ways import comprehend, consent, debrief, enter, rate_all, say
from tests.worlds import SOURCES, make_dataset, make_study, ranking_of

pytestmark = pytest.mark.django_db

JOURNEY: dict[str, Any] = {
    "consent": "I agree to **this**.",
    "instructions": True,
    "practice": {
        "items": [
            {
                "question": "One and one?",
                "answer": "2",
                "rationales": ["It is two.", "Because.", "1 + 1 = 2."],
                "feedback": "The last one shows it.",
            }
        ]
    },
    "comprehension": {
        "questions": [
            {"question": "What do you do?", "choices": ["Rank", "Sleep"], "right": 0, "explanation": "Read."}
        ]
    },
    "debrief": {"guess": True, "comment": True},
    "completion": {"codes": {"completed": "C0DE"}},
}


def draft(**design: object) -> Study:
    make_dataset(questions=5)
    return create_study(StudyDesign("trial", "sums", SOURCES, questions=5, **design), actor=COMMAND)  # type: ignore[arg-type]


def address(study: Study) -> str:
    return urlsplit(preview_link(study)).path


#: One item written by the researcher, one taken from a question of the dataset.
ITEMS = [*JOURNEY["practice"]["items"], {"from": "q000000", "feedback": "Taken from the dataset."}]


def test_the_whole_way_of_a_rater_is_shown_without_a_rater_or_a_slot(client):
    journey = {**JOURNEY, "practice": {"items": ITEMS, "count": 1}}
    make_dataset(questions=6)
    design = StudyDesign(
        "trial",
        "sums",
        SOURCES,
        questions=5,
        journey=journey,
        form={"kind": "best"},
        per_rater=4,
        quality={"degraded": 1, "checks": 1},
    )
    study = create_study(design, actor=COMMAND)
    words = [
        ("Consent", "I agree to <strong>this"),
        ("What to do", "Rank the rationales"),
        ("Practice", "A little practice first"),
        ("Practice", "One and one?"),
        ("After the practice", "The last one shows it."),
        ("Practice", "What is 0 plus two?"),
        ("After the practice", "Taken from the dataset."),
        ("A short check", "What do you do?"),
        ("After wrong answers", "Why your answer was not right"),
        *[("Rating", "plus two?")] * 3,
        ("Afterwards", "Which of these do you think a person wrote?"),
        ("Done", 'id="completion-code">CODE<'),
        ("Screened out", "Thank you for trying."),
        ("No consent", "That is fine."),
    ]
    assert [step.name for step in steps_of(study)] == [name for name, _ in words]
    for number, (name, said) in enumerate(words, 1):
        page = client.get(f"{address(study)}?step={number}").content.decode()
        assert said in page and "No slot is taken" in page, (number, name)
        assert "C0DE" not in page, "a code is worth money, and the link is shown around"
        if name == "Practice" and said.endswith("?"):
            assert "It does not count." in page
        # As raters are told: with the two items among the four that they get.
        assert name != "Rating" or " of 6 rated" in page
        assert "/rate/" not in page.replace("/journey/", ""), "a rater's link leads on, or nowhere"
        if name in ("Rating", "Practice") and said.endswith("?"):
            assert page.count('class="rationale"') == 3
    assert not Slot.objects.exists() and not Rater.objects.exists() and not Assignment.objects.exists()


def test_each_page_is_the_raters_own_template():
    """Those of a rater who goes the whole way, page by page."""
    secret = enter()
    study, browser = Study.objects.get(), Client()
    browser.post(f"/join/{secret}/")

    def seen() -> list[str | None]:
        return [template.name for template in browser.get("/rate/trial/journey/", follow=True).templates]

    pages = {"Consent": seen()}
    consent(secret)
    pages["What to do"] = seen()
    say(secret, "instructions")
    pages["Practice"] = seen()
    held = next_assignment(secret).view
    while held is not None:
        held = submit_rating(secret, held["token"], ranking_of(held)).next
    pages["After the practice"] = seen()
    say(secret, "practice")
    pages["A short check"] = seen()
    comprehend(secret)
    pages["Rating"] = seen()
    rate_all(secret)
    finish_rating(secret)
    pages["Afterwards"] = seen()
    debrief(secret)
    pages["Done"] = seen()
    for number, step in enumerate(steps_of(study), 1):
        if step.name in pages:
            shown = browser.get(f"{address(study)}?step={number}").templates
            assert [each.name for each in shown if each.name != "desk/_preview.html"] == pages.pop(step.name)
    assert pages == {}


def test_a_form_of_the_way_leads_on_and_keeps_nothing(client):
    study = draft(journey=JOURNEY)
    answer = client.post(f"{address(study)}?step=1", {"stage": "consent", "consents": "yes"})
    assert (answer.status_code, answer["Location"]) == (303, f"{address(study)}?step=2")
    assert not AuditEvent.objects.filter(act="preview.refused").exists() and not Rater.objects.exists()


def test_it_takes_no_slot_of_a_running_study_and_works_in_every_state(client):
    study = make_study(questions=4, overlap=1)
    for _ in range(2):
        assert client.get(address(study)).status_code == 200
    assert Slot.objects.filter(state="open").count() == 4
    close_study("trial", actor=COMMAND)
    assert client.get(address(study)).status_code == 200


def test_no_page_of_it_tells_a_source(client):
    study = draft(journey=JOURNEY)
    for number in range(1, 1 + len(steps_of(study))):
        answer = client.get(f"{address(study)}?step={number}")
        said = answer.content.decode() + str(answer.headers)
        assert not [label for label in SOURCES if re.search(rf"\b{label}\b", said)]
    assert answer["Cache-Control"].startswith("max-age=0")


def test_the_order_is_dealt_anew_so_that_a_position_tells_nothing(client):
    study = draft()
    firsts = set()
    for _ in range(30):
        page = client.get(address(study)).content.decode()
        firsts.add(re.search(r'rationale__text">(.*?)</div>', page, re.S)[1])  # type: ignore[index]
    assert len(firsts) == 3


def test_a_rating_sent_with_it_is_refused_with_an_answer_and_an_entry(client, engineer):
    study = make_study(questions=3, overlap=1)
    token = address(study).split("/")[2]
    page = client.post(address(study), {"token": "x", "place-y": "1", "act": "submit"})
    assert page.status_code == 403 and "only shows the study" in page.content.decode()
    for call in (f"studies/{study.name}/assignments/", "assignments/abc/rating/"):
        answer = client.post(
            f"/api/v1/{call}",
            "{}",
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 403 and answer.json()["code"] == "preview_only"
        assert answer.json()["details"] == {"study": "trial"}
    assert client.get(f"/join/{token}/").status_code == 403
    assert client.post(f"/join/{token}/").status_code == 403
    assert not Rating.objects.exists() and Slot.objects.filter(state="open").count() == 3
    event = AuditEvent.objects.get(act="preview.refused")
    assert event.subject == "trial", "one entry for a burst"
    client.force_login(engineer)
    seen = client.get("/studies/trial/").content.decode()
    assert "A preview link was used to rate" in seen and "/preview/scp_" in seen


def test_a_forged_token_shows_nothing_and_is_no_entry(client):
    draft()
    for token in ("scp_forged", "scp_", "scr_abc", PREFIX + signing.dumps(1, salt="other")):
        assert client.get(f"/preview/{token}/").status_code == 404, token
        assert client.post(f"/preview/{token}/").status_code == 404, token
    assert not AuditEvent.objects.filter(act="preview.refused").exists()


def test_an_old_link_is_over(client, monkeypatch):
    study = draft()
    link = address(study)
    monkeypatch.setattr("ratings.desk.preview.LIFETIME", -1)
    assert client.get(link).status_code == 404


def test_any_step_is_some_page(client):
    link = address(draft())
    for step in ("0", "99", "x", "-1", "²", "9" * 30):
        assert client.get(link, {"step": step}).status_code == 200, step
