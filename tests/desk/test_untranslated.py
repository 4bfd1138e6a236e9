"""No word of English is left on a rater's page in German: templates, errors, and whole pages are looked through."""

from __future__ import annotations

import ast
import importlib
import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import translation

from accounts.audit import COMMAND
from accounts.errors import InvalidInput, StarchamberError
from ratings.club import hosting
from ratings.club.selectors import club_link
from ratings.crowd.models import PanelEntry
from ratings.crowd.panels import PanelDesign, create_panel
from ratings.desk.error_words import BY_CODE, ERRORS, NOT_POSSIBLE, said
from ratings.desk.preview import preview_link
from ratings.desk.preview_steps import steps_of
from ratings.slots.models import PersonalItem, Rater, Rating, Slot
from ratings.studies.form import KINDS, REASONS
from ratings.studies.models import Study
from ratings.studies.services import close_study
from tests.desk.reading import read_form
from tests.journeys.ways import WHOLE, consent, debrief, say
from tests.worlds import SOURCES, make_raters, make_study
from tools.messages import LOCALE, compiled, read_po
from tools.run import ROOT

TEMPLATES = [
    path for folder in ("desk", "club") for path in sorted((ROOT / "templates" / folder).rglob("*.html"))
]
LETTERS = re.compile(r"[^\W\d_]{2,}")
#: Names that are the same in every language, and keys of a keyboard.
NAMES = {"Starchamber", "Enter"}

# -- templates


def words_of(template: str) -> list[str]:
    """What a template says in itself: text between tags, and attributes that are read to people."""
    text = re.sub(r"{%\s*comment\s*%}.*?{%\s*endcomment\s*%}|{#.*?#}", "", template, flags=re.DOTALL)
    text = re.sub(r"{%\s*blocktranslate\b.*?{%\s*endblocktranslate\s*%}", "", text, flags=re.DOTALL)
    text = re.sub(r"{%\s*block (page_class|body)\s*%}.*?{%\s*endblock\s*%}", "", text)
    text = re.sub(r"{%.*?%}|{{.*?}}", "\0", text, flags=re.DOTALL)
    read_out = re.findall(r'\b(?:aria-label|title|alt|placeholder)="([^"]*)"', text)
    between = re.sub(r"<[^>]*>", "\n", re.sub(r"<(svg|style)\b.*?</\1>", "", text, flags=re.DOTALL))
    found = LETTERS.findall(unescape("\n".join([*read_out, between])))
    return [word for word in found if word not in NAMES]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("<p>{{ name }} said {% translate 'this' %}</p>", ["said"]),
        ('<b aria-label="{% if x %}One{% endif %}">{# no #}</b>', ["One"]),
        (
            "{% blocktranslate with a=b %}Well{% plural %}Wells{% endblocktranslate %} <kbd>Enter</kbd> · 1.",
            [],
        ),
        ('{% include "a.html" with words="more" %}<a href="/x/">{% comment %}why{% endcomment %}</a>', []),
    ],
)
def test_words_outside_of_translation_are_found(template: str, words: list[str]) -> None:
    assert words_of(template) == words


def test_no_template_of_raters_says_anything_of_its_own() -> None:
    found = {str(path.relative_to(ROOT)): words_of(path.read_text(encoding="utf-8")) for path in TEMPLATES}
    assert {path: words for path, words in found.items() if words} == {}


# -- errors

#: Where errors are raised that a rater may meet.
ROOMS = ("slots", "journeys", "club", "desk")
MODULES = [
    *(
        f"ratings.{room}.{path.stem}"
        for room in ROOMS
        for path in sorted((ROOT / "ratings" / room).glob("*.py"))
    ),
    *("ratings.crowd.panels", "config.join", "config.errors"),
]
#: Of researchers, hosts and programs alone.
FOR_PROGRAMS = {"api", "journey_api", "schema", "webhooks", "throttle"}
NOT_RATERS = {"name_taken", "wrong_state", "wrong_phase", "lint_blocks", "throttled", "unauthorised"}
#: Answered by the page itself, in words of its own, or by sending the rater on.
ANSWERED = {
    "already_rated",
    "lease_lost",
    "nothing_to_undo",
    "consent_changed",
    "journey_unfinished",
    "left_study",
}


def raised_in(module_name: str) -> Iterator[tuple[str, str | None]]:
    """(code, message) of each error that a module makes; None for a message that is put together."""
    module = importlib.import_module(module_name)
    assert module.__file__ is not None
    for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        kind = getattr(module, node.func.id, None)
        if not (isinstance(kind, type) and issubclass(kind, StarchamberError)) or issubclass(
            kind, InvalidInput
        ):
            continue
        codes = [one.value for one in node.keywords if one.arg == "code"]
        code = text_of(codes[0]) if codes else None
        for message in node.args[:1]:
            # One of two messages, or the one.
            for branch in (message.body, message.orelse) if isinstance(message, ast.IfExp) else (message,):
                yield code or kind.code, text_of(branch)


