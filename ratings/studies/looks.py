"""What a rationale looks like before a word of it is read: numbers about its surface. Pure.

No look depends on which words are there, only on how long they are and what stands around them. What raters see is the
normalised text, so that is what is measured.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

#: Of a text's shape (see `shape_of`): runs of so many signs.
SHAPE_LENGTHS = (2, 3, 4)
#: Only the shapes that stand in most texts: each is a column.
MOST_SHAPES = 80
#: A shape in fewer texts than this tells nothing that would come again.
FEWEST_TEXTS = 5
#: A text is looked at up to here; nobody sees the form of a book.
MOST_CHARACTERS = 20_000
#: And for its shape, which costs most, up to here.
MOST_SHAPED = 3_000

Floats = npt.NDArray[np.float64]

_WORD = re.compile(r"[^\W\d_]+")
_LIST = re.compile(r"^\s*(?:[-*•–]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s", re.M)
_SENTENCE_END = re.compile(r"[.!?]+(?:\s|$)")
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[^\W\d_]*[^\W\d_a-z][^\W\d_]*"), "A"),
    (re.compile(r"[^\W\d_A]+"), "a"),
    (re.compile(r"\d+"), "0"),
    (re.compile(r"[^\S\n]+"), "_"),
)


def _per_length(pattern: str) -> Callable[[str], float]:
    compiled = re.compile(pattern)
    return lambda text: len(compiled.findall(text)) / len(text)


def _mean_word(text: str) -> float:
    words = _WORD.findall(text)
    return sum(map(len, words)) / len(words) if words else 0.0


def _mean_sentence(text: str) -> float:
    return float(np.log1p(len(text.split()) / max(1, len(_SENTENCE_END.findall(text)))))


#: In the words of a lint report.
LOOKS: dict[str, Callable[[str], float]] = {
    "length": lambda text: float(np.log(len(text))),
    "number of lines": lambda text: float(np.log(text.count("\n") + 1)),
    "blank lines": lambda text: float(np.log1p(text.count("\n\n"))),
    "length of words": _mean_word,
    "length of sentences": _mean_sentence,
    "list marks": lambda text: float(np.log1p(len(_LIST.findall(text)))),
    "digits": _per_length(r"\d"),
    "capital letters": _per_length(r"[A-Z]"),
    "punctuation": _per_length(r"[^\w\s]"),
    "commas": _per_length(","),
    "full stops": _per_length(r"\."),
    "colons and semicolons": _per_length("[:;]"),
    "exclamation marks": _per_length("!"),
    "question marks": _per_length(r"\?"),
    "brackets": _per_length(r"[()\[\]{}]"),
    "straight quotes": _per_length("[\"']"),
    "curly quotes": _per_length("[“”‘’«»]"),
    "dashes": _per_length("[–—]"),
    "equals signs": _per_length("="),
    "arithmetic signs": _per_length(r"[+*/×÷^<>-]"),
    "currency and percent signs": _per_length("[$€£%]"),
    "emphasis and code marks": _per_length(r"[*_`#]{1,3}(?=\S)"),
    "mathematical mark-up": _per_length(r"\\[a-zA-Z(\[]|\$[^$\n]+\$"),
    "characters beyond ASCII": _per_length(r"[^\x00-\x7f]"),
    "a capital at the beginning": lambda text: float(text[0].isupper()),
    "a lower-case beginning": lambda text: float(text[0].islower()),
    "a digit at the beginning": lambda text: float(text[0].isdigit()),
    "a full stop at the end": lambda text: float(text.endswith(".")),
    "a letter or digit at the end": lambda text: float(text[-1].isalnum()),
}

#: What the name of a shape begins with.
SHAPE = "the shape "

#: Looks beside the other two cards of the triple, as raters see them.
_BESIDE = ("length beside the others", "longest of the three", "shortest of the three")


def looks_of(triples: Sequence[Sequence[str]]) -> tuple[list[str], Floats]:
    """Names of the looks, and their values, shape (3 x triples, looks), cards of a triple in turn. No text is empty."""
    texts = [(text.strip() or text)[:MOST_CHARACTERS] for triple in triples for text in triple]
    plain = np.array([[look(text) for look in LOOKS.values()] for text in texts])
    shapes = [_runs(shape_of(text[:MOST_SHAPED])) for text in texts]
    chosen = _commonest(shapes)
    counted = np.array([[np.log1p(runs[run]) for run in chosen] for runs in shapes]).reshape(len(texts), -1)
    names = [*LOOKS, *_BESIDE, *(f"{SHAPE}{run.replace(chr(10), '⏎')!r}" for run in chosen)]
    return names, np.hstack([plain, _beside(plain[:, 0]), counted])


def shape_of(text: str) -> str:
    """Words become a, with a capital A, numbers 0, spaces _; line ends and punctuation stay as they are."""
    for pattern, sign in _SHAPES:
        text = pattern.sub(sign, text)
    return text


def _runs(shape: str) -> Counter[str]:
    """How often each short run of signs stands in a shape; ^ and $ are its ends."""
    framed = f"^{shape}$"
    return Counter(
        framed[start : start + length]
        for length in SHAPE_LENGTHS
        for start in range(len(framed) - length + 1)
    )


def _commonest(shapes: Sequence[Counter[str]]) -> list[str]:
    """The runs that stand in most texts, but not in all; alike for whatever order the texts come in."""
    texts = Counter(run for runs in shapes for run in runs)
    usable = [(-count, run) for run, count in texts.items() if FEWEST_TEXTS <= count < len(shapes)]
    return [run for _, run in sorted(usable)[:MOST_SHAPES]]


def _beside(lengths: Floats) -> Floats:
    triples = lengths.reshape(-1, 3)
    beside = triples - triples.mean(axis=1, keepdims=True)
    longest = triples == triples.max(axis=1, keepdims=True)
    shortest = triples == triples.min(axis=1, keepdims=True)
    return np.column_stack([beside.ravel(), longest.ravel(), shortest.ravel()]).astype(np.float64)
