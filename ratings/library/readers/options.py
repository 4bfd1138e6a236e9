"""What a reader is told besides the bytes."""

from __future__ import annotations

from dataclasses import dataclass

from ratings.library.records import HUMAN, Writer


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """`source`: the label asked for; `stem`: the file's name without folder and ending, "" where there is none.

    written_by: who wrote the rationales of rows that do not say.
    """

    source: str | None = None
    stem: str = ""
    written_by: str | None = None

    @property
    def people(self) -> str:
        """The source of what people wrote, in formats that do not name it."""
        return self.source or HUMAN

    @property
    def writers(self) -> str:
        """Who wrote what a format says to be people's, unless it is said otherwise."""
        return self.written_by or Writer.PEOPLE
