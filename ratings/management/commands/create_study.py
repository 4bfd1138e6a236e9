"""Draws a study's triples, and opens it if asked to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction

from accounts.arguments import BadArguments, read_json_file
from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from accounts.errors import InvalidInput
from ratings.slots.opening import open_study
from ratings.studies.design_file import default_of, read_design
from ratings.studies.presets import PRESETS
from ratings.studies.selectors import lint_study
from ratings.studies.services import create_study

#: The leak lint's findings are listed up to this many in the answer.
MAX_FINDINGS = 1_000
#: Options that take a JSON object; a design file has them under the same names.
_OBJECTS = ("form", "journey", "quality", "pay", "protocol", "pools")
_MAX_FILE_BYTES = 5_000_000


class Command(JsonCommand):
    help = (
        "Draws the triples of a new study from a dataset. With --open its slots are made and raters may begin. What is "
        "not said here comes from --design, then from --preset, then from the defaults."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the study's name (a slug)")
        parser.add_argument("--dataset", help="name of the dataset (needed, here or in --design)")
        parser.add_argument("--sources", nargs=3, metavar="SOURCE", help="three source labels (needed too)")
        parser.add_argument("--design", metavar="FILE", help="a JSON object with any of these choices")
        parser.add_argument("--preset", choices=sorted(PRESETS), help="a design to start from")
        for name, words in (
            ("questions", "how many triples to draw"),
            ("ratings_per_triple", "planned ratings of each triple"),
            ("per_rater", "at most this many triples for one rater"),
            ("seed", "decides questions, samples and orders"),
            ("lease_seconds", "how long a rater holds a triple"),
        ):
            shown = "" if default_of(name) is None else f" (default: {default_of(name)})"
            option = f"--{name.replace('_', '-')}"
            parser.add_argument(option, type=int, metavar="N", help=words + shown)
        parser.add_argument("--split", help="draw from this split alone")
        for option, words in (
            ("--any-answer", "also rationales that reach a wrong answer or none"),
            ("--strict-text", "not those whose words name another choice"),
        ):
            parser.add_argument(option, action="store_const", const=True, help=words)
        parser.add_argument("--instructions", help="what raters read, in Markdown")
        for name in _OBJECTS:
            parser.add_argument(
                f"--{name}",
                metavar="JSON|FILE",
                help=f"the study's {name}, as in a design file, or a file with it",
            )
        parser.add_argument(
            "--open", action="store_true", help="open it at once; if that fails nothing is created"
        )
        parser.add_argument(
            "--override", default="", metavar="REASON", help="open in spite of blocking lint findings"
        )

    def run(self, **options: Any) -> dict[str, Any]:
        override, opens = options.pop("override"), options.pop("open")
        if override and not opens:
            raise BadArguments(
                "--override goes with --open", field="override", value=override, expected="--open beside it"
            )
        design = read_design(_choices(options))
        with transaction.atomic():
            study = create_study(design, actor=COMMAND)
            if opens:
                study, findings = open_study(study.name, actor=COMMAND, override=override)
            else:
                findings = list(lint_study(study))
        triples = study.triples.count()
        return {
            "study": study.name,
            "triples": triples,
            "slots": triples * study.ratings_per_triple,
            "state": study.state,
            "lint": [finding.as_json() for finding in findings[:MAX_FINDINGS]],
            "lint_findings": len(findings),
            "guess": study.guess or None,
            "excluded": study.excluded,
            "eligible": study.eligible,
            "considered": study.considered,
        }


def _choices(options: dict[str, Any]) -> dict[str, Any]:
    """The file's choices, and those of the command line over them."""
    file = options.pop("design")
    said = {name: value for name, value in options.items() if value is not None}
    for name in _OBJECTS:
        if isinstance(said.get(name), str):
            said[name] = _read(said[name], f"--{name}")
    choices = {**(_read_file(file) if file else {}), **said}
    for name in ("dataset", "sources"):
        if name not in choices:
            raise BadArguments(
                f"the following arguments are required: --{name} (or in --design)",
                field=name,
                value=None,
                expected="a value",
            )
    return choices


def _read(text: str, option: str) -> Any:
    """JSON as it stands, or the JSON of the file that is named in its place."""
    if text.lstrip()[:1] in ("{", "["):
        return _parse(text, option)
    return read_json_file(Path(text), option)


def _read_file(path: str) -> dict[str, Any]:
    raw = Path(path).read_bytes()
    if len(raw) > _MAX_FILE_BYTES:
        raise BadArguments(f"--design: {path} is larger than {_MAX_FILE_BYTES} bytes")
    try:
        content = _parse(raw.decode("utf-8-sig"), f"--design {path}")
    except UnicodeDecodeError as error:
        raise BadArguments(f"--design: {path} is no UTF-8 text ({error.reason} at {error.start})") from None
    if not isinstance(content, dict):
        raise InvalidInput(
            "design: expected one JSON object.",
            details={"field": "design", "value": repr(content)[:200], "expected": "one JSON object"},
        )
    return content


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadArguments(f"{where}: expected JSON ({error})") from None
