"""Finding where English sentences end, in careful prose and in the hasty prose of crowd workers and models.

Rules and no model: the same text is split alike for ever, at the speed of one pass. Capital letters are no
condition, since crowd workers leave them out.
"""

from __future__ import annotations

import re

_END = re.compile(r"(?P<mark>[.!?…]{1,200})(?P<closers>[\"'”’)\]*]{0,5})(?=(?P<space>\s*)(?P<next>\S?))")
_WORD_BEFORE = re.compile(r"[^\W_]+(?:\.[^\W_]+)*$")
_OPEN_ITEM = re.compile(r"[(*#\-\s]*(?:[0-9]{1,2}|[A-Za-z]|step\s[0-9]{1,2})\)?$", re.IGNORECASE)
_NESTING = re.compile(r"[()\"“”]")

#: Never the end of a sentence: a name, a number or an example follows.
_BEFORE_MORE = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "st",
        "mt",
        "gen",
        "col",
        "capt",
        "lt",
        "sgt",
        "rev",
        "hon",
        "vs",
        "e.g",
        "i.e",
        "eg",
        "ie",
        "cf",
        "approx",
        "fig",
        "viz",
    ]
)
#: The end of a sentence only where the next word has a capital letter.
_MAYBE_LAST = frozenset(
    [
        "etc",
        "a.m",
        "p.m",
        "am",
        "pm",
        "u.s",
        "u.k",
        "u.s.a",
        "u.n",
        "d.c",
        "ph.d",
        "b.c",
        "a.d",
        "inc",
        "ltd",
        "co",
        "corp",
        "jr",
        "sr",
        "al",
        "dept",
        "est",
        "ave",
        "blvd",
    ]
)
#: The same, behind a number: units and the like, which are words otherwise ("in.", "no.").
_UNITS = frozenset(
    [
        "oz",
        "lb",
        "lbs",
        "ft",
        "in",
        "yd",
        "yds",
        "mi",
        "hr",
        "hrs",
        "min",
        "mins",
        "sec",
        "secs",
        "gal",
        "qt",
        "pt",
        "tbsp",
        "tsp",
        "cm",
        "mm",
        "km",
        "kg",
        "mg",
        "ml",
        "pcs",
        "ea",
    ]
)
_WINDOW = 24


def split_sentences(line: str) -> list[str]:
    """The sentences of one line, stripped, none of them empty."""
    sentences: list[str] = []
    start = 0
    nesting = _Nesting(line)
    for match in _END.finditer(line):
        nesting.advance(match.end())
        if not match["next"] or nesting.is_inside(match.end()) or not _ends_sentence(line, start, match):
            continue
        sentences.append(line[start : match.end()].strip())
        start = match.end()
        nesting.reset(start)
    sentences.append(line[start:].strip())
    return [sentence for sentence in sentences if sentence]


class _Nesting:
    """Whether a position is inside brackets or quotation marks that are closed later in the line."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._last_bracket = line.rfind(")")
        self._last_quote = max(line.rfind('"'), line.rfind("”"))
        self._position = self._brackets = 0
        self._quoted = False

    def advance(self, position: int) -> None:
        for match in _NESTING.finditer(self._line, self._position, position):
            if match[0] == "(":
                self._brackets += 1
            elif match[0] == ")":
                self._brackets = max(0, self._brackets - 1)
            elif match[0] != '"':
                self._quoted = match[0] == "“"
            # A straight mark behind a digit is an inch.
            elif match.start() == 0 or not self._line[match.start() - 1].isdigit():
                self._quoted = not self._quoted
        self._position = max(self._position, position)

    def is_inside(self, position: int) -> bool:
        in_brackets = self._brackets > 0 and self._last_bracket >= position
        return in_brackets or (self._quoted and self._last_quote >= position)

    def reset(self, position: int) -> None:
        self._position, self._brackets, self._quoted = position, 0, False


def _ends_sentence(line: str, start: int, match: re.Match[str]) -> bool:
    """Whether the end mark at `match`, in a sentence that began at `start`, ends it."""
    mark, next_character = match["mark"], match["next"]
    if not match["space"]:
        return not match["closers"] and _lacks_space(line, match)
    if match["closers"] and next_character.islower():
        return False
    if mark.startswith(("..", "…")):
        return not next_character.islower()
    if mark != ".":
        return True
    before = line[max(start, match.start() - _WINDOW) : match.start()]
    if before.endswith(" ") and next_character.isdigit():
        return False  # ". 84", a decimal written with a space
    if match.start() - start < _WINDOW and _OPEN_ITEM.fullmatch(before):
        return False
    return not _is_abbreviation(before, next_character)


def _lacks_space(line: str, match: re.Match[str]) -> bool:
    """Whether a space was forgotten behind the mark, as in "house.Train can not", unlike "3.5", "U.S.A"."""
    before = line[max(0, match.start() - 2) : match.start()]
    after = line[match.end() : match.end() + 2]
    return (
        len(before) == 2
        and before.isalpha()
        and before[1].islower()
        and after[:1].isupper()
        and not after.isupper()
    )


def _is_abbreviation(before: str, next_character: str) -> bool:
    found = _WORD_BEFORE.search(before)
    if found is None:
        return False
    word = found[0].casefold()
    if word in _BEFORE_MORE:
        return True
    if word == "no":
        return next_character.isdigit()
    behind_number = before[: found.start()].rstrip()[-1:].isdigit()
    if word in _MAYBE_LAST or (word in _UNITS and behind_number):
        return not next_character.isupper()
    # Initials: "J. K. Rowling". A lone capital behind a small word is a name of a thing: "option B. The".
    is_initial = len(found[0]) == 1 and found[0].isupper() and found[0] != "I"
    return is_initial and next_character.isupper() and _follows_capital(before[: found.start()])


def _follows_capital(before: str) -> bool:
    words = before.split()
    return not words or words[-1][0].isupper()
