"""What a reader is told besides the bytes."""

from __future__ import annotations

from dataclasses import dataclass

HUMAN = "human"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """`source`: the label asked for; `stem`: the file's name without folder and ending, "" where there is none."""

    source: str | None = None
    stem: str = ""

    @property
    def people(self) -> str:
        """The source of what people wrote, in formats that do not name it."""
        return self.source or HUMAN
