"""One app label for all rooms; each room keeps its own models."""

from ratings.club.models import Club, ClubPhone, ClubRound
from ratings.crowd.models import Panel, PanelEntry, PanelEvent
from ratings.exports.models import Export
from ratings.journeys.models import BlindingGuess, ComprehensionTry, DebriefAnswers
from ratings.library.models import Dataset, Question, QuestionRevision, Rationale, Source
from ratings.quality.models import RaterDecision, RefusedInput
from ratings.slots.models import (
    Assignment,
    DegradedTriple,
    Flag,
    PersonalItem,
    Rater,
    RaterToken,
    Rating,
    Slot,
    StageChange,
)
from ratings.studies.models import Deviation, Protocol, Study, StudySource, Triple, TripleCard

__all__ = [
    "Assignment",
    "BlindingGuess",
    "Club",
    "ClubPhone",
    "ClubRound",
    "ComprehensionTry",
    "Dataset",
    "DebriefAnswers",
    "DegradedTriple",
    "Deviation",
    "Export",
    "Flag",
    "Panel",
    "PanelEntry",
    "PanelEvent",
    "PersonalItem",
    "Protocol",
    "Question",
    "QuestionRevision",
    "Rater",
    "RaterDecision",
    "RaterToken",
    "Rating",
    "Rationale",
    "RefusedInput",
    "Slot",
    "Source",
    "StageChange",
    "Study",
    "StudySource",
    "Triple",
    "TripleCard",
]
