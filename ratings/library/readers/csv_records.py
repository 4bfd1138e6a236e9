"""CSV as records, with the line on which each begins; what is wrong with a row is said and the rest still read."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from ratings.library.readers.lines import Row, numbered_lines
from ratings.library.records import RowError, RowProblem

#: A row's non-empty cells by column name, in the order of the columns.
CsvRecord = dict[str, str]
Parse = Callable[[int, CsvRecord], Row]


def csv_rows(stream: BinaryIO, parser_for: Callable[[Sequence[str]], Parse[Row]]) -> Iterator[Row | RowError]:
    """What the parser that fits the header makes of each row. A header that fits none is the only error then."""
    lines = csv.reader(_text_lines(stream), strict=True)
    header: list[str] = []
    parse: Parse[Row] | None = None
    while True:
        row = lines.line_num + 1
        try:
            cells = next(lines)
            if not any(cell.strip() for cell in cells):
                continue
            if parse is None:
                header = _checked_header(cells)
                parse = parser_for(header)
                continue
            result = parse(row, _record(header, cells))
        except StopIteration:
            return
        except (csv.Error, RowProblem) as error:
            yield _row_error(row, error)
            if parse is None:
                return
        else:
            yield result


def _row_error(row: int, error: csv.Error | RowProblem) -> RowError:
    if isinstance(error, RowProblem):
        return error.at(row)
    return RowProblem("", None, f"is not CSV ({error}); expected comma-separated, quoted fields").at(row)


def _text_lines(stream: BinaryIO) -> Iterator[str]:
    # Bad bytes travel as lone surrogates to the field that holds them, where the check of fields names it.
    for number, line in numbered_lines(stream):
        if line is None:
            raise csv.Error(f"line {number} is too long")
        yield line.decode("utf-8", "surrogateescape")


def _checked_header(cells: list[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    if len(set(header)) != len(header):
        raise RowProblem("", ", ".join(header), "names a column twice; expected different column names")
    return header


def _record(header: list[str], cells: list[str]) -> CsvRecord:
    if len(cells) != len(header):
        raise RowProblem(
            "", ",".join(cells), f"has {len(cells)} cells; expected {len(header)}, as in the header"
        )
    return {name: cell for name, cell in zip(header, cells, strict=True) if cell.strip()}
