"""TeX becomes MathML; money, broken TeX and everything else stay as they were written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratings.studies.maths import MATHML_ATTRIBUTES, MATHML_TAGS, to_mathml
from ratings.studies.rendering import render_line, render_text, render_triple

TEX = st.text(alphabet=st.sampled_from("\\{}()[]^_&$%#~ abfrcx12+-=<>\"'\n"), max_size=60)
FORMULA = re.compile(r"<math.*?</math>", re.DOTALL)


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("Let $x$ be 3, so $2x + 1 = 7$.", 2),
        (r"Then \(\frac{1}{2}\) of it.", 1),
        (r"\[a^2 + b^2 = c^2\]", 1),
        ("$$\\sum_{i=1}^n i$$", 1),
        ("3 * $y$ * 5", 1),
    ],
)
def test_formulas_are_set(text, formulas):
    assert len(FORMULA.findall(render_text(text))) == formulas
    assert len(FORMULA.findall(render_line(text))) == formulas


@pytest.mark.parametrize(
    "text",
    [
        "She paid $5 and he paid $3.",
        "It costs $5, so 3*$5=$15.",
        "I have $20-$5=$15 left",
        "costs 5$ or 6$ each",
        "$10/$2",
        "$5 for the first and $7a for the rest",
        r"bad \(\frac{\) tex",
        r"$\nosuchcommand{x}$",
        r"$\href{http://x.example}{y}$",
        r"$\textcolor{red}{y}$",
        "$" + "x" * 501 + "$",
        r"a \( b",
        "$ x $",
    ],
)
def test_what_is_no_formula_is_shown_as_it_was_written(text):
    assert render_text(text) == f"<p>{text}</p>"


def test_a_fraction_by_hand():
    assert render_line(r"\(\frac{1}{2}\)") == (
        '<math display="inline"><mrow><mfrac><mrow><mn>1</mn></mrow><mrow><mn>2</mn></mrow></mfrac></mrow></math>'
    )


def test_a_card_and_its_steps_show_the_same_formulas():
    content = render_triple(
        question="What is $x$?", choices=[], answer="2", rationales=["First $x = 2$. Then $y = 3$.", "a", "b"]
    )
    card = content["cards"][0]
    assert FORMULA.findall(card["html"]) == FORMULA.findall(" ".join(card["steps"]))
    assert "<math" in content["question"]["html"]


@settings(deadline=None)
@given(TEX, st.sampled_from(["${}$", "$${}$$", "\\({}\\)", "\\[{}\\]"]))
def test_whatever_is_written_only_known_elements_and_attributes_come_out(inside, around):
    rendered = render_text(around.replace("{}", inside))
    for slash, name, rest in re.findall(r"<(/?)([a-z]+)([^>]*)>", rendered):
        assert name in MATHML_TAGS | {"p", "br"}
        for attribute in re.findall(r'([a-z-]+)="', rest):
            assert not slash and attribute in MATHML_ATTRIBUTES.get(name, set()), rendered


@settings(deadline=None)
@given(st.text(max_size=40))
def test_the_converter_never_raises(text):
    made = to_mathml(text)
    assert made is None or made.startswith("<math")
