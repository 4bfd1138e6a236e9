"""Making a rationale worse on purpose: the probe of whether rationales are read at all. Pure, by us, no model.

A reader who follows the argument sees the damage; counting characters does not show it. Shuffled steps keep each word
and stop, an altered number or answer keeps its digits, its decimals and its place, and only a short step is dropped.
What is made is text as the normaliser leaves it, to be rendered like any other (ratings.studies.rendering).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from random import Random

from problems.normalise import normalise
from problems.numbers import read_number
from problems.steps import split_steps
from problems.text import fold, has_words
from problems.types import Choice, Family


class Way(StrEnum):
    SHUFFLED = "shuffled"
    DROPPED = "dropped"
    NUMBER = "number"
    ANSWER = "answer"


WORDS = {
    Way.SHUFFLED: "steps in another order",
    Way.DROPPED: "a step left out",
    Way.NUMBER: "a number altered",
    Way.ANSWER: "the answer altered",
}

#: A dropped step has at most this share of the text: a text half as long as the others would show from afar.
MAX_DROPPED = 0.4
_TRIES = 30

_STOP = re.compile(r"[.!?…]+[\"'”’)\]*]*$")
# A number on its own: no part of a word, of a decimal, of "2nd".
_NUMBER = re.compile(
    r"(?<![\w.,])[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?(?![\w])|(?<![\w.,])[0-9]+(?:\.[0-9]+)?(?!\w)"
)


class CannotDegrade(ValueError):
    """A text that this way of degrading cannot make worse; `way` and `reason` say why."""

    def __init__(self, way: Way, reason: str) -> None:
        super().__init__(f"{way}: {reason}.")
        self.way, self.reason = way, reason


def degrade(
    text: str, way: Way, *, random: Random, family: Family, answer: str = "", choices: Sequence[Choice] = ()
) -> str:
    """`text` made worse in one way; never the same text to a reader.

    text: a rationale as raters see it (normalised). answer, choices: the question's gold answer in canonical form and
    its choices, which altering the answer needs. Raises CannotDegrade.
    """
    for _ in range(_TRIES):
        worse = _WAYS[way](text, random, answer, choices)
        # The normaliser must find nothing to do, or the text would look unlike its neighbours.
        if has_words(worse) and fold(worse) != fold(text) and normalise(worse, family) == worse:
            return worse
    raise CannotDegrade(way, "no change is visible")


def degrade_somehow(
    text: str,
    ways: Iterable[Way],
    *,
    random: Random,
    family: Family,
    answer: str = "",
    choices: Sequence[Choice] = (),
    others: Sequence[str] = (),
) -> tuple[Way, str] | None:
    """The first of these ways that works, with what it made; None if none does.

    others: the texts beside it, which the outcome must not repeat, nor be shorter than all of if it was not before.
    """
    taken = {fold(other) for other in others}
    for way in ways:
        try:
            worse = degrade(text, way, random=random, family=family, answer=answer, choices=choices)
        except CannotDegrade:
            continue
        if fold(worse) not in taken and not _stands_out(worse, text, others):
            return way, worse
    return None


def _stands_out(worse: str, text: str, others: Sequence[str]) -> bool:
    """Whether losing a step made a text the shortest of the three, which one sees without reading."""
    shortest = min((len(other) for other in others), default=0)
    return len(worse) < len(text) and len(worse) < shortest <= len(text)


def _spans(text: str) -> list[tuple[int, int]]:
    """Where each step of `split_steps` stands: together the steps hold all characters but white space, in order."""
    spans = []
    position = 0
    for step in split_steps(text):
        missing = sum(not character.isspace() for character in step)
        while text[position].isspace():
            position += 1
        start = position
        while missing:
            missing -= not text[position].isspace()
            position += 1
        spans.append((start, position))
    return spans


def _shuffled(text: str, random: Random, answer: str, choices: Sequence[Choice]) -> str:
    """The steps in another order, the last one never last; stops, line ends and spaces stay where they were."""
    spans = _spans(text)
    steps = [_without_stop(text[start:end]) for start, end in spans]
    if len({fold(core) for core, _ in steps}) < 2:
        raise CannotDegrade(Way.SHUFFLED, "fewer than two different steps")
    places = list(range(len(steps)))
    random.shuffle(places)
    if places[-1] == len(places) - 1:
        other = random.randrange(len(places) - 1)
        places[-1], places[other] = places[other], places[-1]
    parts, position = [], 0
    for (start, end), (_, stop), place in zip(spans, steps, places, strict=True):
        parts += [text[position:start], steps[place][0], stop]
        position = end
    worse = _with_capital("".join([*parts, text[position:]]), like=text)
    return worse if len(split_steps(worse)) == len(steps) else text


def _without_stop(step: str) -> tuple[str, str]:
    match = _STOP.search(step)
    if match is None or not has_words(step[: match.start()]):
        return step, ""
    return step[: match.start()], match[0]


def _with_capital(worse: str, *, like: str) -> str:
    """A text that began with a capital letter still does."""
    return worse[:1].upper() + worse[1:] if like[:1].isupper() and len(worse[:1].upper()) == 1 else worse


def _dropped(text: str, random: Random, answer: str, choices: Sequence[Choice]) -> str:
    """Without one step before the last, one that computes if there is any."""
    spans = _spans(text)
    if len(spans) < 3:
        raise CannotDegrade(Way.DROPPED, "fewer than three steps")
    short = [n for n, (start, end) in enumerate(spans[:-1]) if end - start <= MAX_DROPPED * len(text)]
    if not short:
        raise CannotDegrade(Way.DROPPED, "every step is a large part of the text")
    computing = [n for n in short if any(character.isdigit() for character in text[slice(*spans[n])])]
    dropped = random.choice(computing or short)
    worse = text[: spans[dropped][0]] + text[spans[dropped + 1][0] :]
    return _with_capital(worse, like=text)


def _with_number(text: str, random: Random, answer: str, choices: Sequence[Choice]) -> str:
    """One number altered, rather one that was computed, and not the answer's."""
    found = [match for match in _NUMBER.finditer(text) if read_number(match[0]) != read_number(answer)]
    if not found:
        raise CannotDegrade(Way.NUMBER, "no number but the answer")
    computed = [match for match in found if text[: match.start()].rstrip(" $€£").endswith("=")]
    chosen = random.choice(computed or found)
    return text[: chosen.start()] + altered(chosen[0], random) + text[chosen.end() :]


