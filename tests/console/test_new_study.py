"""Designing a study by page."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.audit import COMMAND, Actor
from accounts.models import AuditEvent
from ratings.console.study_form import NewStudyForm
from ratings.library.models import Dataset, Question, Rationale
from ratings.library.selectors import dataset_summary
from ratings.slots.models import Rater
from ratings.studies.design import StudyDesign
from ratings.studies.drafts import design_of_draft
from ratings.studies.form import RatingForm, read_form
from ratings.studies.journey import read_journey
from ratings.studies.models import DEFAULT_INSTRUCTIONS, Study
from ratings.studies.pay import Pay
from ratings.studies.protocol import Contrast, read_protocol
from ratings.studies.quality_mix import QualityMix, read_mix
from ratings.studies.services import create_study
from tests.worlds import SOURCES, make_dataset, make_raters, make_study

ADDRESS = "/studies/new/?dataset=sums"


@pytest.fixture
def engineer_client(engineer) -> Client:
    client = Client()
    client.force_login(engineer)
    return client


def filled(**changes: object) -> dict[str, object]:
    """What a browser sends for a small study."""
    form: dict[str, object] = {
        "name": "trial",
        "sources": list(SOURCES),
        "questions": 4,
        "ratings_per_triple": 2,
        "per_rater": "",
        "instructions": DEFAULT_INSTRUCTIONS,
        "lease_seconds": 300,
        "seed": 7,
        "form_kind": "ranking",
        "form_ties": "on",
        "form_all_bad": "on",
        "form_partial": "on",
    }
    return {**form, **changes}


def refused(client: Client, **changes: object) -> str:
    """The page that refuses these choices; nothing is stored."""
    answer = client.post(ADDRESS, filled(**changes))
    assert answer.status_code == 422
    assert not Study.objects.filter(seed=7).exists()
    return answer.content.decode()


@pytest.mark.parametrize("address", ["/studies/new/", ADDRESS])
def test_a_stranger_signs_in_and_the_wrong_role_is_refused(client, blind_analyst, address):
    make_dataset(questions=1)
    assert client.get(address).status_code == 302
    assert client.post(address, filled()).status_code == 401
    client.force_login(blind_analyst)
    assert client.get(address).status_code == 403
    assert client.post(address, filled()).status_code == 403
    assert not Study.objects.exists()


def test_other_methods_are_refused(engineer_client):
    assert engineer_client.put(ADDRESS).status_code == 405


def test_an_unknown_dataset_is_not_found(engineer_client):
    assert engineer_client.get("/studies/new/?dataset=none").status_code == 404
    assert engineer_client.post("/studies/new/?dataset=none", filled()).status_code == 404


def test_without_any_dataset_the_way_leads_to_an_import(engineer_client):
    page = engineer_client.get("/studies/new/").content.decode()
    assert 'href="/datasets/import/"' in page


def test_only_datasets_with_three_sources_are_offered(engineer_client):
    make_dataset("three", questions=1)
    make_dataset("two", questions=1, sources=SOURCES[:2])
    page = engineer_client.get("/studies/new/").content.decode()
    assert 'href="?dataset=three"' in page and "?dataset=two" not in page
    assert "1 other dataset has rationales of fewer than three sources" in page


def test_the_form_offers_the_datasets_sources_and_explains_the_defaults(engineer_client):
    make_dataset(questions=5)
    make_dataset("other", questions=1, sources=("delta", "epsilon", "zeta"))
    page = engineer_client.get(ADDRESS).content.decode()
    assert "alpha (5 correct)" in page and "delta" not in page
    checked = re.findall(r'name="sources"[^>]* checked', page)
    assert len(checked) == 3 == page.count('name="sources" value'), "exactly three sources are all chosen"
    assert 'name="questions" value="5"' in page
    assert "Also draw rationales that reach a wrong answer" in page


def test_more_than_three_sources_are_not_chosen_for_anybody(engineer_client):
    make_dataset(questions=2)
    make_dataset(questions=2, start=2, sources=(*SOURCES[:2], "delta"))
    assert not re.search(r'name="sources"[^>]* checked', engineer_client.get(ADDRESS).content.decode())


def test_the_form_has_every_choice_of_the_design(db):
    make_dataset(questions=1)
    form = NewStudyForm(dataset=dataset_summary("sums"))
    for choice in set(StudyDesign.__dataclass_fields__) - {"dataset", "journey"}:
        assert any(name == choice or name.startswith(f"{choice}_") for name in form.fields), choice
    in_sections = [field.name for part in form.sections for field in (*part["shown"], *part["folded"])]
    in_sections += [field.name for part in form.sections for _, beside in part["rows"] for field in beside]
    assert sorted(in_sections) == sorted(form.fields), "each stands in one section"
    for name in set(RatingForm.__dataclass_fields__) - {"own_reasons"}:
        assert f"form_{name}" in form.fields
    for name in QualityMix.__dataclass_fields__:
        assert f"quality_{name}" in form.fields
    for name in Pay.__dataclass_fields__:
        assert f"pay_{name}" in form.fields
    for name in set(Contrast.__dataclass_fields__) - {"test"}:
        assert f"protocol_{name}" in form.fields


def test_every_choice_reaches_the_study(engineer_client):
    make_dataset(questions=20)
    Question.objects.filter(external_id__gte="q000010").update(split="dev")
    said = {
        "per_rater": 3,
        "split": "dev",
        "form_kind": "best_worst",
        "form_ties": "",
        "form_confidence": "on",
        "form_reasons": ["wrong_step", "missing_step"],
        "consent": "I **agree**.\r\nReally.",
        "instructions_page": "on",
        "debrief_guess": "on",
        "completion_code": "C0DE",
        "completion_url": "https://panel.example/back?cc=CODE",
        "journey_more": '{"debrief": {"human": ["alpha"]}}',
        "quality_checks": 1,
        "quality_min_degraded": 0.75,
        "pools": "students, 20, 10\n\nexperts,,5\nothers",
        "pay_currency": "GBP",
        "pay_per_rater": "6.50",
        "protocol_a": "gamma",
        "protocol_b": "alpha",
        "protocol_direction": "a_better",
        "protocol_alpha": 0.01,
        "protocol_hypothesis": "It explains more.",
    }
    answer = engineer_client.post(ADDRESS, filled(**said))
    assert answer.status_code == 302, answer.content.decode()
    study = Study.objects.get()
    form = read_form(study.form)
    assert (form.kind, form.ties, form.all_bad, form.confidence) == ("best_worst", False, True, True)
    assert form.reasons == ("wrong_step", "missing_step")
    journey = read_journey(study.journey)
    assert journey.consent == "I **agree**.\nReally." and journey.instructions
    assert journey.debrief.guess and journey.debrief.human == ("alpha",)
    assert journey.completion.address("completed") == "https://panel.example/back?cc=C0DE"
    assert (study.quality["checks"], study.quality["min_degraded"]) == (1, 0.75)
    assert [(pool["name"], pool["places"], pool["per_rater"]) for pool in study.pools] == [
        ("students", 20, 10),
        ("experts", None, 5),
        ("others", None, None),
    ]
    assert study.pay == {"currency": "GBP", "per_rater": "6.50"} and study.split == "dev"
    assert study.protocol["a"] == "gamma" and study.protocol["alpha"] == 0.01


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"pools": "students, many"}, "pools"),
        ({"pools": "two words"}, "pools"),
        ({"pools": "a\na"}, "pools"),
        ({"journey_more": "{"}, "journey_more"),
        ({"journey_more": "[]"}, "journey_more"),
        ({"journey_more": '{"colour": 1}'}, "journey_more"),
        # What contradicts the fields is not put aside in silence.
        ({"journey_more": '{"consent": "Other words."}', "consent": "These."}, "journey_more"),
        ({"journey_more": '{"reveal": false}', "reveal": "on"}, "journey_more"),
        ({"journey_more": '{"debrief": {"guess": false}}', "debrief_guess": "on"}, "journey_more"),
        (
            {"journey_more": '{"completion": {"codes": {"completed": "A"}}}', "completion_code": "B"},
            "journey_more",
        ),
        (
            {"protocol_a": "alpha", "protocol_b": "beta", "protocol_planned_ratings": 5_000},
            "protocol_planned_ratings",
        ),
        ({"completion_url": "javascript:alert(1)", "completion_code": "C"}, "completion_url"),
        ({"quality_degraded": 20}, "quality_degraded"),
        ({"pay_per_rater": "6"}, "pay_currency"),
        ({"protocol_a": "alpha"}, "protocol_b"),
        ({"protocol_a": "alpha", "protocol_b": "alpha"}, "protocol_b"),
        ({"form_kind": "sideways"}, "form_kind"),
        ({"split": "prompt"}, "split"),
    ],
)
def test_a_refusal_stands_beside_its_field(engineer_client, changes, field):
    make_dataset(questions=5)
    assert f'id="id_{field}_error"' in refused(engineer_client, **changes)


def test_a_preset_fills_the_form_and_the_paper_is_one(engineer_client):
    make_dataset(questions=60)
    page = engineer_client.get(f"{ADDRESS}&preset=paper").content.decode()
    assert "20 raters, 50 questions, 10 each, ranked by how well each justifies the answer" in page
    for field, value in {"questions": 50, "ratings_per_triple": 4, "per_rater": 10, "raters": 20}.items():
        assert f'name="{field}" value="{value}"' in page, field
    assert 'aria-current="true"' in page
    publication = engineer_client.get(f"{ADDRESS}&preset=publication").content.decode()
    assert "By going on you agree" in publication and 'name="quality_degraded" value="2"' in publication
    assert engineer_client.get(f"{ADDRESS}&preset=none").status_code == 200


def test_the_estimate_needs_no_finished_form_and_draws_nothing(engineer_client):
    make_dataset(questions=5)
    changes = {"name": "", "questions": 50, "ratings_per_triple": 4, "per_rater": 10, "pay_per_rater": "2"}
    said = filled(**changes, pay_currency="GBP", pay_hourly_floor="30", act="estimate")
    part = engineer_client.post(ADDRESS, said, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part and "40.00 GBP" in part.replace("&nbsp;", " ") and "Below your floor" in part
    whole = engineer_client.post(ADDRESS, said)
    assert whole.status_code == 200 and "40.00 GBP" in whole.content.decode()
    empty = engineer_client.post(ADDRESS, filled(questions="x", act="estimate"))
    assert "Say how many questions" in empty.content.decode()
    assert not Study.objects.exists()


def test_the_planner_answers_at_an_address_and_refuses_beside_its_fields(
    engineer_client, blind_analyst, monkeypatch
):
    page = engineer_client.get("/plan/?questions=30&simulations=40").content.decode()
    assert "from 40 simulated studies" in page and 'value="30"' in page
    assert "times, not" not in page
    monkeypatch.setattr("ratings.analysis.planning.MAX_WORK", 30 * 4 * 25)
    page = engineer_client.get("/plan/?questions=30&simulations=500&win_rate=0.9").content.decode()
    assert "Simulated 25 times, not 500" in page and "86 to 100%" in page
    refused = engineer_client.get("/plan/?win_rate=2&simulations=40")
    assert refused.status_code == 422 and 'id="id_win_rate_error"' in refused.content.decode()
    assert engineer_client.get("/plan/?questions=x").status_code == 422
    assert engineer_client.post("/plan/").status_code == 405
    engineer_client.force_login(blind_analyst)
    assert engineer_client.get("/plan/").status_code == 403


def test_a_filled_form_draws_a_draft_and_leads_to_it(engineer_client, engineer):
    make_dataset(questions=5)
    answer = engineer_client.post(ADDRESS, filled(per_rater=3, strict_text="on"))
    assert answer.status_code == 302 and answer["Location"] == "/studies/trial/"
    study = Study.objects.get()
    assert (study.state, study.seed, study.ratings_per_triple, study.per_rater) == ("draft", 7, 2, 3)
    assert (study.strict_text, study.any_answer, study.lease_seconds) == (True, False, 300)
    assert study.created_by == engineer and study.triples.count() == 4
    assert AuditEvent.objects.get(act="study.create").actor_label == engineer.username


def test_too_few_questions_are_refused_with_the_reasons(engineer_client):
    make_dataset(questions=5)
    Rationale.objects.filter(question__external_id="q000000", source__label="beta").update(verdict="wrong")
    Rationale.objects.filter(question__external_id="q000001", source__label="beta").update(live=False)
    page = refused(engineer_client, questions=5)
    assert (
        "only 3 have usable rationales of all sources; 5 are wanted" in page
        and 'id="id_questions_error"' in page
    )
    assert "none that reaches the right answer" in page and "A source has no rationale for them" in page


def test_errors_stand_beside_their_fields(engineer_client):
    make_dataset(questions=5)
    assert 'id="id_name_error"' in refused(engineer_client, name="two words")
    assert 'id="id_sources_error"' in refused(engineer_client, sources=["alpha", "beta"])
    assert 'id="id_sources_error"' in refused(engineer_client, sources=["alpha", "beta", "forged"])
    assert 'id="id_questions_error"' in refused(engineer_client, questions=0)
    assert 'id="id_ratings_per_triple_error"' in refused(engineer_client, ratings_per_triple=1001)
    assert 'id="id_per_rater_error"' in refused(engineer_client, per_rater=1_000_001)
    assert 'id="id_seed_error"' in refused(engineer_client, seed="x")


def test_an_error_among_the_folded_choices_unfolds_them(engineer_client):
    make_dataset(questions=5)

    def unfolded(page: str) -> bool:
        return '<details class="more" open><summary>Split, what counts, lease and seed' in page

    assert unfolded(refused(engineer_client, lease_seconds=0))
    assert not unfolded(refused(engineer_client, questions=0, lease_seconds=600, seed=0))


def test_names_that_are_taken_or_are_addresses_are_refused(engineer_client):
    make_dataset(questions=5)
    assert engineer_client.post(ADDRESS, filled(seed=1)).status_code == 302
    assert "There is a study named" in refused(engineer_client)
    assert "an address of the site" in refused(engineer_client, name="new")


def test_a_hostile_name_comes_back_escaped(engineer_client):
    make_dataset(questions=5)
    page = refused(engineer_client, name="<script>alert(1)</script>")
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_the_statements_do_not_grow_with_the_rows(engineer_client, django_assert_num_queries):
    make_dataset(questions=2)
    with django_assert_num_queries(5):
        engineer_client.get(ADDRESS)
    make_dataset(questions=40, start=2)
    with django_assert_num_queries(5):
        engineer_client.get(ADDRESS)


def test_datasets_can_be_narrowed_to_one_family(engineer_client):
    make_dataset("plain", questions=1)
    make_dataset("choices", questions=1)
    assert 'aria-label="Families"' not in engineer_client.get("/studies/new/").content.decode()
    Dataset.objects.filter(name="choices").update(family="commonsenseqa")
    page = engineer_client.get("/studies/new/?family=commonsenseqa").content.decode()
    assert "?dataset=choices" in page and "?dataset=plain" not in page and 'aria-label="Families"' in page


#: A design with something in each part of the form.
WHOLE_DESIGN: dict[str, Any] = {
    "per_rater": 3,
    "seed": 7,
    "lease_seconds": 300,
    "form": {
        "kind": "best",
        "own_reasons": [{"code": "dull", "label": "Dull"}],
        "reasons": ["wrong_step", "dull"],
    },
    "journey": {
        "consent": "I take prat.",
        "practice": {"items": [{"from": "q000000", "feedback": "Read."}], "count": 1},
        "comprehension": {
            "questions": [{"question": "Why?", "choices": ["a", "b"], "right": 0, "explanation": "So."}]
        },
        "debrief": {"guess": True, "human": ["gamma"]},
        "completion": {"codes": {"completed": "DONE", "no_consent": "NO"}},
    },
    "quality": {"checks": 1},
    "pay": {"currency": "GBP", "per_rater": "2.5"},
    "protocol": {"a": "alpha", "b": "beta"},
    "pools": [{"name": "students", "places": 3, "per_rater": None}],
}


def sent_by(page: str) -> dict[str, list[str]]:
    """What a browser would send of the designer's form as it stands."""
    form = page[page.index('class="designer"') :]
    found: dict[str, list[str]] = {}

    def add(name: str, value: str) -> None:
        found.setdefault(name, []).append(unescape(value))

    for tag in re.findall(r"<input[^>]*>", form):
        said = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        box = said.get("type") in ("radio", "checkbox")
        if not box or re.search(r"\schecked\b", tag):
            add(said["name"], said.get("value", "on" if box else ""))
    for name, text in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>\n?(.*?)</textarea>', form, re.S):
        add(name, text)
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        for value in re.findall(r'<option value="([^"]*)"[^>]*selected', options):
            add(name, value)
    return found


