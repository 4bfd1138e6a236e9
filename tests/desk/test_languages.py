"""The rater's pages in German, and the files that make them so."""

from __future__ import annotations

import json
import re
import struct

import pytest
from django.test import Client
from django.utils import translation

from ratings.desk.words import KEYS, SCRIPT, script_words
from ratings.studies.form import DOUBTS, KINDS, REASONS, RatingForm
from ratings.studies.models import Study
from tests.desk.reading import read_form
from tests.desk.rows import make_rater, make_study
from tools.messages import LOCALE, compiled, messages_of, problems_of

DESK = "/rate/trial/"
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
PO = sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))


@pytest.mark.parametrize("path", PO, ids=lambda path: path.parent.parent.name)
def test_a_language_is_complete_and_its_compiled_file_fits(path) -> None:
    assert problems_of(path) == []


def test_german_is_there() -> None:
    assert [path.parent.parent.name for path in PO] == ["de"]


def test_what_is_compiled_is_read_back_by_gettext(tmp_path) -> None:
    """The standard library reads the file that we write without gettext."""
    from gettext import GNUTranslations

    header = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"
    made = compiled(header, {("a", None): ["ä"], ("one", "many"): ["eins", "viele"], ("open", None): [""]})
    assert struct.unpack("<I", made[:4])[0] == 0x950412DE
    (tmp_path / "x.mo").write_bytes(made)
    with (tmp_path / "x.mo").open("rb") as file:
        read = GNUTranslations(file)
    assert (read.gettext("a"), read.ngettext("one", "many", 2), read.gettext("open")) == (
        "ä",
        "viele",
        "open",
    )


def test_messages_are_found_in_templates_and_modules(tmp_path) -> None:
    page = tmp_path / "x.html"
    page.write_text(
        '{% translate "One" %}{% translate \'Two "x"\' as x %}'
        "{% blocktranslate count n=n with b=c %}{{ n }} a{% plural %}{{ n }} b{% endblocktranslate %}"
    )
    assert list(messages_of(page)) == [("One", None), ('Two "x"', None), ("%(n)s a", "%(n)s b")]
    module = tmp_path / "x.py"
    module.write_text('a = _("three")\nb = other("four")\nc = gettext_noop("five")\n')
    assert list(messages_of(module)) == [("three", None), ("five", None)]


def test_the_desk_speaks_german_to_a_german_browser(rater: Client) -> None:
    html = rater.get(DESK, headers=GERMAN).content.decode()
    assert '<html lang="de">' in html
    assert "Frage" in html and "Senden" in html and "Begründung" in html
    words = json.loads(re.findall(r'<script id="words" type="application/json">(.*?)</script>', html)[0])
    assert words["next"] == "Nächste Frage."
    assert words["places"] == ["1.", "2.", "3."]
    swapped = rater.post(DESK, read_form(html).fields(1, 2, 3), headers={**GERMAN, "HX-Request": "true"})
    assert "Gespeichert." in swapped.content.decode()
    # A draft's number of seconds is a number in every language.
    form = read_form(swapped.content.decode())
    rater.post(f"{DESK}draft/", form.fields(1, None, None, active_seconds="9.5"), headers=GERMAN)
    assert 'name="active_seconds" value="9.5"' in rater.get(DESK, headers=GERMAN).content.decode()


@pytest.mark.parametrize("language", ["", "en-GB", "fr", "xx;q=nonsense"])
def test_everybody_else_reads_english(rater: Client, language: str) -> None:
    html = rater.get(DESK, headers={"Accept-Language": language}).content.decode()
    assert '<html lang="en">' in html
    assert "Submit" in html


def test_errors_and_landings_speak_german(study: Study) -> None:
    client = Client(headers=GERMAN)
    assert "Ihr Urteil ist gefragt" in client.get(f"/join/{make_rater(study)}/").content.decode()
    assert "nicht bei der Studie angemeldet" in client.get(DESK).content.decode()


def test_the_language_ends_with_the_page(rater: Client) -> None:
    rater.get(DESK, headers=GERMAN)
    assert translation.get_language() == "en"


def test_a_refusal_is_said_in_german(db) -> None:
    client = Client(headers=GERMAN)
    client.post(f"/join/{make_rater(make_study(form={'kind': 'best'}))}/")
    form = read_form(client.get(DESK).content.decode())
    response = client.post(DESK, {"token": form.token})
    assert "Wählen Sie die beste." in response.content.decode()


def test_every_code_of_a_form_has_words() -> None:
    """Reasons, doubts and kinds grow elsewhere; the page must know them all."""
    from ratings.desk.words import DOUBT_WORDS, HOW, NEEDED, NEXT, PLACE_WORDS, REASON_WORDS

    assert {code: str(words) for code, words in REASON_WORDS.items()} == REASONS
    assert {code: str(words) for code, words in DOUBT_WORDS.items()} == DOUBTS
    for table in (HOW, NEEDED, NEXT, PLACE_WORDS):
        assert set(table) == set(KINDS)
    for kind in KINDS:
        assert len(PLACE_WORDS[kind]) == RatingForm(kind=kind).places
        assert set(SCRIPT) < set(script_words(RatingForm(kind=kind)))
    assert len({key for _, key, _ in KEYS}) == len(KEYS)
