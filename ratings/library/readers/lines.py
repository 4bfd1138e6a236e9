"""Lines and JSON objects out of a stream of bytes, in constant memory whatever the bytes are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NoReturn, TypeVar

from ratings.library.records import RowError, RowProblem

MAX_LINE_BYTES = 8 * 1024 * 1024
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Row = TypeVar("Row")


def numbered_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """(line number from 1, the line with its end), None for a line over MAX_LINE_BYTES, which is skipped."""
    number = 0
    while line := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        if number == 1:
            line = line.removeprefix(BYTE_ORDER_MARK)
        if len(line) > MAX_LINE_BYTES:
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_LINE_BYTES)
            yield number, None
        else:
            yield number, line


def json_rows(stream: BinaryIO, parse: Callable[[int, dict[str, Any]], Row]) -> Iterator[Row | RowError]:
    """What `parse` makes of each line's JSON object; what it (or the JSON) raises as a RowError. Blank lines count."""
    for number, line in numbered_lines(stream):
        if line is not None and not line.strip():
            continue
        try:
            row = parse(number, json_object(line))
        except RowProblem as problem:
            yield problem.at(number)
        else:
            yield row


def json_object(line: bytes | None) -> dict[str, Any]:
    """The object that a line holds. Raises RowProblem for everything else."""
    if line is None:
        raise RowProblem(
            "", None, f"the line is longer than {MAX_LINE_BYTES} bytes; expected one JSON object a line"
        )
    if b"\0" in line:
        raise RowProblem(
            "", line.decode(errors="replace"), "holds a NUL byte; expected a JSON object as UTF-8 text"
        )
    try:
        value = json.loads(line.decode(), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        found = line.decode(errors="backslashreplace").strip()
        raise RowProblem(
            "", found, f"is not UTF-8 at byte {error.start}; expected a JSON object as UTF-8"
        ) from None
    except RecursionError:
        raise RowProblem("", line.decode(), "is nested too deeply; expected a flat JSON object") from None
    except json.JSONDecodeError as error:
        reason = f"{error.msg.removesuffix(' at')} at column {error.colno}"
        message = f"is not JSON ({reason}); expected one complete JSON object a line"
        raise RowProblem("", line.decode().strip(), message) from None
    except ValueError as error:
        raise RowProblem(
            "", line.decode().strip(), f"is not usable JSON ({error}); expected a JSON object"
        ) from None
    if not isinstance(value, dict):
        raise RowProblem("", line.decode().strip(), f"is {kind_of(value)}; expected a JSON object")
    return value


def kind_of(value: object) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    for kind, name in ((str, "text"), (int, "a number"), (float, "a number"), (list, "a list")):
        if isinstance(value, kind):
            return name
    return "an object"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
