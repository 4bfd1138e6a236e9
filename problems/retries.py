"""Mistakes that a text takes back: a wrong step, a mark, the right step, and the rest.

    <scratch>
    5 6 0 + 5 8 3 , C: 0
    6 + 8 , 4 C: 0
    <retry>
    6 + 8 , 3 C: 0
    …

Only what stands behind the last mark can be an answer. The reasoning is judged as it stands once every marked step is
taken out.
"""

from __future__ import annotations

import re

MARK = "<retry>"

_MARK_LINE = re.compile(rf"^[ \t]*{MARK}[ \t]*(?:\n|$)", re.MULTILINE)


def behind_retries(text: str) -> str:
    """The part of `text` behind its last mark; all of it without one."""
    return text.rpartition(MARK)[2] if MARK in text else text


def retries_in_words(text: str) -> str:
    """`text` as people read it: a mark is a line that says what follows."""
    return _MARK_LINE.sub("Correction:\n", text).rstrip("\n") if MARK in text else text
