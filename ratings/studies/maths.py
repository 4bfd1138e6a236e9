"""TeX in a text, as MathML made here: the same for every source, and shown as it was written where it is no TeX. Pure.

`$…$`, `\\(…\\)` inline, `$$…$$`, `\\[…\\]` on a line of their own. A dollar is money far more often than mathematics: a
pair of them counts only as Pandoc reads it (no space inside, no digit after), and when nothing between them reads like
an amount in a sentence.
"""

from __future__ import annotations

import re

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

#: Longer is no formula, and a converter must not be fed without bound.
MAX_FORMULA = 500

_PAIRS = (
    (re.compile(r"\$\$(.+?)\$\$", re.DOTALL), True),
    (re.compile(r"\\\[(.+?)\\\]", re.DOTALL), True),
    (re.compile(r"\\\((.+?)\\\)", re.DOTALL), False),
    (re.compile(r"\$([^\s$](?:[^$\n]*[^\s$])?)\$(?!\d)"), False),
)
#: Words between two dollars after a leading digit: two amounts in one sentence.
_AMOUNTS = re.compile(r"[\d.,]+\S*\s.*[A-Za-z]{2}", re.DOTALL)
#: Commands that would make links, colours or styles: none of a rationale's business.
_FORBIDDEN = re.compile(
    r"\\(href|url|color|textcolor|style|class|cssId|htmlClass|htmlId|htmlStyle|includegraphics)\b"
)

MATHML_TAGS = frozenset(
    (
        *("math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "mfrac", "msqrt", "mroot"),
        *("msub", "msup", "msubsup", "munder", "mover", "munderover"),
        *("mtable", "mtr", "mtd", "mstyle", "mpadded", "mphantom", "menclose"),
    )
)
#: How a formula is set, and nothing that could name or reach anything.
MATHML_ATTRIBUTES = {
    "math": {"display"},
    "mo": {
        "stretchy",
        "fence",
        "separator",
        "form",
        "lspace",
        "rspace",
        "minsize",
        "maxsize",
        "movablelimits",
    },
    "mi": {"mathvariant"},
    "mn": {"mathvariant"},
    "mtext": {"mathvariant"},
    "mstyle": {"displaystyle", "scriptlevel"},
    "mfrac": {"linethickness"},
    "mspace": {"width"},
    "mtable": {"columnalign", "rowspacing"},
    "mtd": {"columnalign"},
    "menclose": {"notation"},
    "mover": {"accent"},
    "munder": {"accentunder"},
}


def add_maths(markdown: MarkdownIt) -> MarkdownIt:
    """Teaches a Markdown reader TeX; before its backslashes, so that `\\(` begins a formula where it has an end."""
    if "escape" in markdown.get_active_rules()["inline"]:
        markdown.inline.ruler.before("escape", "maths", _read_formula)
    else:
        markdown.inline.ruler.push("maths", _read_formula)
    markdown.add_render_rule("maths", _write_formula)
    return markdown


def to_mathml(formula: str, *, display: bool = False) -> str | None:
    """MathML of a formula; None for what the converter can not read."""
    if len(formula) > MAX_FORMULA or _FORBIDDEN.search(formula):
        return None
    try:
        made = convert(formula, display="block" if display else "inline")
    except Exception:  # noqa: BLE001 - whatever a text does to the converter, it is shown as it was written
        return None
    # An unknown command comes back as its own name.
    return None if "\\" in made else made


def _read_formula(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "$\\":
        return False
    for pattern, display in _PAIRS:
        found = pattern.match(state.src, state.pos, state.posMax)
        if found is None:
            continue
        formula = found[1].strip()
        if found[0].startswith("$") and not display and _AMOUNTS.match(formula):
            return False
        mathml = to_mathml(formula, display=display)
        if mathml is None:
            return False
        if not silent:
            token = state.push("maths", "math", 0)
            token.content = mathml
        state.pos = found.end()
        return True
    return False


def _write_formula(
    self: RendererProtocol, tokens: list[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    return tokens[index].content
