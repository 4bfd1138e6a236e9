"""What a researcher writes for raters in Markdown: instructions, consent, feedback. Pure."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt

_TAGS = {"p", "br", "strong", "em", "ul", "ol", "li", "code", "blockquote"}
_markdown = MarkdownIt("commonmark", {"html": False})


def render_prose(text: str) -> str:
    """Paragraphs, lists and emphasis as HTML; no links, images, headings or attributes."""
    return nh3.clean(_markdown.render(text), tags=_TAGS, attributes={}).strip()