def altered(number: str, random: Random) -> str:
    """Another number of as many digits, with its commas and decimals where they were."""
    digits = [place for place, character in enumerate(number) if character.isdigit()]
    whole = [place for place in digits if "." not in number[:place]]
    place = random.choice(whole[-2:])
    leading = place == digits[0] and len(whole) > 1
    others = [digit for digit in "0123456789"[1 if leading else 0 :] if digit != number[place]]
    return number[:place] + random.choice(others) + number[place + 1 :]


def _with_answer(text: str, random: Random, answer: str, choices: Sequence[Choice]) -> str:
    """The last step that names the answer names another one, as often as it named it."""
    pattern, other = _answer_in(answer, choices, random)
    for start, end in reversed(_spans(text)):
        step = text[start:end]
        matches = [match for match in pattern.finditer(step) if _is_answer(match[0], answer, choices)]
        if matches:
            for match in reversed(matches):
                named = _cased(other, like=match[0])
                step = step[: match.start()] + named + step[match.end() :]
            return text[:start] + step + text[end:]
    raise CannotDegrade(Way.ANSWER, "the text does not name its answer")


def _answer_in(answer: str, choices: Sequence[Choice], random: Random) -> tuple[re.Pattern[str], str]:
    """What names the answer in a text, and what is put in its place."""
    right = next((choice for choice in choices if choice.label == answer), None)
    if right is not None:
        wrong = [choice for choice in choices if fold(choice.text) != fold(right.text)]
        if not wrong or not has_words(right.text):
            raise CannotDegrade(Way.ANSWER, "there is no other choice")
        nearest = min(wrong, key=lambda choice: (_unlike(choice.text, right.text), random.random()))
        return re.compile(rf"(?<!\w){re.escape(right.text)}(?!\w)", re.IGNORECASE), nearest.text
    if read_number(answer) is None or not any(character.isdigit() for character in answer):
        raise CannotDegrade(Way.ANSWER, "the answer is neither a number nor a choice")
    return _NUMBER, ""


def _unlike(one: str, other: str) -> tuple[bool, int]:
    """How much a choice would stand out in another's place: behind "a" or "an", and by its length."""
    vowels = "aeiou"
    return (one[:1].casefold() in vowels) != (other[:1].casefold() in vowels), abs(len(one) - len(other))


def _is_answer(found: str, answer: str, choices: Sequence[Choice]) -> bool:
    return bool(choices) or read_number(found) == read_number(answer)


def _cased(other: str, *, like: str) -> str:
    """Another answer written as the one that it replaces. A number is altered by its own digits, always alike."""
    if not other:
        return altered(like, Random(fold(like)))
    return other[:1].upper() + other[1:] if like[:1].isupper() else other[:1].lower() + other[1:]


_WAYS = {
    Way.SHUFFLED: _shuffled,
    Way.DROPPED: _dropped,
    Way.NUMBER: _with_number,
    Way.ANSWER: _with_answer,
}
