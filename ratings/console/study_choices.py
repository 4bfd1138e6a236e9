"""Between the fields of the designer's form and the choices of a StudyDesign, both ways."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NoReturn

from accounts.errors import InvalidInput
from problems.text import why_no_json
from ratings.studies.design import StudyDesign
from ratings.studies.form import REASONS, read_form

_DRAW = (
    *("name", "sources", "questions", "ratings_per_triple", "per_rater", "split"),
    *("any_answer", "strict_text", "lease_seconds", "seed", "instructions"),
)
_OBJECTS = ("form", "quality", "pay", "protocol")
_SWITCHES = ("ties", "all_bad", "partial", "confidence", "doubts", "first_wrong_step")


#: Where the parts that rows say stand in a design.
PATHS_OF_ROWS = {
    "reasons": "form.own_reasons",
    "practice": "journey.practice.items",
    "comprehension": "journey.comprehension.questions",
}

Parts = Mapping[str, list[dict[str, Any]]]


def design_of(said: Mapping[str, Any], rows: Parts, *, dataset: str) -> StudyDesign:
    """The design that cleaned fields and rows say. Raises InvalidInput for `pools` and `journey`."""
    objects: dict[str, Any] = {name: _gather(said, f"{name}_") for name in _OBJECTS}
    form = objects["form"]
    # Checkboxes that are off are sent as nothing, so every switch is said.
    form |= {name: bool(said.get(f"form_{name}")) for name in _SWITCHES}
    if rows["reasons"]:
        form["own_reasons"] = rows["reasons"]
    if not (objects["protocol"].get("a") or objects["protocol"].get("b")):
        objects["protocol"] = {}
    objects["pay"] = {
        name: value if name == "currency" else str(value) for name, value in objects["pay"].items()
    }
    return StudyDesign(
        dataset=dataset,
        **{name: said[name] for name in _DRAW},
        **objects,
        journey=_journey(said, rows),
        pools=read_pool_lines(said.get("pools", "")),
    )


def _gather(said: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The fields of one object by its own names; what is empty has its default."""
    return {
        name.removeprefix(prefix): value
        for name, value in said.items()
        if name.startswith(prefix) and value not in (None, "", [])
    }


def _journey(said: Mapping[str, Any], rows: Parts) -> dict[str, Any]:
    journey = _written(said.get("journey_more", ""))
    if said.get("consent", "").strip():
        _say(journey, "consent", said["consent"].replace("\r\n", "\n"))
    for name, key in (("instructions_page", "instructions"), ("reveal", "reveal")):
        if said.get(name):
            _say(journey, key, True)
    for part, key, number, field in (
        ("practice", "items", "count", "practice_count"),
        ("comprehension", "questions", "tries", "comprehension_tries"),
    ):
        if rows[part]:
            if part in journey:
                _refuse("journey_more", part, f"no {part} beside the rows for it")
            counted = {number: said[field]} if said.get(field) else {}
            journey[part] = {key: rows[part], **counted}
    asked = {key: True for key in ("guess", "comment") if said.get(f"debrief_{key}")}
    _merge(journey, "debrief", asked)
    if said.get("completion_code"):
        codes = dict(_codes(journey))
        _say(codes, "completed", said["completion_code"], within="completion.codes")
        written = journey.get("completion", {})
        if isinstance(written, dict):
            journey["completion"] = {**written, "codes": codes}
    if said.get("completion_url"):
        _merge(journey, "completion", {"url": said["completion_url"]})
    return journey


def _written(text: str) -> dict[str, Any]:
    """What is written of a journey as JSON."""
    try:
        journey: Any = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        _refuse("journey_more", text, f"a JSON object ({why_no_json(error)})")
    if not isinstance(journey, dict):
        _refuse("journey_more", text, "a JSON object")
    return journey


def _codes(journey: Mapping[str, Any]) -> dict[str, Any]:
    completion = journey.get("completion")
    codes = completion.get("codes") if isinstance(completion, dict) else None
    return codes if isinstance(codes, dict) else {}


def _say(part: dict[str, Any], key: str, value: Any, *, within: str = "") -> None:
    """Adds the choice of a field. Raises InvalidInput where the JSON says otherwise: neither may win in silence."""
    if key in part and part[key] != value:
        name = f"{within}.{key}" if within else key
        _refuse("journey_more", f"{name}: {part[key]!r}"[:200], f"no {name} here, or what its own field says")
    part[key] = value


def _merge(journey: dict[str, Any], part: str, said: Mapping[str, Any]) -> None:
    """Adds the fields' choices to those written as JSON, as far as that is an object."""
    written = journey.get(part, {})
    if not said or not isinstance(written, dict):
        return
    merged = dict(written)
    for key, value in said.items():
        _say(merged, key, value, within=part)
    journey[part] = merged


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


def write_pool_lines(pools: Sequence[Mapping[str, Any]]) -> str:
    """The lines that `read_pool_lines` reads as these pools."""
    lines = []
    for pool in pools:
        cells = [pool["name"], *(str(pool.get(name) or "") for name in ("places", "per_rater"))]
        lines.append(", ".join(cells).rstrip(", "))
    return "\n".join(lines)


def initial_of(choices: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in the fields for these choices of a design; the switches of a plain ranking where it has none."""
    initial: dict[str, Any] = {name: choices[name] for name in _DRAW if name in choices}
    form = read_form(choices.get("form", {})).as_json()
    initial |= {f"form_{name}": value for name, value in form.items()}
    initial["form_reasons"] = [code for code in form["reasons"] if code in REASONS]
    for part in ("quality", "pay", "protocol"):
        initial |= {f"{part}_{name}": value for name, value in choices.get(part, {}).items()}
    initial["pools"] = write_pool_lines(choices.get("pools", ()))
    return initial | _initial_journey(choices.get("journey", {}))


def _initial_journey(journey: Mapping[str, Any]) -> dict[str, Any]:
    debrief, completion = dict(journey.get("debrief", {})), dict(journey.get("completion", {}))
    codes = dict(completion.pop("codes", {}))
    initial = {
        "consent": journey.get("consent", ""),
        "instructions_page": journey.get("instructions", False),
        "practice_count": journey.get("practice", {}).get("count"),
        "comprehension_tries": journey.get("comprehension", {}).get("tries", 2),
        "debrief_guess": debrief.pop("guess", False),
        "debrief_comment": debrief.pop("comment", False),
        "completion_code": codes.pop("completed", ""),
        "completion_url": completion.pop("url", ""),
        "reveal": journey.get("reveal", False),
    }
    if codes:
        completion["codes"] = codes
    more = {name: part for name, part in (("debrief", debrief), ("completion", completion)) if part}
    return {**initial, "journey_more": json.dumps(more, ensure_ascii=False, indent=1) if more else ""}


def rows_of(choices: Mapping[str, Any]) -> Parts:
    """The parts of a design that have rows of their own."""
    journey = choices.get("journey", {})
    return {
        "reasons": list(choices.get("form", {}).get("own_reasons", [])),
        "practice": list(journey.get("practice", {}).get("items", [])),
        "comprehension": list(journey.get("comprehension", {}).get("questions", [])),
    }


#: Parts of a journey that have fields of their own.
_JOURNEY_FIELDS = {
    "journey.consent": "consent",
    "journey.practice.count": "practice_count",
    "journey.comprehension.tries": "comprehension_tries",
    "journey.completion.codes.completed": "completion_code",
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
