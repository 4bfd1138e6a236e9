"""The quality pages and calls: who may see and decide, nothing about sources, previews that write nothing."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from accounts.audit import COMMAND
from accounts.models import AuditEvent
from accounts.tokens import mint_staff_token
from ratings.crowd.simulation import Simulation, simulate_raters
from ratings.quality.models import RaterDecision, RefusedInput
from ratings.quality.selectors import study_quality
from ratings.slots.models import DegradedTriple, PersonalItem, Rater, RaterToken, Rating
from ratings.slots.services import next_assignment, submit_rating
from ratings.slots.sessions import mint_rater_token
from ratings.studies.models import Study
from ratings.studies.services import unblind_study
from tests.console.ladder import LABELS, climb_act, climb_page, queries_of
from tests.journeys.ways import WHOLE, walk
from tests.worlds import make_raters, make_study, ranking_of

ADDRESS = "/studies/trial/quality/"
DECIDE = f"{ADDRESS}decide/"
CALL = "/api/v1/studies/trial/quality/"
WHY = "Both instruction checks of this session were answered otherwise than they said; nothing else is held against you"
EXCLUDE = {"act": "analysis:excluded", "reason": "reads nothing", "raters": "simulated"}


@pytest.fixture
def study(db):
    """Two attentive simulated raters and a careless one; a human who has not begun."""
    made = make_study(
        questions=12,
        per_rater=6,
        sources=LABELS,
        quality={"checks": 2, "degraded": 2, "repeats": 1},
        pay={"currency": "GBP", "per_rater": 1, "hourly_floor": 9},
    )
    simulate_raters(Simulation(study="trial", raters=3, careless=1, seed=1), actor=COMMAND)
    make_raters(count=None, name="anna")  # type: ignore[arg-type]
    return made


def text_of(client, address: str) -> str:
    return client.get(address).content.decode()


def test_the_pages_climb_the_ladder(client, engineer, study):
    climb_page(client, ADDRESS, allowed=engineer, refused=None)
    climb_page(client, f"{ADDRESS}raters/simulated-1-1/", allowed=engineer, refused=None)
    assert client.get(f"{ADDRESS}raters/nobody/").status_code == 404
    assert client.get(f"{ADDRESS}?raters=robots").status_code == 422
    assert client.get(f"{ADDRESS}raters/anna/").status_code == 200


def test_the_act_climbs_the_ladder(client, engineer, blind_analyst, study):
    climb_act(client, DECIDE, allowed=engineer, refused=blind_analyst, rater="simulated-1-1", **EXCLUDE)
    assert not RaterDecision.objects.exists()


def test_a_study_without_items_and_without_raters_has_a_page_too(client, owner, db):
    make_study(questions=3)
    client.force_login(owner)
    assert "Nobody has answered yet" in text_of(client, ADDRESS)


def test_the_number_of_statements_does_not_grow_with_raters(client, engineer, study):
    client.force_login(engineer)
    few = queries_of(client, f"{ADDRESS}?raters=simulated")
    simulate_raters(Simulation(study="trial", raters=3, seed=2), actor=COMMAND)
    assert queries_of(client, f"{ADDRESS}?raters=simulated") == few <= 22


def test_no_page_and_no_call_names_a_source(client, engineer, blind_analyst, study):
    unblind_study("trial", reason="to be sure", actor=COMMAND)
    assert PersonalItem.objects.filter(kind="degraded", slot__isnull=False).count() == 6
    for person in (engineer, blind_analyst):
        client.force_login(person)
        for name in ("simulated-1-1", "simulated-1-2", "simulated-1-3"):
            page = text_of(client, f"{ADDRESS}raters/{name}/")
            assert "Degraded" in page and re.search(r"The (diamond|circle|triangle): (a|steps|the) ", page)
            assert not any(label in page for label in LABELS)
        page = text_of(client, f"{ADDRESS}?raters=simulated")
        assert "simulated-1-3" in page and not any(label in page for label in LABELS)
        client.logout()
        answer = client.get(
            f"{CALL}?raters=simulated",
            headers={"Authorization": f"Bearer {mint_staff_token(person, name='test')}"},
        )
        assert answer.status_code == 200 and not any(label in answer.content.decode() for label in LABELS)


def test_only_those_who_run_studies_are_offered_a_decision(client, engineer, blind_analyst, study):
    for person, offered in ((engineer, True), (blind_analyst, False)):
        client.force_login(person)
        for address in (f"{ADDRESS}?raters=simulated", f"{ADDRESS}raters/simulated-1-1/"):
            assert ("Preview the decision" in text_of(client, address)) is offered


def test_a_preview_writes_nothing_and_its_button_decides_once(client, engineer, study):
    client.force_login(engineer)
    body = {**EXCLUDE, "rater": ["simulated-1-1", "simulated-1-3"]}
    preview = client.post(DECIDE, body)
    assert preview.status_code == 200 and "2 raters would change" in preview.content.decode()
    assert "12 ratings of theirs would no longer count" in preview.content.decode()
    assert not RaterDecision.objects.exists()
    [seen] = re.findall(r'name="seen" value="([0-9a-f]+)"', preview.content.decode())
    done = client.post(DECIDE, {**body, "seen": seen})
    assert done.status_code == 303 and done["Location"] == f"{ADDRESS}?raters=simulated"
    assert Rater.objects.filter(included=False).count() == 2
    assert AuditEvent.objects.filter(act="rater.excluded").count() == 1
    # Sent twice, it is not what was previewed any more.
    again = client.post(DECIDE, {**body, "seen": seen})
    assert again.status_code == 422 and "somebody decided meanwhile" in again.content.decode()
    assert RaterDecision.objects.count() == 2


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"act": "analysis:burned"}, "Select a valid choice"),
        ({"act": "payment:rejected", "reason": "too short"}, "at least 100 characters"),
        ({"act": "analysis:excluded", "reason": ""}, "a few words"),
        ({"rater": []}, "0 names"),
        ({"rater": ["nobody"]}, "no rater named"),
    ],
)
def test_bad_input_is_told_beside_its_field_and_changes_nothing(client, engineer, study, body, told):
    client.force_login(engineer)
    answer = client.post(DECIDE, {**EXCLUDE, "rater": ["simulated-1-1"], **body})
    assert answer.status_code == 422 and told in answer.content.decode()
    assert not RaterDecision.objects.exists()


def test_withholding_pay_is_only_ever_backed_by_failed_checks(client, engineer, study):
    client.force_login(engineer)
    both = ["simulated-1-1", "simulated-1-3"]
    page = client.post(DECIDE, {"act": "payment:rejected", "reason": WHY, "rater": both}).content.decode()
    assert "No ground for" in page and "simulated-1-1" in page
    # Nothing on any page proposes it.
    for address in (f"{ADDRESS}?raters=simulated", f"{ADDRESS}raters/simulated-1-3/"):
        assert 'value="payment:rejected" selected' not in text_of(client, address)


def test_the_board_warns_below_the_floor(client, engineer, study):
    client.force_login(engineer)
    page = text_of(client, f"{ADDRESS}?raters=simulated")
    assert "GBP" in page and "An hour brings" in page
    study.pay = {"currency": "GBP", "per_rater": "0.01", "hourly_floor": 9}
    study.save(update_fields=["pay"])
    page = text_of(client, f"{ADDRESS}?raters=simulated")
    assert "3 raters earn less than GBP 9.00 an hour" in page or "2 raters earn less" in page


def test_the_board_tells_the_pay_of_those_who_are_through_alone_with_all_their_time(client, engineer, db):
    """Worked by hand: GBP 2 for 3 ratings of 100 s, 2 practices of 20 s, and 260 s on the pages around them."""
    pay = {"currency": "GBP", "per_rater": 2, "hourly_floor": 20}
    make_study(questions=4, per_rater=3, journey=WHOLE, pay=pay)
    through, begun = (rater.token for rater in make_raters(count=2))
    walk(through)
    walk(begun, to="practice")
    held = next_assignment(begun).view
    assert held is not None
    submit_rating(begun, held["token"], ranking_of(held) | {"active_seconds": 1})
    paid = Rater.objects.get(name="rater-1")
    mint_rater_token(paid, purpose=RaterToken.Purpose.SESSION)
    came = paid.tokens.get(purpose="session").created_at
    # Consent 30 s, instructions 60, practice and rating by their own clocks, check 70; the debrief lay open for an hour
    # at first, and counts ten minutes, then 100 s.
    moments = {"consent": 30, "instructions": 90, "practice": 500, "comprehension": 570, "rating": 1000}
    for left, seconds in (moments | {"debrief": 4600}).items():
        paid.stage_changes.filter(left=left).update(created_at=came + timedelta(seconds=seconds))
    Rating.objects.filter(rater=paid).update(active_seconds=100)
    Rating.objects.filter(rater=paid, kind="practice").update(active_seconds=20)

    def hourly() -> tuple[Decimal | None, list[Decimal | None]]:
        found = study_quality(Study.objects.get(), raters_kind="human")
        return found.median_hourly, [one.hourly for one in sorted(found.raters, key=lambda one: one.name)]

    # 2 / ((3 * 100 + 2 * 20 + 30 + 60 + 70 + 600) / 3600)
    assert hourly() == (Decimal("6.55"), [Decimal("6.55"), None])
    paid.stage_changes.filter(left="debrief").update(created_at=came + timedelta(seconds=1100))
    assert hourly() == (Decimal("12.00"), [Decimal("12.00"), None])
    client.force_login(engineer)
    page = text_of(client, ADDRESS)
    assert "median of 1 who are through" in page and "1 rater earns less than GBP 20.00" in page
    assert "7,200" not in page


def test_bad_input_of_raters_is_counted_where_the_researcher_sees_it(client, engineer, db, monkeypatch):
    make_study(questions=4, per_rater=3)
    mine, other = (rater.token for rater in make_raters(count=2))
    held = next_assignment(mine).view
    foreign = next_assignment(other).view
    assert held is not None and foreign is not None
    rates = f"/api/v1/assignments/{held['token']}/rating/"
    bearer = {"Authorization": f"Bearer {mine}"}

    def send(address: str, body: object, headers: dict[str, str]) -> int:
        said = body if isinstance(body, str) else json.dumps(body)
        return client.post(address, said, content_type="application/json", headers=headers).status_code

    wrong_card = {"ranking": [["nobody"]], "comment": "secret words"}
    assert [send(rates, wrong_card, bearer) for _ in range(3)] == [422] * 3
    assert send(rates, "{", bearer) == 400
    assert send(rates, {"comment": "x" * 70_000}, bearer) == 413
    assert send(f"/api/v1/assignments/{foreign['token']}/rating/", {}, bearer) == 404
    # Who is nobody's rater fills nothing, and neither does a form of two megabytes without a cookie.
    assert send(rates, wrong_card, {"Authorization": "Bearer scr_nobody"}) == 401
    comment = {"comment": "x" * 2_000_000}
    assert Client().post("/rate/trial/", comment).status_code == 401
    browser = Client()
    browser.post(f"/join/{mine}/")
    answer = browser.post("/rate/trial/", comment)
    assert answer.status_code == 413 and 'href="/rate/trial/"' in answer.content.decode()
    browser.post("/rate/trial/", {"token": held["token"], "place-nobody": "1"})
    counts = dict(RefusedInput.objects.filter(rater__name="rater-1").values_list("code", "count"))
    assert counts == {"unknown_card": 4, "malformed_json": 1, "too_large": 2, "unknown_assignment": 1}
    assert RefusedInput.objects.count() == 4
    monkeypatch.setattr("ratings.quality.refused.MOST_A_DAY", 5)
    assert [send(rates, wrong_card, bearer) for _ in range(3)] == [422] * 3
    client.force_login(engineer)
    page = text_of(client, ADDRESS)
    assert "A place for a card that was not on the page" in page and "secret words" not in page
    headers = {"Authorization": f"Bearer {mint_staff_token(engineer, name='test')}"}
    told = client.get(CALL, headers=headers).json()["refused"]
    assert {"rater": "rater-1", "code": "unknown_card", "count": 5}.items() <= told[0].items()
    assert len(told) == 4


@pytest.fixture
def headers(engineer):
    return {"Authorization": f"Bearer {mint_staff_token(engineer, name='test')}"}


def test_the_call_has_the_pages_numbers(client, headers, study):
    found = client.get(f"{CALL}?raters=simulated", headers=headers).json()
    assert [rater["rater"] for rater in found["raters"]][0] == "simulated-1-3"
    careless = found["raters"][0]
    assert careless["level"] == "careless" and careless["signals"]["checks"]["value"] >= 1
    assert found["mix"]["degraded"] == 2 and found["pay"]["hourly_floor"] == "9"
    assert all(rater["ratings"] == 6 and rater["hourly"] for rater in found["raters"])
    assert client.get(CALL, headers=headers).json()["raters"] == []
    assert client.get(f"{CALL}?raters=x", headers=headers).status_code == 422
    assert client.get("/api/v1/studies/none/quality/", headers=headers).status_code == 404
    assert client.get(CALL).status_code == 401


def test_decisions_are_made_and_listed_by_call(client, headers, blind_analyst, study):
    body = {"raters": ["simulated-1-3"], "matter": "payment", "verdict": "rejected", "reason": "no"}
    post = {"content_type": "application/json", "headers": headers}
    refused = client.post(f"{CALL}decisions/", body, **post)
    assert refused.status_code == 422 and refused.json()["details"]["field"] == "reason"
    made = client.post(f"{CALL}decisions/", {**body, "reason": WHY}, **post)
    assert made.status_code == 201
    assert [(one["old"], one["new"], one["decided_by"]) for one in made.json()] == [
        ("undecided", "rejected", "engineer")
    ]
    assert client.post(f"{CALL}decisions/", {**body, "reason": WHY}, **post).json() == []
    assert client.post(f"{CALL}decisions/", {**body, "raters": ["nobody"]}, **post).status_code in (404, 422)
    assert len(client.get(f"{CALL}decisions/", headers=headers).json()["results"]) == 1
    theirs = {"Authorization": f"Bearer {mint_staff_token(blind_analyst, name='test')}"}
    answer = client.post(f"{CALL}decisions/", body, content_type="application/json", headers=theirs)
    assert answer.status_code == 403


def test_a_session_is_ended_only_for_failed_checks_and_only_once(client, engineer, blind_analyst, study):
    end = f"{ADDRESS}raters/simulated-1-3/end/"
    climb_act(client, end, allowed=engineer, refused=blind_analyst)
    assert "End it now" in text_of(client, f"{ADDRESS}raters/simulated-1-3/")
    assert "End it now" not in text_of(client, f"{ADDRESS}raters/simulated-1-1/")
    assert client.post(end.replace("1-3", "1-1")).status_code == 303
    assert set(Rater.objects.values_list("stage", flat=True)) == {"rating"}
    for _ in range(2):
        assert client.post(end)["Location"] == f"{ADDRESS}raters/simulated-1-3/"
    assert Rater.objects.get(name="simulated-1-3").stage == "failed_check"
    assert AuditEvent.objects.filter(act="rater.fail_check").count() == 1
    # Nothing about analysis or pay followed.
    assert not RaterDecision.objects.exists() and Rater.objects.filter(included=True).count() == 4


def test_a_degraded_triple_can_be_looked_at_as_its_raters_see_it(client, engineer, study):
    client.force_login(engineer)
    degraded = DegradedTriple.objects.select_related("triple").first()
    assert degraded is not None
    address = f"/studies/trial/triples/{degraded.triple.number}/"
    source = degraded.expected["source"]
    worse, intact = (
        content["cards"][source]["html"] for content in (degraded.content, degraded.triple.content)
    )
    page = text_of(client, address)
    assert intact in page and worse not in page and "See it degraded" in page
    page = text_of(client, f"{address}?degraded=1")
    assert worse in page and intact not in page and "See it intact" in page
    assert not any(label in page for label in LABELS)


def test_ratings_by_call_name_no_triple_for_what_shows_none(client, headers, study):
    unblind_study("trial", reason="to be sure", actor=COMMAND)
    rows = client.get("/api/v1/ratings/?study=trial&raters=simulated&page_size=100", headers=headers).json()[
        "results"
    ]
    checks = [row for row in rows if row["kind"] == "check"]
    assert checks and all(
        (row["triple"], row["question"], row["shown"]) == (None, None, None) for row in checks
    )
    assert all(row["ranking"] == [] for row in checks)
    assert all(row["triple"] and row["shown"] for row in rows if row["kind"] != "check")
