"""Rows of the designer: practice, comprehension and own reasons, filled in, changed by buttons, refused, read back."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from ratings.console.journey_rows import PICKED, WRITTEN, ComprehensionRow, PracticeRow, ReasonRow
from ratings.console.rows import Rows
from ratings.console.study_form import NewStudyForm
from ratings.library.models import Question
from ratings.library.selectors import dataset_summary
from ratings.studies.form import read_form
from ratings.studies.journey import read_journey
from ratings.studies.models import Study
from ratings.studies.presets import Preset
from tests.console.test_new_study import ADDRESS, filled, refused
from tests.worlds import make_dataset, text_of

WRITTEN_ITEM = {
    "question": "Which is heavier?\n\nA pound of *lead*, or of feathers?",
    "answer": "(B) neither",
    "choices": [{"label": "A", "text": "lead: of course"}, {"label": "B", "text": "neither"}],
    "rationales": ["A pound is a pound.", "Lead is dense.\nSo lead.", "Feathers are many."],
    "ranking": [[0], [1, 2]],
    "notes": ["Says why.", "A step is wrong.", "Says nothing."],
    "feedback": "The **first** one justifies the answer.",
}
CHECK = {
    "question": "What do you rank by?",
    "choices": ["Length", "How well it justifies the answer", "Tone"],
    "right": 1,
    "explanation": "By how well each one justifies the answer.",
}
JOURNEY = {
    "consent": "I agree.",
    "practice": {
        "items": [{"from": "q000003", "ranking": [[2]], "feedback": "Look again."}, WRITTEN_ITEM],
        "count": 1,
    },
    "comprehension": {"questions": [CHECK, {**CHECK, "right": 0, "choices": ["yes", "no"]}], "tries": 3},
    "debrief": {"guess": True, "guess_triples": 2, "questions": [{"question": "How was it?"}]},
    "completion": {
        "codes": {"completed": "C1", "screened_out": "C2"},
        "url": "https://panel.example/?cc=CODE",
    },
    "reveal": True,
}
FORM: dict[str, Any] = {
    "reasons": ["wrong_step", "off_topic"],
    "own_reasons": [{"code": "off_topic", "label": "Leaves the topic"}],
}


@pytest.fixture
def client(engineer) -> Client:
    make_dataset(questions=8)
    browser = Client()
    browser.force_login(engineer)
    return browser


def rows_of(code: str, *rows: dict[str, Any]) -> dict[str, Any]:
    """What a browser sends for these rows."""
    fields = {
        f"{code}-{index}-{name}": value for index, row in enumerate(rows) for name, value in row.items()
    }
    return {f"{code}-rows": len(rows), **fields}


def sent_back(page: str) -> dict[str, Any]:
    """Every value that a browser would send for the form of this page."""
    form = page[max(page.find('<form class="designer"'), 0) :]
    said: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        ticked = 'type="checkbox"' not in tag and 'type="radio"' not in tag or "checked" in tag
        if name and ticked and name[1] != "csrfmiddlewaretoken":
            said.setdefault(name[1], []).append(
                unescape(value[1]) if value else ("on" if "checkbox" in tag else "")
            )
    for name, text in re.findall(r'<textarea name="([^"]*)"[^>]*>\n?(.*?)</textarea>', form, re.S):
        said[name] = [unescape(text)]
    for name, options in re.findall(r'<select name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        said[name] = [unescape(v) for v in re.findall(r'<option value="([^"]*)" selected', options)] or [""]
    return said


def test_what_is_stored_stands_in_the_fields_and_comes_back_as_it_was(client, monkeypatch) -> None:
    preset = Preset("kept", "Kept", "", 4, {"questions": 4, "journey": JOURNEY, "form": FORM})
    monkeypatch.setitem(__import__("ratings.console.new_study", fromlist=["x"]).PRESETS, "kept", preset)
    page = client.get(f"{ADDRESS}&preset=kept").content.decode()
    # The question's own texts stand beside its id.
    assert all(text_of(source, 3).splitlines()[0] in unescape(page) for source in range(3))
    said = sent_back(page) | {"name": ["trial"], "ratings_per_triple": ["2"]}
    answer = client.post(ADDRESS, said)
    assert answer.status_code == 302, re.findall(r'field__error"[^>]*>([^<]*)', answer.content.decode())
    study = Study.objects.get()
    assert study.form["own_reasons"] == FORM["own_reasons"]
    assert read_form(study.form).reasons == ("wrong_step", "off_topic")
    picked = {
        "question": "What is 3 plus two?",
        "choices": [],
        "answer": "5",
        "rationales": [text_of(source, 3) for source in range(3)],
        "ranking": [[2]],
        "feedback": "Look again.",
    }
    expected = {**JOURNEY, "practice": {"items": [picked, WRITTEN_ITEM], "count": 1}}
    assert study.journey == expected and read_journey(expected).practice.count == 1
    assert not study.triples.filter(question__external_id="q000003").exists()


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        (PracticeRow, WRITTEN_ITEM),
        (PracticeRow, {**WRITTEN_ITEM, "ranking": [[2], [0], [1]]}),
        (PracticeRow, {"from": "id with: colons-and-1", "feedback": "x"}),
        (ComprehensionRow, CHECK),
        (ComprehensionRow, {**CHECK, "choices": [str(n) for n in range(8)], "right": 7}),
        (ReasonRow, FORM["own_reasons"][0]),
    ],
)
def test_each_part_is_the_same_after_its_row(kind, part) -> None:
    rows = Rows("some", kind, [kind.values_of(part)], most=3)
    assert rows.parts == [part] and rows.check()


def errors_of(page: str) -> list[tuple[str, str]]:
    """(id of the field, sentence) of each error that stands beside a field."""
    return [
        (field, unescape(words))
        for field, words in re.findall(r'field__error" id="id_(.*?)_error">([^<]*)', page)
    ]


PRACTICE = {"kind": PICKED, "key": "q000001", "feedback": "Look."}
OWN = {
    "kind": WRITTEN,
    "question": "Why?",
    "answer": "So.",
    "feedback": "Look.",
    "rationales_0": "a",
    "rationales_1": "b",
    "rationales_2": "c",
}
ASKED = {"question": "Why?", "choice_0": "a", "choice_1": "b", "right": "1", "explanation": "So."}


@pytest.mark.parametrize(
    ("code", "row", "field", "words"),
    [
        (
            "practice",
            PRACTICE | {"feedback": " "},
            "feedback",
            "Practice item 2, feedback: expected text of 1",
        ),
        ("practice", PRACTICE | {"key": ""}, "key", "Practice item 2, question's id: expected text"),
        ("practice", PRACTICE | {"key": "q9"}, "key", "expected the id of a question of the study's dataset"),
        ("practice", PRACTICE | {"key": "q000007"}, "key", "not of split `prompt`"),
        (
            "practice",
            PRACTICE | {"notes_1": "this"},
            "notes_0",
            "Practice item 2, what to notice about A: expected",
        ),
        ("practice", PRACTICE | {"ranking_1": "9"}, "ranking_1", "Select a valid choice"),
        (
            "practice",
            OWN | {"rationales_2": ""},
            "rationales_2",
            "Practice item 2, rationale C: expected text",
        ),
        (
            "practice",
            OWN | {"question": "x" * 5_001},
            "question",
            "Practice item 2, question: expected text of 1 to",
        ),
        ("practice", OWN | {"choice_3": "red"}, "label_3", "Practice item 2, label: expected"),
        ("practice", OWN | {"label_1": "A"}, "choice_1", "Practice item 2, choice 2: expected"),
        (
            "comprehension",
            ASKED | {"right": ""},
            "choice_0",
            "one of the choices that are filled in to be marked",
        ),
        (
            "comprehension",
            ASKED | {"right": "2"},
            "choice_0",
            "one of the choices that are filled in to be marked",
        ),
        (
            "comprehension",
            ASKED | {"choice_1": ""},
            "choice_0",
            "Comprehension question 2, choice 1: expected 2 to 8 choices",
        ),
        ("comprehension", ASKED | {"choice_4": "a"}, "choice_0", "expected different choices"),
        (
            "comprehension",
            ASKED | {"explanation": ""},
            "explanation",
            "Comprehension question 2, explanation:",
        ),
        (
            "reasons",
            {"code_": "Off Topic", "label_": "x"},
            "code_",
            "Reason 2, code: expected 1 to 60 lower-case",
        ),
        ("reasons", {"code_": "ok", "label_": ""}, "label_", "Reason 2, what raters read: expected one line"),
        ("reasons", {"code_": "fine", "label_": "Twice"}, "code_", "Reason 2, code: expected 1 to 60"),
    ],
)
def test_an_error_stands_beside_its_field_and_names_row_and_field(client, code, row, field, words) -> None:
    Question.objects.filter(external_id="q000007").update(split="prompt")
    good = {"practice": PRACTICE, "comprehension": ASKED, "reasons": {"code_": "fine", "label_": "Fine"}}[
        code
    ]
    page = refused(client, **rows_of(code, good, row))
    assert [(f"{code}-1-{field}", True)] == [(name, words in said) for name, said in errors_of(page)]


def test_all_rows_are_looked_at_at_once_and_nothing_typed_is_lost(client) -> None:
    rows = rows_of("practice", PRACTICE | {"feedback": ""}, OWN | {"answer": ""}) | rows_of(
        "comprehension", {}
    )
    page = refused(client, name="two words", **rows)
    found = [name for name, _ in errors_of(page)]
    assert found == ["name", "practice-0-feedback", "practice-1-answer", "comprehension-0-choice_0"]
    assert sent_back(page)["practice-1-rationales_1"] == ["b"]


def test_journey_as_json_may_hold_what_has_no_rows_but_not_the_same_twice(client) -> None:
    more = '{"comprehension": {"questions": []}}'
    page = refused(client, journey_more=more, **rows_of("comprehension", ASKED))
    assert [name for name, _ in errors_of(page)] == ["journey_more"]


def shown(client: Client, act: str, *, htmx: bool = False, **rows: Any) -> str:
    answer = client.post(
        ADDRESS, filled(act=act, name="", **rows), headers={"HX-Request": "true"} if htmx else {}
    )
    assert answer.status_code == 200 and not Study.objects.exists()
    page = answer.content.decode()
    assert "field__error" not in page, "nothing is an error before it is sent"
    assert ("<html" in page) != htmx
    return page


@pytest.mark.parametrize("htmx", [False, True])
def test_rows_are_added_moved_and_taken_away_by_buttons(client, htmx) -> None:
    three = rows_of("reasons", *({"code_": code, "label_": code.upper()} for code in "abc"))

    def codes(act: str, **rows: Any) -> list[str]:
        page = shown(client, act, htmx=htmx, **{**three, **rows})
        assert page.count("autofocus") == 1
        said = sent_back(page)
        return [said[name][0] for name in said if re.fullmatch(r"reasons-\d+-code_", name)]

    assert codes("reasons:up:2") == ["a", "c", "b"] and codes("reasons:down:0") == ["b", "a", "c"]
    assert codes("reasons:remove:1") == ["a", "c"]
    assert codes("reasons:up:0") == ["a", "b", "c"] == codes("reasons:down:2")
    assert codes("reasons:add:") == ["a", "b", "c", ""]
    assert codes("reasons:remove:0", **{"reasons-rows": 1}) == []


@pytest.mark.parametrize(
    "act",
    [
        "reasons:remove:7",
        "reasons:remove:x",
        "reasons:fly:0",
        "reasons:",
        ":",
        "nobody:add:",
        "reasons:add:x:y:z",
    ],
)
def test_an_act_that_no_button_says_breaks_nothing(client, act) -> None:
    assert 'value="kept"' in shown(client, act, **rows_of("reasons", {"code_": "kept", "label_": "x"}))


def test_no_more_rows_are_added_than_there_may_be(client) -> None:
    full = rows_of("reasons", *({"code_": f"c{n}", "label_": "x"} for n in range(10)))
    page = shown(client, "reasons:add:", htmx=True, **full)
    assert page.count("<fieldset") == 10 and "reasons:add" not in page
    assert "at most 10" in refused(
        client, **full | {"reasons-10-code_": "c10", "reasons-10-label_": "x", "reasons-rows": 11}
    )


@pytest.mark.parametrize("htmx", [False, True])
def test_a_question_is_looked_for_and_taken(client, htmx) -> None:
    row = {"kind": PICKED, "search": "3 plus", "feedback": "Kept."}
    page = shown(client, "practice:search:0", htmx=htmx, **rows_of("practice", row))
    assert "practice:take:0:q000003" in page and "What is 3 plus two?" in page and "q000002" not in page
    taken = shown(client, "practice:take:0:q000003", htmx=htmx, **rows_of("practice", row))
    assert 'value="q000003"' in taken and "Kept." in taken
    assert all(text_of(source, 3).splitlines()[0] in unescape(taken) for source in range(3))
    nothing = shown(client, "practice:search:0", htmx=htmx, **rows_of("practice", row | {"search": "zebra"}))
    assert "No question of the dataset" in nothing
    assert "No question of the dataset" in shown(client, "practice:search:0", **rows_of("practice", {}))


def test_without_three_sources_only_the_question_is_shown(client) -> None:
    page = shown(client, "practice:take:0:q000003", sources=["alpha"], **rows_of("practice", PRACTICE))
    assert "What is 3 plus two?" in page and "Choose the study&#x27;s three sources" in page.replace(
        "'", "&#x27;"
    )


def test_a_choice_more_is_offered_up_to_eight(client) -> None:
    page = shown(
        client, "comprehension:choice:0", htmx=True, **rows_of("comprehension", ASKED | {"choices": "3"})
    )
    assert page.count("choice_3") and "choice_4" not in page
    page = shown(
        client, "comprehension:choice:0", htmx=True, **rows_of("comprehension", ASKED | {"choices": "9"})
    )
    assert "choice_7" in page and "comprehension:choice" not in page


def test_a_hostile_row_comes_back_escaped(client) -> None:
    evil = '"><script>alert(1)</script>'
    rows = rows_of("practice", dict.fromkeys(OWN, evil) | {"kind": WRITTEN})
    rows |= rows_of("reasons", {"code_": evil, "label_": evil}) | rows_of("comprehension", {"question": evil})
    assert "<script>alert" not in refused(client, **rows)


def test_an_empty_form_has_no_rows_and_the_statements_do_not_grow_with_them(
    client, django_assert_num_queries
) -> None:
    assert [len(rows) for rows in NewStudyForm(dataset=dataset_summary("sums")).rows.values()] == [0, 0, 0]
    for count in (1, 6):
        rows = rows_of("practice", *({**PRACTICE, "key": f"q00000{n}"} for n in range(count)))
        with django_assert_num_queries(13):
            shown(client, "estimate", **rows)
