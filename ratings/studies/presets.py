"""Designs to start from. Pure: each is a set of choices of StudyDesign, all of which may be changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ratings.studies.form import REASONS

CONSENT = (
    "You are asked to read short rationales and to rank them. You may stop at any time, without giving a reason.\n\n"
    "Your answers are stored under a pseudonym and used for research on how explanations are judged. They may be "
    "published in a form that does not name you.\n\n"
    "By going on you agree to take part."
)


@dataclass(frozen=True, slots=True)
class Preset:
    """code: for commands and addresses. raters: how many it was thought for. design: choices by StudyDesign's names."""

    code: str
    title: str
    words: str
    raters: int
    design: Mapping[str, Any]


PAPER = Preset(
    code="paper",
    title="The STaR paper's study",
    words="20 raters, 50 questions, 10 each, ranked by how well each justifies the answer.",
    raters=20,
    design={"questions": 50, "ratings_per_triple": 4, "per_rater": 10, "form": {"kind": "ranking"}},
)

QUICK = Preset(
    code="quick",
    title="Quick look",
    words="10 questions, each by two people: an hour among colleagues, to see whether there is anything to find.",
    raters=4,
    design={"questions": 10, "ratings_per_triple": 2, "per_rater": 10},
)

PUBLICATION = Preset(
    code="publication",
    title="Publication",
    words=(
        "100 questions, each by five people, with consent, an instruction check, degraded and repeated items, reasons "
        "and first wrong steps. Name your primary contrast before you draw."
    ),
    raters=25,
    design={
        "questions": 100,
        "ratings_per_triple": 5,
        "per_rater": 20,
        "form": {
            "kind": "ranking",
            "partial": False,
            "reasons": list(REASONS),
            "confidence": True,
            "doubts": True,
            "first_wrong_step": True,
        },
        "quality": {"checks": 1, "degraded": 2, "repeats": 2},
        "journey": {
            "consent": CONSENT,
            "instructions": True,
            "debrief": {"guess": True, "comment": True},
            "reveal": True,
        },
    },
)

PRESETS = {preset.code: preset for preset in (PAPER, QUICK, PUBLICATION)}
