"""Ways of looking at a text that parsing, normalising and comparing share."""

from __future__ import annotations

import re
import unicodedata

_TAG = re.compile(r"<(/?)(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
# Operators count: "5 - 2" and "5 + 2" are not the same text. A hyphen inside a word does not.
_TOKEN = re.compile(r"[^\W_]+|[+*/=×÷<>%−]|-(?=\s*[$0-9])")


def remove_thinking(text: str) -> str:
    """`text` without `<think>…</think>` and what they hold.

    A closing tag without its opening one ends thinking that began with the text (some chat templates put the
    opening tag into the prompt); an opening tag that is never closed, in a sample cut short, starts thinking
    that lasts to the end.
    """
    if "<" not in text:
        return text
    kept: list[str] = []
    depth = position = 0
    for tag in _TAG.finditer(text):
        if not tag[1]:
            if depth == 0:
                kept.append(text[position : tag.start()])
            depth += 1
        elif depth == 0:
            kept.clear()
            position = tag.end()
        else:
            depth -= 1
            position = tag.end()
    if depth == 0:
        kept.append(text[position:])
    return "".join(kept)


def remove_calculator_marks(text: str) -> str:
    """`text` without GSM8K's `<<48/2=24>>`; a mark never spans lines."""
    if "<<" not in text:
        return text
    # find() and not a pattern: a line of a million "<<" must not cost a scan for each of them.
    return "\n".join(_unmarked(line) if "<<" in line else line for line in text.split("\n"))


def _unmarked(line: str) -> str:
    kept: list[str] = []
    position = 0
    while (start := line.find("<<", position)) >= 0 and (end := line.find(">>", start + 2)) >= 0:
        kept.append(line[position:start])
        position = end + 2
    kept.append(line[position:])
    return "".join(kept)


def fold(text: str) -> str:
    """What is left of a text when case, punctuation and white space do not count.

    Two texts with equal folds are the same text to a reader. Words and the operators of arithmetic stay,
    with one space between them.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(_foldable(character) for character in text)
    return " ".join(_TOKEN.findall(text.casefold()))


def _foldable(character: str) -> str:
    # Vowel signs and accents belong to their word; \w leaves them out, so they travel as private letters.
    if character.isascii() or not unicodedata.category(character).startswith("M"):
        return character
    return chr(0x20000 + ord(character)) if ord(character) < 0x10000 else character


def has_words(text: str) -> bool:
    """Whether there is a letter or a digit in `text`."""
    return any(character.isalnum() for character in text)


def legible(text: str) -> str:
    """A text that somebody sent, with its invisible characters written out: none of them can turn round what stands
    beside it on a page, or hide in it.

    Written out are control and format characters but tab and line break; those that Arabic, Hebrew or Indian scripts
    and emoji are joined and marked with (U+200C to U+200F) turn nothing round beyond their word, and stay.
    """
    return "".join(
        f"[U+{ord(character):04X}]" if _is_invisible(character) else character for character in text
    )


def _is_invisible(character: str) -> bool:
    if character in "\t\n\r" or "\u200c" <= character <= "\u200f":
        return False
    return unicodedata.category(character) in ("Cc", "Cf", "Cs")


def not_usable(field: str, value: object, expected: str) -> str:
    """The sentence about a value that can not stand where it was put, for people: nothing is "nothing", not None."""
    if value is None or value == "":
        return f"{field}: nothing is said, expected {expected}."
    written = str(value).lower() if isinstance(value, bool) else repr(value)[:200]
    return f"{field}: {written} is not usable, expected {expected}."


def why_no_json(error: ValueError | RecursionError) -> str:
    """What is wrong with a text that should be JSON. Python's own words for a number of thousands of digits name a
    function to call."""
    said = str(error)
    return "a number has too many digits" if "digits" in said else said
