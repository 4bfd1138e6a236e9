"""A preview shows what raters get, takes no slot, and can not rate."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from django.core import signing

from accounts.audit import COMMAND
from accounts.models import AuditEvent
from ratings.desk.preview import PREFIX, preview_link, steps_of
from ratings.slots.models import Assignment, Rater, Rating, Slot
from ratings.studies.design import StudyDesign
from ratings.studies.models import Study
from ratings.studies.services import close_study, create_study
from tests.worlds import SOURCES, make_dataset, make_study

pytestmark = pytest.mark.django_db

JOURNEY = {
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


def test_the_whole_way_of_a_rater_is_shown_without_a_rater_or_a_slot(client):
    study = draft(journey=JOURNEY, form={"kind": "best", "confidence": True}, per_rater=4)
    names = [step.name for step in steps_of(study)]
    assert names == [
        *("Consent", "Instructions", "Practice", "Comprehension check"),
        *("Rating", "Rating", "Rating", "Debrief", "Completion"),
    ]
    pages = [client.get(f"{address(study)}?step={number}").content.decode() for number in range(1, 10)]
    for page, words in zip(
        pages,
        [
            "I agree to <strong>this",
            "Rank the rationales",
            "One and one?",
            "What do you do?",
            "How sure are you",
        ]
        + ["plus two?", "plus two?", "Which of the last", "C0DE"],
        strict=True,
    ):
        assert words in page and "No slot is taken" in page
    assert "The last one shows it." in pages[2] and pages[4].count('class="rationale"') == 3
    assert not Slot.objects.exists() and not Rater.objects.exists() and not Assignment.objects.exists()


def test_it_takes_no_slot_of_a_running_study_and_works_in_every_state(client):
    study = make_study(questions=4, overlap=1)
    for _ in range(2):
        assert client.get(address(study)).status_code == 200
    assert Slot.objects.filter(state="open").count() == 4
    close_study("trial", actor=COMMAND)
    assert client.get(address(study)).status_code == 200


def test_no_page_of_it_tells_a_source(client):
    study = draft(journey=JOURNEY)
    for number in range(1, 10):
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


@pytest.mark.parametrize("token", ["scp_forged", "scp_", "scr_abc", PREFIX + signing.dumps(1, salt="other")])
def test_a_forged_token_shows_nothing_and_is_no_entry(client, token):
    draft()
    assert client.get(f"/preview/{token}/").status_code == 404
    assert client.post(f"/preview/{token}/").status_code == 404
    assert not AuditEvent.objects.filter(act="preview.refused").exists()


def test_an_old_link_is_over(client, monkeypatch):
    study = draft()
    link = address(study)
    monkeypatch.setattr("ratings.desk.preview.LIFETIME", -1)
    assert client.get(link).status_code == 404


@pytest.mark.parametrize("step", ["0", "99", "x", "-1", "²", "9" * 30])
def test_any_step_is_some_page(client, step):
    assert client.get(address(draft()), {"step": step}).status_code == 200
