"""One app label for all rooms; each room keeps its own models."""

from ratings.club.models import Club, ClubPhone, ClubRound
from ratings.exports.models import Export
from ratings.library.models import Dataset, Question, QuestionRevision, Rationale, Source
from ratings.quality.models import RaterDecision
from ratings.slots.models import (
    Assignment,
    DegradedTriple,
    Flag,
    PersonalItem,
    Rater,
    RaterToken,
    Rating,
    Slot,
)
from ratings.studies.models import Deviation, Protocol, Study, StudySource, Triple, TripleCard

__all__ = [
    "Assignment",
    "Club",
    "ClubPhone",
    "ClubRound",
    "Dataset",
    "DegradedTriple",
    "Deviation",
    "Export",
    "Flag",
    "PersonalItem",
    "Protocol",
    "Question",
    "QuestionRevision",
    "Rater",
    "RaterDecision",
    "RaterToken",
    "Rating",
    "Rationale",
    "Slot",
    "Source",
    "Study",
    "StudySource",
    "Triple",
    "TripleCard",
]