def test_a_draft_is_edited_in_the_designer_and_loses_nothing_by_it(engineer_client, engineer):
    make_dataset(questions=6)
    design = StudyDesign("trial", "sums", SOURCES, questions=4, **WHOLE_DESIGN)
    study = create_study(design, actor=Actor.of(engineer))
    before = (design_of_draft(study), list(study.triples.values_list("question__external_id", flat=True)))
    page = engineer_client.get("/studies/trial/edit/").content.decode()
    assert "Edit the draft trial" in page and "I take prat." in page and "Draw it anew" in page
    said = sent_by(page) | {"act": ["draw"]}
    assert engineer_client.post("/studies/trial/edit/", said | {"act": ["practice:up:0"]}).status_code == 200
    assert engineer_client.post("/studies/trial/edit/", said).status_code == 302
    study.refresh_from_db()
    after = (design_of_draft(study), list(study.triples.values_list("question__external_id", flat=True)))
    # Read, for the form writes down defaults that the design had left unsaid.
    reading: dict[str, Callable[[Any], object]] = {
        "journey": read_journey,
        "form": read_form,
        "quality": read_mix,
    }
    reading["protocol"] = lambda value: read_protocol(value, sources=SOURCES)
    for name, value in before[0].items():
        read = reading.get(name, lambda value: value)
        assert read(after[0][name]) == read(value), name
    assert after[1] == before[1] and "q000000" not in after[1]
    # The typo goes, under another name; a refusal leaves the draft as it stands.
    bad = engineer_client.post("/studies/trial/edit/", said | {"questions": ["99"]})
    assert bad.status_code == 422 and study.triples.count() == 4
    fixed = said | {"consent": ["I take part."], "name": ["trial-2"]}
    assert engineer_client.post("/studies/trial/edit/", fixed).headers["Location"] == "/studies/trial-2/"
    study.refresh_from_db()
    assert (study.name, study.journey["consent"]) == ("trial-2", "I take part.")
    assert AuditEvent.objects.get(act="study.edit", subject="trial-2").details["was"] == "trial"


