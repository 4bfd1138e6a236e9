"""One app label for all rooms; each room keeps its own models."""

from ratings.exports.models import Export
from ratings.library.models import Dataset, Question, QuestionRevision, Rationale, Source
from ratings.slots.models import Assignment, Flag, PersonalItem, Rater, RaterToken, Rating, Slot
from ratings.studies.models import Study, StudySource, Triple, TripleCard

__all__ = [
    "Assignment",
    "Dataset",
    "Export",
    "Flag",
    "PersonalItem",
    "Question",
    "QuestionRevision",
    "Rater",
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
