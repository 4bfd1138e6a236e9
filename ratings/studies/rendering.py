"""From a stored text to the HTML that a rater sees: the same for every source, with nothing in it that could tell.

Only paragraphs, line breaks and formulas (ratings.studies.maths) are made: Markdown's emphasis would eat the stars of
3*4*5. Whatever HTML a text contains is shown as text. nh3 then admits no attribute but how a formula is set, so no
link, image, id, class or style can pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import nh3
from markdown_it import MarkdownIt

from problems.steps import split_steps
from ratings.studies.maths import MATHML_ATTRIBUTES, MATHML_TAGS, add_maths

_BLOCK_TAGS = {"p", "br", *MATHML_TAGS}
_LINE_TAGS = {"br", *MATHML_TAGS}
_markdown = add_maths(MarkdownIt("zero", {"breaks": True, "html": False}).enable("newline"))


def render_text(text: str) -> str:
    """Block HTML: paragraphs and line breaks."""
    return nh3.clean(_markdown.render(text), tags=_BLOCK_TAGS, attributes=MATHML_ATTRIBUTES).strip()


def render_line(text: str) -> str:
    """Inline HTML for a choice or a step."""
    return nh3.clean(_markdown.renderInline(text), tags=_LINE_TAGS, attributes=MATHML_ATTRIBUTES).strip()


def shown_answer(answer: str, choices: Sequence[Mapping[str, str]]) -> str:
    """The gold answer as raters read it: `(C) water` for a choice, else as it stands."""
    for choice in choices:
        if choice["label"] == answer:
            return f"({answer}) {choice['text']}"
    return answer


def render_triple(
    *, question: str, choices: Sequence[Mapping[str, str]], answer: str, rationales: Sequence[str]
) -> dict[str, Any]:
    """Triple.content. rationales: the normalised texts by source index."""
    return {
        "question": {
            "html": render_text(question),
            "choices": [
                {"label": choice["label"], "html": render_line(choice["text"])} for choice in choices
            ],
            "answer": shown_answer(answer, choices),
        },
        "cards": [
            {"html": render_text(text), "steps": [render_line(step) for step in split_steps(text)]}
            for text in rationales
        ],
    }
