"""What a format sees: one rating, its triple, and what holds for the whole export. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ratings.exports.keys import ExportKeys

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Card:
    """The rationale that stood for one source in a triple."""

    rationale: int
    #: SHA-256 hex of the rationale's text as it came, before the normaliser.
    sha256: str
    #: The text as raters saw it.
    text: str


@dataclass(frozen=True, slots=True)
class TripleFacts:
    """One triple. `prompt` and `cards` (by source index) are empty where the format needs no texts."""

    number: int
    #: The question's external id.
    question: str
    #: Which revision of the question was shown.
    question_revision: int
    split: str
    prompt: str = ""
    cards: tuple[Card, ...] = ()


@dataclass(frozen=True, slots=True)
class Rated:
    """One revision of one rating, as stored: sources are indices, people have their names."""

    triple: TripleFacts
    key: str
    revision: int
    current: bool
    kind: str
    surplus: bool
    skipped: bool
    #: Groups of source indices, best first, ties in one group.
    ranking: Sequence[Sequence[int]]
    all_bad: bool
    #: {source index as text: step index}.
    first_wrong_step: Mapping[str, int]
    #: {source index as text: [reason code]}.
    reasons: Mapping[str, Sequence[str]]
    order: int | None
    active_seconds: float | None
    submitted_at: datetime
    rater: str
    raters_kind: str
    #: The rater is a column of an imported file, not a person.
    anonymous: bool
    #: 1 (guessing) to 3 (sure); None where it was not said.
    confidence: int | None = None
    #: Codes of ratings.studies.form.DOUBTS.
    doubts: Sequence[str] = ()
    #: The version of the consent under which it was said; empty where none was asked for.
    consent: str = ""
    #: How many cards the rater saw: the first ones of the order.
    cards_shown: int = 3
    #: Source indices below all of the ranking that were not compared with each other.
    beaten: Sequence[int] = ()
    #: What was done to a degraded triple, and what a check told to do: as on PersonalItem. Empty for all others.
    expected: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shows_its_triple(self) -> bool:
        """A check or a practice item is only anchored at a triple: its cards are no source's."""
        return self.kind not in ("check", "practice")


@dataclass(frozen=True, slots=True)
class Context:
    """What all rows of one export share. `labels`: the study's sources by index."""

    study: str
    labels: tuple[str, ...]
    ties: str
    lineage: bool
    keys: ExportKeys
