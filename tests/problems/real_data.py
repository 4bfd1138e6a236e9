"""The real files that tests read where they are present; none of their texts is in this repository."""

from __future__ import annotations

import csv
import functools
import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "data"

needs_real_data = pytest.mark.skipif(not FOLDER.is_dir(), reason="the real data (../shared/data) is not here")


@functools.cache
def rows_of(name: str) -> list[dict[str, Any]]:
    """The rows of a JSONL or CSV file below the folder."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        if name.endswith(".csv"):
            return list(csv.DictReader(file))
        return [json.loads(line) for line in file]


def text_at(name: str, key: str) -> str:
    """The rationale in row `row` and field `field` of a file, where key is "row:field"."""
    row, _, field = key.partition(":")
    record = rows_of(name)[int(row)]
    if name.startswith("cose/"):
        text = record["explanation"][field]
    elif name.endswith("triples.jsonl"):
        text = next(each["text"] for each in record["rationales"] if each["source"] == field)
    else:
        text = record[field]
    return str(text["solution"] if isinstance(text, dict) else text)
