"""What the rater's loop reads and answers, as small frozen records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ratings.studies.form import RatingForm
from ratings.studies.journey import CLAIMING, RATING


@dataclass(frozen=True, slots=True)
class RaterSession:
    """Who is asking, and the study that they are in: read by one statement."""

    token_id: int
    rater_id: int
    rater_name: str
    rater_kind: str
    done: int
    orders_seen: tuple[int, ...]
    #: See ratings.studies.journey.
    stage: str
    consent: str
    #: Personal items rated and planned; the next is due at this many normal ratings (None: no more).
    extra_done: int
    extra_planned: int
    due: int | None
    study_id: int
    study_name: str
    state: str
    instructions: str
    per_rater: int | None
    lease_seconds: int
    max_skips: int
    form: RatingForm
    #: When this token's use was last written down.
    last_used_at: datetime | None

    @property
    def quota_left(self) -> bool:
        return self.per_rater is None or self.done < self.per_rater

    @property
    def wants_a_slot(self) -> bool:
        """Whether a slot of the plan may be handed out."""
        return self.quota_left and self.stage == RATING

    @property
    def item_is_due(self) -> bool:
        return self.due is not None and self.done >= self.due and self.stage in CLAIMING

    @property
    def rated(self) -> int:
        """What this rater judged, skips and practice apart: without any, nobody has completed a study."""
        return self.done + self.extra_done

    @property
    def shown_done(self) -> int:
        """What the rater is told: a count that stood still would give a personal item away."""
        return self.rated

    @property
    def shown_quota(self) -> int | None:
        return None if self.per_rater is None else self.per_rater + self.extra_planned


@dataclass(frozen=True, slots=True)
class HeldSlot:
    """An assignment with the state of its slot, read under the slot's lock."""

    assignment_id: int
    token: str
    assignment_state: str
    order: int
    slot_id: int
    slot_state: str
    slot_holder_id: int | None
    slot_skips: int
    triple_id: int
    content: str
    kind: str
    #: A skip that was undone, or any other earlier word on this assignment.
    has_ratings: bool

    def is_held_by(self, rater_id: int) -> bool:
        return self.slot_state == "held" and self.slot_holder_id == rater_id

    @property
    def is_personal(self) -> bool:
        return self.kind != "normal"

    @property
    def slot_is_free(self) -> bool:
        return self.slot_state in ("open", "parked")


@dataclass(frozen=True, slots=True)
class Claimed:
    """The assignment a rater now holds (None: nothing left), and whether it was handed out just now."""

    view: dict[str, Any] | None
    created: bool


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a submitted rating. `created` is False for a repeat of the same body."""

    rating: str
    surplus: bool
    created: bool
    next: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class PastRating:
    """One of a rater's own ratings, with its cards as they were shown."""

    rating: str
    revision: int
    surplus: bool
    skipped: bool
    submitted_at: datetime
    #: Card tokens, best first, ties in one group.
    ranking: list[list[str]]
    all_bad: bool
    comment: str
    first_wrong_step: dict[str, str]
    reasons: dict[str, list[str]]
    confidence: int | None
    doubts: list[str]
    assignment: dict[str, Any]
