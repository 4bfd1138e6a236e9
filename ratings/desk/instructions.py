"""A study's instructions: Markdown by the researcher, shown to raters."""

from __future__ import annotations

from functools import lru_cache

from django.utils.safestring import SafeString, mark_safe

from ratings.studies.instructions import render_prose


@lru_cache(maxsize=64)
def render_instructions(text: str) -> SafeString:
    """Paragraphs, lists and emphasis; no links, images, headings or attributes."""
    return mark_safe(render_prose(text, links=False))