def test_a_draft_is_thrown_away_unless_somebody_relies_on_it(engineer_client, blind_analyst):
    make_dataset(questions=3)
    create_study(StudyDesign("trial", "sums", SOURCES, questions=3), actor=COMMAND)
    stranger = Client()
    stranger.force_login(blind_analyst)
    for address in ("edit", "delete"):
        assert stranger.post(f"/studies/trial/{address}/").status_code == 403
    make_raters(count=2)
    page = engineer_client.post("/studies/trial/delete/", follow=True).content.decode()
    assert "2 raters" in page and Study.objects.exists()
    assert engineer_client.get("/studies/trial/edit/").status_code == 409
    Rater.objects.all().delete()
    page = engineer_client.post("/studies/trial/delete/", follow=True).content.decode()
    assert "The draft trial is thrown away." in page and not Study.objects.exists()
    assert AuditEvent.objects.filter(act="study.delete", subject="trial").exists()
    make_study(questions=3)
    page = engineer_client.post("/studies/trial/delete/", follow=True).content.decode()
    assert "only a draft" in page and Study.objects.exists()
    assert engineer_client.get("/studies/trial/edit/").status_code == 409


def test_what_is_refused_is_said_to_people(engineer_client):
    make_dataset(questions=5)
    page = refused(engineer_client, protocol_a="alpha")
    assert "None" not in re.findall(r'id="id_protocol_b_error">([^<]*)<', page)[0]
    assert "Nothing is said, expected" in page and "Protocol.b:" not in page
    page = refused(engineer_client, journey_more='{"lease": ' + "9" * 5_000 + "}")
    assert "a number has too many digits" in page and "set_int_max" not in page