def text_of(node: ast.expr) -> str | None:
    """None for what is not written out."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def test_every_error_that_a_rater_may_meet_is_said_in_german() -> None:
    seen, missing = set(), []
    for module in MODULES:
        for code, message in () if module.rpartition(".")[2] in FOR_PROGRAMS else raised_in(module):
            seen.add(code)
            if code not in NOT_RATERS | ANSWERED | set(BY_CODE) and message not in ERRORS:
                missing.append((module, code, message))
    assert missing == []
    assert {"study_closed", "panel_full", "club_over", "unknown_link", "not_revealed"} <= seen


def test_an_error_names_its_value_in_german_and_one_that_is_not_known_is_still_german() -> None:
    with translation.override("de"):
        assert said(StarchamberError("x", code="club_full", details={"limit": 500})).endswith("500 Telefone.")
        assert said(StarchamberError("Nobody wrote this one down.")) == str(NOT_POSSIBLE)
        assert said(InvalidInput("reason: expected a few words.")).startswith("Das passt nicht")
    assert said(StarchamberError("Nobody wrote this one down.")) == "Nobody wrote this one down."


# -- pages

#: Around every translated message while a test looks at pages.
OPEN, SHUT = "⟦", "⟧"


@pytest.fixture
def marked(tmp_path, settings) -> Iterator[None]:
    """German in which every message is its own English between marks: what stands outside was not translated."""
    _, entries = read_po(LOCALE / "de" / "LC_MESSAGES" / "django.po")
    header = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"
    between = {key: [f"{OPEN}{text}{SHUT}" for text in key if text is not None] for key in entries}
    (tmp_path / "de" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "de" / "LC_MESSAGES" / "django.mo").write_bytes(compiled(header, between))
    settings.LOCALE_PATHS = [tmp_path]
    # Django forgets its catalogues when LOCALE_PATHS change, and again when this ends.
    yield


def unmarked(html: str) -> set[str]:
    """The words of a page that stand outside of the marks: its text, what is read out, and what its script may say."""
    said = [
        json.loads(found) for found in re.findall(r'<script id="words"[^>]*>(.*?)</script>', html, re.DOTALL)
    ]
    text = re.sub(r"<(script|style|svg|code)\b.*?</\1>", "", html, flags=re.DOTALL)
    read_out = re.findall(r'\b(?:aria-label|title|alt|placeholder|data-copied|data-selected)="([^"]*)"', text)
    shown = unescape("\n".join([re.sub(r"<[^>]*>", "\n", text), *read_out, *strings(said)]))
    while (less := re.sub(f"{OPEN}[^{OPEN}{SHUT}]*{SHUT}", " ", shown)) != shown:
        shown = less
    return set(LETTERS.findall(shown)) - NAMES


def strings(value: Any) -> list[str]:
    """Every text in a JSON value, names of fields apart."""
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in strings(part)]


class Looking:
    """A German browser that notes, of each page, the words that neither we translated nor the study brought."""

    def __init__(self, *data: Any) -> None:
        self.browser = Client(headers={"Accept-Language": "de"})
        self.data = set(LETTERS.findall(unescape(re.sub(r"<[^>]*>", " ", "\n".join(map(str, data))))))
        self.found: dict[str, set[str]] = {}

    def get(self, address: str, name: str = "") -> str:
        return self._note(name or address, self.browser.get(address, follow=True))

    def post(self, address: str, fields: dict[str, Any] | None = None, name: str = "") -> str:
        return self._note(name or f"POST {address}", self.browser.post(address, fields or {}, follow=True))

    def _note(self, name: str, response: Any) -> str:
        page: str = response.content.decode()
        assert '<html lang="de">' in page or "<html" not in page, name
        if words := unmarked(page) - self.data:
            self.found[name] = words
        return page


EVERYTHING = {"reasons": list(REASONS), "confidence": True, "doubts": True, "first_wrong_step": True}


def data_of(study: Study) -> list[Any]:
    contents = study.triples.values_list("content", flat=True)
    return [study.name, study.instructions, study.journey, *contents, *SOURCES, "rater"]


def ended(study: Study, stage: str) -> None:
    Rater.objects.filter(study=study).update(stage=stage)


def test_no_page_of_a_raters_way_says_anything_untranslated(db, marked) -> None:
    study = make_study(
        questions=4, per_rater=3, journey=WHOLE, form=EVERYTHING, quality={"checks": 1}, seed=3
    )
    [rater] = make_raters()
    secret, look = rater.token, Looking(*data_of(study))
    look.get(f"/join/{secret}/")
    look.post(f"/join/{secret}/", name="consent")
    look.get("/rate/trial/leave/")
    look.post("/rate/trial/journey/", {"stage": "consent"}, "no choice")
    consent(secret)
    look.get("/rate/trial/journey/", "instructions")
    say(secret, "instructions")
    look.get("/rate/trial/journey/", "practice")
    look.post("/rate/trial/", {"token": read_form(look.get("/rate/trial/")).token}, "nothing judged")
    for _ in range(2):
        form = read_form(look.get("/rate/trial/"))
        look.post("/rate/trial/", form.fields(1, 2, 3), "feedback")
    say(secret, "practice")
    look.get("/rate/trial/journey/", "check")
    say(secret, "comprehension", **{"try": 1}, answers={"0": 0, "1": 0})
    look.get("/rate/trial/journey/", "check again")
    say(secret, "comprehension", **{"try": 2}, answers={"0": 1})
    for number in range(4):
        form = read_form(look.get("/rate/trial/", f"rating {number}"))
        look.post("/rate/trial/", form.fields(1, 2, 2), f"after rating {number}")
    assert PersonalItem.objects.filter(kind=Slot.Kind.CHECK, slot__isnull=False).exists()
    look.get("/rate/trial/ratings/")
    look.get(f"/rate/trial/ratings/{Rating.objects.filter(kind='normal').latest('pk').key}/", "revise")
    look.get("/rate/trial/ratings/nowhere/")
    look.get("/rate/trial/journey/", "debrief")
    debrief(secret)
    look.get("/rate/trial/journey/", "done")
    for stage in ("declined", "withdrawn", "screened_out", "failed_check"):
        ended(study, stage)
        look.get("/rate/trial/journey/", stage)
    ended(study, "rating")
    Study.objects.update(state="paused", per_rater=9)
    look.get("/rate/trial/", "paused")
    ended(study, "done")
    close_study("trial", actor=COMMAND)
    look.get("/rate/trial/", "closed")
    look.get("/rate/trial/reveal/")
    look.browser.cookies.clear()
    look.get("/rate/trial/", "signed out")
    look.get("/rate/trial/nothing/here/")
    look.get(f"/join/scr_{'0' * 48}/")
    assert look.found == {}


def test_no_page_of_a_panel_or_a_preview_says_anything_untranslated(db, marked) -> None:
    study = make_study(questions=4, journey=WHOLE)
    panel = create_panel("trial", PanelDesign(provider="generic", name="crowd", quota=1), actor=COMMAND)
    look = Looking(*data_of(study), "crowd")
    entry = f"/p/{study.name}/{panel.name}/"
    look.get(f"{entry}?id=one")
    look.post(f"{entry}?id=one", name="entered")
    for address in (entry, f"{entry}?id=two", "/p/trial/none/?id=x", "/p/none/?id=x"):
        look.post(address)
    PanelEntry.objects.update(status="returned")
    look.post(f"{entry}?id=one", name="returned")
    for kind in KINDS:
        Study.objects.update(form={"kind": kind})
        preview = urlsplit(preview_link(Study.objects.get())).path
        steps = steps_of(Study.objects.get()) if kind == "ranking" else [11]
        for step in range(1, len(steps) + 1):
            look.get(f"{preview}?step={step if kind == 'ranking' else 11}")
    look.post(preview)
    look.get("/preview/scp_forged/")
    assert look.found == {}


def test_no_page_of_a_paper_club_says_anything_untranslated(marked, owner) -> None:
    study = make_study(questions=2)
    club = hosting.open_club("trial", actor=COMMAND)
    look, host = Looking(*data_of(study), club.code), Looking(*data_of(study), club.code, club_link(club))
    host.browser.force_login(owner)
    phone, wall = f"/club/{club.code}/", f"/club/{club.code}/wall/"

    def both(name: str) -> str:
        host.get(wall, f"wall: {name}")
        host.get(f"{wall}counts/?seen={hosting.get_club(club.code).version}", f"counts: {name}")
        return look.get(phone, name)

    both("lobby")
    look.post(phone, name="joined")
    hosting.start_round(club.code, seen="lobby-0", actor=COMMAND)
    form = read_form(both("voting"))
    look.post(f"{phone}vote/", {"token": form.token}, "nothing said")
    look.post(f"{phone}vote/", form.fields(1, 2, 3), "voted")
    hosting.show_votes(club.code, seen="voting-1", actor=COMMAND)
    both("votes")
    look.get(f"{phone}moved/?seen=x&busy=1")
    hosting.reveal(club.code, seen="votes-1", actor=COMMAND)
    both("revealed")
    hosting.start_round(club.code, seen="revealed-1", actor=COMMAND)
    hosting.show_votes(club.code, seen="voting-2", actor=COMMAND)
    both("no vote")
    host.post(f"{wall}act/", {"act": "start", "seen": "votes-2"}, "none left")
    hosting.end_club(club.code, actor=COMMAND)
    both("ended")
    look.get("/club/NOSUCH22/")
    assert look.found == {}
