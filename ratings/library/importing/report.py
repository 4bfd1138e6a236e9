"""What an import counts, and the errors that it collects."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from problems.types import Verdict
from ratings.library.errors import UnusableRows
from ratings.library.records import RowError

MAX_ERROR_ROWS = 100


@dataclass(slots=True)
class Tally:
    """What became of the questions, or of the rationales, of a file. `repeated`: said before in the same file."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    repeated: int = 0


@dataclass(slots=True)
class SourceCounts:
    """Rationales and verdicts by source, over all rows of a file, whether they were new or not."""

    verdicts: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, source: str, verdict: str) -> None:
        counter = self.verdicts.get(source)
        if counter is None:
            counter = self.verdicts[source] = Counter()
        counter[verdict] += 1

    def as_json(self) -> dict[str, dict[str, int]]:
        return {
            label: {
                "rationales": counter.total(),
                **{verdict.value: counter[verdict.value] for verdict in Verdict},
            }
            for label, counter in sorted(self.verdicts.items())
        }


@dataclass(slots=True)
class RowErrors:
    """All errors counted, the first of them kept."""

    count: int = 0
    first: list[RowError] = field(default_factory=list)

    def add(self, error: RowError) -> None:
        self.count += 1
        if len(self.first) < MAX_ERROR_ROWS:
            self.first.append(error)

    def raise_if_any(self) -> None:
        """Raises UnusableRows, which rolls the transaction back."""
        if not self.count:
            return
        one = min(self.first, key=lambda error: error.row)
        where = f"row {one.row}" + (f", {one.field}" if one.field else "")
        value = "" if one.value is None else f" {one.value[:60]!r}"
        raise UnusableRows(
            f"{self.count} row{'s are' if self.count > 1 else ' is'} not usable; nothing was written. "
            f"First: {where}:{value} {one.message}.",
            details=self.as_details(),
        )

    def as_details(self) -> dict[str, Any]:
        rows = sorted(self.first, key=lambda error: error.row)
        return {"errors": self.count, "error_rows": [asdict(error) for error in rows]}
