"""What a rater goes through in a study, before and after rating. Pure."""

from __future__ import annotations

#: The stages of a rater, in their order. A study has those that its journey names; everybody has `rating`.
CONSENT, INSTRUCTIONS, PRACTICE, COMPREHENSION, RATING, DEBRIEF, DONE = (
    "consent",
    "instructions",
    "practice",
    "comprehension",
    "rating",
    "debrief",
    "done",
)
#: Ends without rating.
DECLINED, SCREENED_OUT = "declined", "screened_out"

STAGES = (CONSENT, INSTRUCTIONS, PRACTICE, COMPREHENSION, RATING, DEBRIEF, DONE)
#: Stages in which assignments are handed out: in practice only those of practice.
CLAIMING = frozenset({PRACTICE, RATING})
