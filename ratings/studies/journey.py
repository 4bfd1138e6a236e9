"""What a rater goes through in a study, before and after rating. Pure.

A study stores its journey as JSON; an empty object asks for nothing, and raters rate at once. The whole of it:

    {"consent": "Markdown",
     "instructions": true,
     "practice": {"items": [{"question": "2 + 2 = ?", "answer": "4", "choices": [{"label", "text"}]?,
                             "rationales": ["…", "…", "…"], "ranking": [[1], [0, 2]], "notes": ["…", "…", "…"]?,
                             "feedback": "Markdown"},
                            {"from": "external id", "feedback": "Markdown", …}],
                  "count": 3},
     "comprehension": {"questions": [{"question": "…", "choices": ["…", "…"], "right": 0, "explanation": "…"}],
                       "tries": 2},
     "debrief": {"guess": true, "guess_triples": 3, "human": ["human"], "comment": true,
                 "questions": [{"question": "…", "choices": ["…"]?}]},
     "completion": {"codes": {"completed": "C1", "screened_out": "C2", …},
                    "url": "https://app.prolific.com/submissions/complete?cc=CODE"},
     "reveal": true}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from ratings.studies.journey_parts import (
    Completion,
    Comprehension,
    ComprehensionQuestion,
    Debrief,
    DebriefQuestion,
    Practice,
    PracticeItem,
)
from ratings.studies.journey_reading import (
    read_completion,
    read_comprehension,
    read_debrief,
    read_practice,
)
from ratings.studies.journey_values import BadJourney, read_names, read_switch, read_text
from ratings.studies.stages import (
    CLAIMING,
    COMPREHENSION,
    CONSENT,
    DEBRIEF,
    DECLINED,
    DONE,
    ENDS,
    FAILED,
    FAILED_CHECK,
    INSTRUCTIONS,
    LEFT,
    OUTCOMES,
    PASSED,
    PRACTICE,
    RATING,
    REFUSED,
    SCREENED_OUT,
    SILENT,
    STAGES,
    WITHDRAWN,
    NoSuchMove,
    first_stage,
    next_stage,
)

__all__ = [
    "CLAIMING",
    "COMPREHENSION",
    "CONSENT",
    "DEBRIEF",
    "DECLINED",
    "DONE",
    "ENDS",
    "FAILED",
    "FAILED_CHECK",
    "INSTRUCTIONS",
    "LEFT",
    "OUTCOMES",
    "PASSED",
    "PRACTICE",
    "RATING",
    "REFUSED",
    "SCREENED_OUT",
    "SILENT",
    "STAGES",
    "WITHDRAWN",
    "BadJourney",
    "Completion",
    "Comprehension",
    "ComprehensionQuestion",
    "Debrief",
    "DebriefQuestion",
    "Journey",
    "NoSuchMove",
    "Practice",
    "PracticeItem",
    "first_stage",
    "journey_of",
    "next_stage",
    "read_journey",
]

MAX_CONSENT_CHARACTERS = 20_000
#: Of a whole journey as JSON: it is read at every step of a rater.
MAX_BYTES = 200_000

NAMES = ("consent", "instructions", "practice", "comprehension", "debrief", "completion", "reveal")


@dataclass(frozen=True, slots=True)
class Journey:
    """The choices behind a rater's way through a study.

    consent: Markdown; empty: not asked for. instructions: whether they have a page of their own before rating.
    reveal: whether a rater is shown, once results are visible, which source wrote what.
    panel: whether the rater came from a panel, which waits for an end and its code; not part of the study's JSON.
    """

    consent: str = ""
    instructions: bool = False
    practice: Practice = field(default_factory=Practice)
    comprehension: Comprehension = field(default_factory=Comprehension)
    debrief: Debrief = field(default_factory=Debrief)
    completion: Completion = field(default_factory=Completion)
    reveal: bool = False
    panel: bool = False

    @property
    def consent_version(self) -> str:
        """12 hex digits of the SHA-256 of the text: who consented to other words has another version."""
        return hashlib.sha256(self.consent.encode()).hexdigest()[:12] if self.consent else ""

    @property
    def stages(self) -> tuple[str, ...]:
        """Those that this journey has, in their order. One that asks for nothing never ends: `rating` alone."""
        asked = {
            CONSENT: bool(self.consent),
            INSTRUCTIONS: self.instructions,
            PRACTICE: bool(self.practice.items),
            COMPREHENSION: bool(self.comprehension.questions),
            RATING: True,
            DEBRIEF: self.debrief.is_asked,
        }
        asked[DONE] = self.panel or bool(self.completion.codes) or sum(asked.values()) > 1
        return tuple(stage for stage in STAGES if asked[stage])

    @property
    def ends(self) -> bool:
        """Whether a rater who has nothing left to rate is done with the study."""
        return DONE in self.stages


def read_journey(value: Mapping[str, Any]) -> Journey:
    """A stored or submitted journey; what is absent is not asked for. Raises BadJourney."""
    if not isinstance(value, Mapping):
        raise BadJourney("journey", value, "an object")
    read_names(value, "", NAMES)
    size = len(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise BadJourney("journey", f"{size} bytes", f"at most {MAX_BYTES} bytes of JSON")
    return Journey(
        consent=read_text(value, "", "consent", limit=MAX_CONSENT_CHARACTERS),
        instructions=read_switch(value, "", "instructions"),
        practice=read_practice(value.get("practice", {})),
        comprehension=read_comprehension(value.get("comprehension", {})),
        debrief=read_debrief(value.get("debrief", {})),
        completion=read_completion(value.get("completion", {})),
        reveal=read_switch(value, "", "reveal"),
    )


@lru_cache(maxsize=200)
def journey_of(text: str) -> Journey:
    """The journey in a database column, read once for each distinct text."""
    return read_journey(json.loads(text))
