"""What a researcher writes for raters in Markdown: instructions, consent, feedback. Pure.

None of it is a card, so that a link may be one: whoever is asked for consent must be able to read the policy.
"""

from __future__ import annotations

from collections.abc import Sequence

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from ratings.studies.maths import MATHML_ATTRIBUTES, MATHML_TAGS, add_maths

_TAGS = {"p", "br", "strong", "em", "ul", "ol", "li", "code", "blockquote", "a", *MATHML_TAGS}
_ATTRIBUTES = {**MATHML_ATTRIBUTES, "a": {"href", "target"}}
_SCHEMES = {"https", "http", "mailto"}


def render_prose(text: str, *, links: bool = True) -> str:
    """Paragraphs, lists, emphasis, formulas and links to other places as HTML; no images, headings, ids or classes.

    A link opens beside the page, whose answers stay, and tells nobody where it was found. An address that is no link
    (within this site, an image's) is written out, so that nothing of a consent is lost without a word.
    links: False beside the cards, where nothing leads away from them; only a link's words are left there.
    """
    html = nh3.clean(
        (_markdown if links else _without_links).render(text),
        tags=_TAGS if links else _TAGS - {"a"},
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer",
    )
    return html.strip()


def _keep_addresses(state: StateCore) -> None:
    for token in state.tokens:
        if token.children:
            token.children = list(_with_addresses(token.children))


def _with_addresses(tokens: Sequence[Token]) -> list[Token]:
    """Inline tokens whose links open beside the page, and whose other addresses are text."""
    kept: list[Token] = []
    opened: list[str] = []
    for token in tokens:
        if token.type == "image":
            kept.append(_text(f"{token.content} ({token.attrGet('src')})".lstrip()))
        elif token.type == "link_open":
            address = str(token.attrGet("href") or "")
            opened.append(address)
            if _is_elsewhere(address):
                token.attrSet("target", "_blank")
                kept.append(token)
        elif token.type == "link_close":
            address = opened.pop()
            kept.append(token if _is_elsewhere(address) else _text(f" ({address})"))
        else:
            kept.append(token)
    return kept


def _is_elsewhere(address: str) -> bool:
    return address.lower().startswith(tuple(f"{scheme}:" for scheme in _SCHEMES))


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


_without_links = add_maths(MarkdownIt("commonmark", {"html": False}))
_markdown = add_maths(MarkdownIt("commonmark", {"html": False}))
_markdown.core.ruler.push("addresses", _keep_addresses)
