"""The text normaliser, version 2: rationales of all sources look alike, so that looks tell no source.

It takes away what a source's format adds and a reader does not need: thinking, the tags and spaced digits of
addition's scratchpad, marks of retries, calculator marks, list marks, phrases at the beginning and the end,
final-answer lines (the page shows the gold answer), and white space. It never changes a word of the reasoning. The
version is stored with each text; a change of any rule is a new version.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from problems import phrases
from problems.addition import remove_scratchpad_marks
from problems.retries import retries_in_words
from problems.text import has_words, remove_calculator_marks, remove_thinking
from problems.types import Family

NORMALISER_VERSION = 2

#: A text that has not settled after so many rounds was made to resist; it is left as it is, for the lint to
#: refuse.
MAX_ROUNDS = 8

_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029\x0b\x0c\x85]")
_OTHER_SPACES = re.compile(r"[^\S\n ]+")
_SPACES = re.compile(r" {2,}")
_AROUND_LINE_END = re.compile(r" ?\n ?")
_BLANK_LINES = re.compile(r"\n{3,}")
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ud800-\udfff]"
)


def normalise(text: str, family: Family) -> str:
    """`text` without what tells its source. Idempotent.

    A text with words never comes back without any: if nothing but an answer or a mark is there, only its
    white space is put in order, and `leftovers` names the rest.

    Families whose questions have a gold answer also lose closing sentences that name one by its text ("The
    answer is water."); in an open question that is the reasoning.
    """
    plain = tidy_white_space(text)
    settled = plain
    for _ in range(MAX_ROUNDS):
        before = settled
        for _, stage in _STAGES:
            settled = stage(settled)
        if family is not Family.OPEN:
            settled = phrases.remove_named_answers(settled)
        if settled == before or (settled := tidy_white_space(settled)) == before:
            return settled if has_words(settled) else plain
    return plain


def leftovers(text: str) -> list[str]:
    """What of a source's format `text` still shows, each as "what: the first line that has it".

    Empty for what `normalise` returns, unless the text has nothing else to show.
    """
    plain = tidy_white_space(text)
    found = [] if plain == text else [_described("white space", text, plain)]
    for name, stage in _STAGES:
        after = stage(plain)
        if after != plain:
            found.append(_described(name, plain, after))
    return found


def tidy_white_space(text: str) -> str:
    """NFC; nothing invisible; single spaces, trimmed lines, at most one blank line in a row."""
    # Each pattern runs only where it has work: most texts of most files are tidy, and imports read millions.
    if not (text.isascii() and text.replace("\n", "").isprintable()):
        text = _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text))
        if not unicodedata.is_normalized("NFC", text):
            text = unicodedata.normalize("NFC", text)
        text = _OTHER_SPACES.sub(" ", text)
    if "  " in text:
        text = _SPACES.sub(" ", text)
    if " \n" in text or "\n " in text:
        text = _AROUND_LINE_END.sub("\n", text)
    if "\n\n\n" in text:
        text = _BLANK_LINES.sub("\n\n", text)
    return text.strip()


def _tidied(before: str, after: str) -> str:
    return after if after == before else tidy_white_space(after)


def _described(name: str, before: str, after: str) -> str:
    kept = set(after.split("\n"))
    line = next((line for line in before.split("\n") if line not in kept), "")
    short = line if len(line) <= 60 else line[:57] + "..."
    return f"{name}: {short!r}" if line else name


_STAGES: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("thinking", lambda text: _tidied(text, remove_thinking(text))),
    ("scratchpad mark", lambda text: _tidied(text, remove_scratchpad_marks(text))),
    ("retry mark", lambda text: _tidied(text, retries_in_words(text))),
    ("calculator mark", lambda text: _tidied(text, remove_calculator_marks(text))),
    ("list mark", phrases.remove_list_marks),
    ("final answer", phrases.remove_final_answers),
    ("leading phrase", phrases.remove_leading_phrases),
    ("trailing phrase", phrases.remove_trailing_phrases),
)
