"""A figure as one picture: its panels beside each other, two in a row, on white, for papers and slides."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from training.figures.types import Figure

PANEL_WIDTH = 360
_COLUMNS = 2
#: Of the words under the title, above each panel.
_CHARACTERS = 70
#: Told apart without colour vision, and in grey by their lightness (Okabe and Ito 2008, dark ones first).
COLOURS = [
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#e69f00",
    "#555555",
    "#8a6d00",
    "#5b3a8c",
    "#000000",
]
FONT = "Helvetica, Arial, sans-serif"

_CONFIG: dict[str, Any] = {
    "background": "white",
    "font": FONT,
    # Wider than it looks here: a reader whose font is wider than the one that was measured sees whole labels too.
    "padding": {"left": 28, "right": 16, "top": 12, "bottom": 12},
    "axis": {"gridColor": "#e3e3e3", "labelColor": "#333333", "titleColor": "#333333", "labelFontSize": 12},
    "legend": {"labelFontSize": 12, "titleFontSize": 12, "symbolStrokeWidth": 2},
    "title": {"fontSize": 16, "anchor": "start", "color": "#111111", "subtitleColor": "#555555"},
    "header": {"labelFontSize": 13},
    "view": {"stroke": None},
    "line": {"strokeWidth": 2.2},
    "rule": {"color": "#555555"},
    "mark": {"color": COLOURS[0]},
    "range": {"category": COLOURS},
}


def picture_spec(figure: Figure) -> dict[str, Any]:
    """One Vega-Lite specification of all panels, each under its own title."""
    parts = []
    for chart in figure.panels:
        part = {key: value for key, value in chart.spec.items() if key not in ("$schema", "config")}
        title = {"text": chart.title, "fontSize": 13, "anchor": "start", "frame": "group", "offset": 8}
        parts.append({**part, "width": PANEL_WIDTH, "title": title})
    words = "seed" if len(figure.seeds) == 1 else "seeds"
    seeds = f"{words} {', '.join(map(str, figure.seeds))}" if figure.seeds else ""
    room = _CHARACTERS * min(len(figure.panels), _COLUMNS)
    subtitle = [line for line in (seeds, *wrap(figure.marks, room)) if line]
    return {
        "$schema": figure.panels[0].spec["$schema"],
        "config": _CONFIG,
        "title": {"text": figure.title, "subtitle": subtitle, "offset": 14, "subtitlePadding": 5},
        "columns": _COLUMNS,
        "concat": parts,
        # Each panel says itself what its marks stand for; a shared scale would have its legend above all of them.
        "resolve": {"scale": dict.fromkeys(("color", "shape", "size", "strokeDash"), "independent")},
    }
