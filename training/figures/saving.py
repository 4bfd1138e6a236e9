"""A figure as files: NAME.svg, NAME.png, NAME.json and NAME.csv beside each other.

The JSON file says which runs and seeds are behind it and holds every number, the CSV file the numbers alone. Each file
is written aside and renamed, and the pictures are drawn before the first is: a folder never holds half a figure.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from accounts.arguments import folder_to_fill
from accounts.errors import InvalidInput
from training.figures.drawing import picture_spec
from training.figures.rendering import render
from training.figures.types import Figure

ENDINGS = ("svg", "png", "json", "csv")


def folder_for(name: str, out: str) -> Path:
    """The folder that the option `out` names, once it is known that the figure's files can go there.

    Nothing is written. Raises InvalidInput.
    """
    folder = folder_to_fill(out)
    for ending in ENDINGS:
        if (folder / f"{name}.{ending}").is_dir():
            raise InvalidInput(
                f"out: {out[:200]!r} is not usable: {name}.{ending} in it is a folder; expected room for the files.",
                code="cannot_write",
                details={
                    "field": "out",
                    "value": out[:200],
                    "expected": f"a folder without a folder {name}.{ending}",
                },
            )
    return folder


def save_figure(figure: Figure, folder: Path, *, made_by: dict[str, Any]) -> list[dict[str, Any]]:
    """Writes the four files, over older ones of the same figure.

    made_by: what the JSON file says about program and time. Returns [{"path", "bytes", "sha256"}]. Raises OSError.
    """
    contents = {
        "svg": render(picture_spec(figure), "svg"),
        "png": render(picture_spec(figure), "png"),
        "json": as_json(figure, made_by=made_by),
        "csv": as_csv(figure),
    }
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for ending, content in contents.items():
        path = folder / f"{figure.name}.{ending}"
        aside = path.with_name(f".{path.name}.part")
        aside.write_bytes(content)
        aside.replace(path)
        digest = hashlib.sha256(content).hexdigest()
        files.append({"path": str(path), "bytes": len(content), "sha256": digest})
    return files


def as_json(figure: Figure, *, made_by: dict[str, Any]) -> bytes:
    told = {
        "figure": figure.name,
        "title": figure.title,
        "about": figure.about,
        "marks": figure.marks,
        "seeds": figure.seeds,
        "runs": [asdict(run) for run in figure.runs],
        "tables": [
            {"title": panel.title, "summary": panel.summary, "head": panel.head, "rows": panel.rows}
            for panel in figure.panels
        ],
        "numbers": figure.numbers,
        **made_by,
    }
    return (json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def as_csv(figure: Figure) -> bytes:
    """Numbers, names of methods and labels: what is in a cell can not begin a formula (labels are slugs)."""
    text = io.StringIO()
    keys = list(figure.numbers[0]) if figure.numbers else []
    writer = csv.DictWriter(text, keys, lineterminator="\n")
    writer.writeheader()
    writer.writerows(figure.numbers)
    return text.getvalue().encode()
