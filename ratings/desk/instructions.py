"""A study's instructions: Markdown by the researcher, shown to raters."""

from __future__ import annotations

from functools import lru_cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_TAGS = {"p", "br", "strong", "em", "ul", "ol", "li", "code", "blockquote"}
_markdown = MarkdownIt("commonmark", {"html": False})


@lru_cache(maxsize=64)
def render_instructions(text: str) -> SafeString:
    """Paragraphs, lists and emphasis; no links, images, headings or attributes."""
    return mark_safe(nh3.clean(_markdown.render(text), tags=_TAGS, attributes={}))
