"""Reading a command's arguments: what is wrong with one is an error that names it, before any work is done."""

from __future__ import annotations

import argparse
import json
import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from django.core.management.base import CommandError, CommandParser

from accounts.errors import InvalidInput


class BadArguments(CommandError):
    """Raised by a parser instead of leaving the process, so that the exit still carries its JSON line.

    details: field, value and expected, as far as they are known.
    """

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message, returncode=2)
        self.details = details


class Defaults(argparse.ArgumentDefaultsHelpFormatter):
    """Tells a default where it says something: not None, no empty list, and no switch that is off."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        silent = action.default is None or action.default is False or action.default == []
        return action.help if silent else super()._get_help_string(action)


#: How argparse begins what it says of arguments that are missing, unknown, or not as they should be; what to expect.
_SAID = (
    (re.compile(r"the following arguments are required: ([^ ,]+)"), "a value"),
    (re.compile(r"unrecognized arguments: (\S+)"), "an argument that --help names"),
    (re.compile(r"argument (\S+): (?:expected )?(.*)", re.DOTALL), "{1}"),
)
_KINDS: dict[object, str] = {int: "a whole number", float: "a number"}


class Parser(CommandParser):
    """Its errors name the argument, the value and what was expected, as those of the work do."""

    def error(self, message: str) -> NoReturn:
        for pattern, expected in _SAID:
            if found := pattern.match(message):
                details = {
                    "field": _plain(found[1]),
                    "value": None,
                    "expected": expected.format(*found.groups()),
                }
                raise BadArguments(message, **details)
        raise BadArguments(message)

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        try:
            return super()._get_value(action, arg_string)
        except argparse.ArgumentError as error:
            raise _refused(error, action, arg_string, _KINDS.get(action.type, error.message)) from error

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            raise _refused(error, action, value, list(action.choices or ())) from error


def _refused(
    error: argparse.ArgumentError, action: argparse.Action, value: object, expected: object
) -> BadArguments:
    name = action.option_strings[-1] if action.option_strings else action.dest
    return BadArguments(str(error), field=_plain(name), value=str(value)[:200], expected=expected)


def _plain(option: str) -> str:
    """`-m/--max-new-tokens` as errors name the field: max_new_tokens."""
    return option.rpartition("/")[2].lstrip("-").replace("-", "_")


def folder_to_fill(out: str, *, field: str = "out") -> Path:
    """The folder that an option names: there and writable, or one that can be made. Nothing stays of the check.

    For commands that work for long before they write. Raises InvalidInput.
    """
    folder = Path(out)
    if not out.strip():
        raise _no_folder(field, out, "it is empty")
    try:
        there = next(
            path for path in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(path)
        )
        if not there.is_dir():
            raise _no_folder(field, out, f"{there} is no folder")
        with TemporaryDirectory(prefix=".", dir=there) as trial:
            (Path(trial) / folder.absolute().relative_to(there)).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _no_folder(field, out, error.strerror or str(error)) from error
    return folder


def _no_folder(field: str, out: str, reason: str) -> InvalidInput:
    expected = "a folder that can be written to, or made"
    return InvalidInput(
        f"{field}: {out[:200]!r} is not usable ({reason}), expected {expected}.",
        code="cannot_write",
        details={"field": field, "value": out[:200], "expected": expected, "reason": reason},
    )


#: A file of choices is read whole; nothing that we take comes near this.
MAX_JSON_FILE_BYTES = 1_000_000


def read_json_file(path: Path, option: str) -> dict[str, Any]:
    """The JSON object in a file that an option names. Raises BadArguments."""
    try:
        if path.stat().st_size > MAX_JSON_FILE_BYTES:
            raise _unreadable(option, path, f"is larger than {MAX_JSON_FILE_BYTES} bytes")
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(option, path, f"is no readable JSON file: {error}") from error
    if not isinstance(read, dict):
        raise _unreadable(option, path, "holds no JSON object")
    return read


def _unreadable(option: str, path: Path, why: str) -> BadArguments:
    field = option.lstrip("-").replace("-", "_")
    return BadArguments(
        f"{option}: {path} {why}", field=field, value=str(path), expected="a file with a JSON object"
    )
