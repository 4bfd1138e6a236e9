"""Between the fields of the designer's form and the choices of a StudyDesign, both ways."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, NoReturn

from accounts.errors import InvalidInput
from ratings.studies.design import StudyDesign
from ratings.studies.form import RatingForm

_DRAW = (
    *("name", "sources", "questions", "ratings_per_triple", "per_rater", "split"),
    *("any_answer", "strict_text", "lease_seconds", "seed", "instructions"),
)
_OBJECTS = ("form", "quality", "pay", "protocol")
_SWITCHES = ("ties", "all_bad", "partial", "confidence", "doubts", "first_wrong_step")


def design_of(said: Mapping[str, Any], *, dataset: str) -> StudyDesign:
    """The design that cleaned fields say. Raises InvalidInput for `pools` and `journey`."""
    objects: dict[str, Any] = {name: _gather(said, f"{name}_") for name in _OBJECTS}
    form = objects["form"]
    # Checkboxes that are off are sent as nothing, so every switch is said.
    form |= {name: bool(said.get(f"form_{name}")) for name in _SWITCHES}
    if not (objects["protocol"].get("a") or objects["protocol"].get("b")):
        objects["protocol"] = {}
    objects["pay"] = {
        name: value if name == "currency" else str(value) for name, value in objects["pay"].items()
    }
    return StudyDesign(
        dataset=dataset,
        **{name: said[name] for name in _DRAW},
        **objects,
        journey=_journey(said),
        pools=read_pool_lines(said.get("pools", "")),
    )


def _gather(said: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The fields of one object by its own names; what is empty has its default."""
    return {
        name.removeprefix(prefix): value
        for name, value in said.items()
        if name.startswith(prefix) and value not in (None, "", [])
    }


def _journey(said: Mapping[str, Any]) -> dict[str, Any]:
    more = said.get("journey_more", "").strip()
    try:
        journey: Any = json.loads(more) if more else {}
    except (ValueError, RecursionError) as error:
        _refuse("journey_more", more, f"a JSON object ({error})")
    if not isinstance(journey, dict):
        _refuse("journey_more", more, "a JSON object")
    if said.get("consent", "").strip():
        journey["consent"] = said["consent"].replace("\r\n", "\n")
    for name, key in (("instructions_page", "instructions"), ("reveal", "reveal")):
        if said.get(name):
            journey[key] = True
    asked = {key: True for key in ("guess", "comment") if said.get(f"debrief_{key}")}
    _merge(journey, "debrief", asked)
    completion: dict[str, Any] = {}
    if said.get("completion_code"):
        completion["codes"] = {"completed": said["completion_code"]}
    if said.get("completion_url"):
        completion["url"] = said["completion_url"]
    _merge(journey, "completion", completion)
    return journey


def _merge(journey: dict[str, Any], part: str, said: Mapping[str, Any]) -> None:
    """Puts the fields' choices over those written as JSON, as far as that is an object."""
    written = journey.get(part, {})
    if said and isinstance(written, dict):
        journey[part] = {**written, **said}


def read_pool_lines(text: str) -> list[dict[str, Any]]:
    """`name, places, triples each` a line. Raises InvalidInput (`pools`)."""
    pools = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) > 3 or not all(cell.isdecimal() and len(cell) < 10 for cell in cells[1:] if cell):
            _refuse("pools", line[:100], f"name, places, triples each (line {number})")
        numbers = [int(cell) if cell else None for cell in cells[1:]] + [None, None]
        pools.append({"name": cells[0], "places": numbers[0], "per_rater": numbers[1]})
    return pools


def initial_of(choices: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in the fields for these choices of a design; the switches of a plain ranking where it has none."""
    initial: dict[str, Any] = {name: choices[name] for name in _DRAW if name in choices}
    form = RatingForm(**{"reasons": (), **choices.get("form", {})}).as_json()
    initial |= {f"form_{name}": value for name, value in form.items()}
    for part in ("quality", "pay", "protocol"):
        initial |= {f"{part}_{name}": value for name, value in choices.get(part, {}).items()}
    journey = choices.get("journey", {})
    initial |= {
        "consent": journey.get("consent", ""),
        "instructions_page": journey.get("instructions", False),
        "debrief_guess": journey.get("debrief", {}).get("guess", False),
        "debrief_comment": journey.get("debrief", {}).get("comment", False),
        "reveal": journey.get("reveal", False),
    }
    return initial


#: Parts of a journey that have fields of their own.
_JOURNEY_FIELDS = {
    "journey.consent": "consent",
    "journey.completion.codes": "completion_code",
    "journey.completion.url": "completion_url",
}


def field_of(name: str, fields: Collection[str]) -> str:
    """The form's field for a design's dotted one; empty: none."""
    if name in fields:
        return name
    dashed = name.replace(".", "_")
    if dashed in fields:
        return dashed
    for part, field in _JOURNEY_FIELDS.items():
        if name.startswith(part):
            return field
    first = name.partition(".")[0]
    return {"journey": "journey_more", "pools": "pools"}.get(first, "")


def _refuse(field: str, value: str, expected: str) -> NoReturn:
    raise InvalidInput(
        f"{field}: {value[:200]!r} is not usable, expected {expected}.",
        details={"field": field, "value": value[:200], "expected": expected},
    )
