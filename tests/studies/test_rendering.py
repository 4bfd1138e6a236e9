"""Rendering for raters: paragraphs, line breaks and formulas, every character of the text, and nothing else."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratings.studies.instructions import render_prose
from ratings.studies.rendering import render_line, render_text, render_triple, shown_answer

TAG = re.compile(r"<[^>]*>")
NASTY = st.text(
    alphabet=st.one_of(
        st.sampled_from("<>&\"'`*_~#[]()!|-+=:;/\\{}$%^ \n\t\u00a0"),
        st.characters(exclude_categories=["Cs", "Cc"]),
    ),
    max_size=120,
)


def visible(rendered: str) -> str:
    """What a browser would show, white space aside."""
    return "".join(html.unescape(TAG.sub(" ", rendered)).split())


def without_maths(rendered: str) -> str:
    return re.sub(r"<math.*?</math>", "", rendered, flags=re.DOTALL)


@settings(deadline=None)
@given(NASTY)
def test_only_paragraphs_and_line_breaks_come_out(text):
    assert set(TAG.findall(without_maths(render_text(text)))) <= {"<p>", "</p>", "<br>"}
    assert set(TAG.findall(without_maths(render_line(text)))) <= {"<br>"}


@settings(deadline=None)
@given(NASTY.filter(lambda text: "<math" not in render_text(text)))
def test_every_character_is_shown_as_it_was_written(text):
    # A backslash before the end of a line is a line break in Markdown; both ways of breaking a line are kept.
    assert visible(render_text(text)) == "".join(text.split())
    assert visible(render_line(text)) == "".join(text.split())


@pytest.mark.parametrize(
    "text",
    ["3*4*5 = 60", "a_b_c", "**bold**", "`code`", "# 3 apples", "- 3 apples", "1. first", "> quote", "[l](u)"]
    + ["![i](u)", "<b>x</b>", "<script>alert(1)</script>", "a\\*b", "~~no~~", "http://x.example", "a &amp; b"]
    + ["| a | b |\n|---|---|", "x  \ny", "    four spaces", "***", "---", "text\n===", "&lt;p&gt;"],
)
def test_marks_of_other_notations_are_text(text):
    rendered = render_text(text)
    assert set(TAG.findall(rendered)) <= {"<p>", "</p>", "<br>"}
    assert visible(rendered) == "".join(text.split())


def test_lines_and_paragraphs_are_kept():
    assert render_text("one\ntwo\n\nthree") == "<p>one<br>\ntwo</p>\n<p>three</p>"


def test_a_triples_content_has_the_texts_by_source_and_no_other_field():
    content = render_triple(
        question="How <many>?",
        choices=[{"label": "A", "text": "3*4"}, {"label": "B", "text": "<i>7</i>"}],
        answer="B",
        rationales=["First. Second.", "One line", "a\nb"],
    )
    assert content == {
        "question": {
            "html": "<p>How &lt;many&gt;?</p>",
            "choices": [{"label": "A", "html": "3*4"}, {"label": "B", "html": "&lt;i&gt;7&lt;/i&gt;"}],
            "answer": "(B) <i>7</i>",
        },
        "cards": [
            {"html": "<p>First. Second.</p>", "steps": ["First.", "Second."]},
            {"html": "<p>One line</p>", "steps": ["One line"]},
            {"html": "<p>a<br>\nb</p>", "steps": ["a", "b"]},
        ],
    }


def test_an_answer_is_shown_with_its_choice_or_as_it_stands():
    assert shown_answer("42", []) == "42"
    assert shown_answer("A", [{"label": "A", "text": "water"}]) == "(A) water"
    assert shown_answer("Z", [{"label": "A", "text": "water"}]) == "Z"


def test_prose_keeps_every_address_and_sets_formulas():
    """A consent whose link vanished was given to something else than the researcher wrote."""
    linked = render_prose("[Privacy](https://uni.example/privacy), <mailto:ethics@uni.example>")
    assert linked.startswith(
        '<p><a href="https://uni.example/privacy" target="_blank" rel="noopener noreferrer">Privacy</a>'
    )
    assert 'href="mailto:ethics@uni.example"' in linked
    assert render_prose("[here](/rate/x/) ![Logo](https://x.example/a.png)") == (
        "<p>here (/rate/x/) Logo (https://x.example/a.png)</p>"
    )
    evil = render_prose('[x](javascript:alert(1)) <a href="https://x.example" onclick="y">z</a> <img src=x>')
    assert "<a" not in evil and "<img" not in evil and "javascript:alert(1)" in evil
    for formula in ("$x^2$", r"\(x^2\)"):
        assert "<msup>" in render_prose(f"**Rank** {formula}.")
    assert render_prose("You get $5 and a bonus of $10.") == "<p>You get $5 and a bonus of $10.</p>"
    assert render_prose(r"\*no list") == "<p>*no list</p>"
    # Beside the cards nothing leads away from them.
    assert render_prose("[Privacy](https://uni.example)", links=False) == "<p>Privacy</p>"
