"""What the repository must not hold: traces of one machine, and texts of data sets that are not ours."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.tracked import tracked_texts

# In pieces, so that this file does not find itself.
TRACES = ["/wo" + "rk/", "bash_" + "jobs", "index-" + "url", "/ro" + "ot/", "/Us" + "ers/"]


@pytest.mark.parametrize("trace", TRACES)
def test_no_file_names_a_place_on_somebodys_machine(trace: str) -> None:
    texts = tracked_texts()
    assert len(texts) > 50
    assert [name for name, text in texts.items() if trace in text] == []


WORDS = 12


def phrases(text: str) -> Iterator[str]:
    """Every run of twelve words, white space, case and punctuation apart."""
    words = re.findall(r"\w+", text.lower())
    for start in range(len(words) - WORDS + 1):
        yield " ".join(words[start : start + WORDS])


def strings_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from strings_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings_in(item)


def texts_of(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            for row in csv.reader(file):
                yield from row
        else:
            for line in file:
                yield from strings_in(json.loads(line))


def test_no_text_of_the_shared_data_sets_is_committed(shared_data: Path) -> None:
    ours: dict[str, str] = {}
    for name, text in tracked_texts().items():
        for phrase in phrases(text.replace("\\n", " ")):
            ours.setdefault(phrase, name)
    files = [path for path in shared_data.rglob("*") if path.suffix in (".jsonl", ".csv")]
    assert files
    # The first phrase of a text is enough: whoever copies a text copies its beginning.
    copied = {
        (ours[first], first)
        for path in files
        for text in texts_of(path)
        if (first := next(phrases(text), None)) is not None and first in ours
    }
    assert copied == set()


def test_a_copied_sentence_would_be_found() -> None:
    sentence = "Ann has three red apples and Bob gives her two more of his own."
    copy = f'    "text": "{sentence.upper()}",  # from somewhere'
    assert next(phrases(sentence)) in set(phrases(copy))
