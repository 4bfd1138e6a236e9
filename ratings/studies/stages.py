"""The stages of a rater in a study, and the moves between them. Pure.

A study has the stages that its journey asks for; everybody has `rating`. What moves a rater on is an outcome.
"""

from __future__ import annotations

from typing import Protocol

#: The stages that a journey may have, in their order.
CONSENT, INSTRUCTIONS, PRACTICE, COMPREHENSION, RATING, DEBRIEF, DONE = (
    "consent",
    "instructions",
    "practice",
    "comprehension",
    "rating",
    "debrief",
    "done",
)
STAGES = (CONSENT, INSTRUCTIONS, PRACTICE, COMPREHENSION, RATING, DEBRIEF, DONE)

#: Ends on the way: no consent given; consent taken back; the check not passed in its tries; attention checks failed.
DECLINED, WITHDRAWN, SCREENED_OUT, FAILED_CHECK = "declined", "withdrawn", "screened_out", "failed_check"
ENDS = frozenset({DONE, DECLINED, WITHDRAWN, SCREENED_OUT, FAILED_CHECK})

#: Stages in which assignments are handed out: in practice only those of practice.
CLAIMING = frozenset({PRACTICE, RATING})
#: Stages from which nothing more is taken: who left must not be heard against their will.
SILENT = frozenset({DECLINED, WITHDRAWN})

#: What can become of a stage: it was gone through, refused (consent), not passed (comprehension, and the quality
#: control of rating), or the rater left the study.
PASSED, REFUSED, FAILED, LEFT = "passed", "refused", "failed", "left"
OUTCOMES = (PASSED, REFUSED, FAILED, LEFT)
#: In a trace only: a refusal was taken back, and the rater stands at the consent again.
UNDONE = "undone"

_ELSEWHERE = {
    (CONSENT, REFUSED): DECLINED,
    (COMPREHENSION, FAILED): SCREENED_OUT,
    (RATING, FAILED): FAILED_CHECK,
    (DEBRIEF, FAILED): FAILED_CHECK,
}


class HasStages(Protocol):
    """A journey, as far as moving through it goes."""

    @property
    def stages(self) -> tuple[str, ...]: ...


class NoSuchMove(ValueError):
    """A stage that the journey lacks, an end, or an outcome that its stage can not have."""


def first_stage(journey: HasStages) -> str:
    """Where somebody stands who enters the study."""
    return journey.stages[0]


def next_stage(journey: HasStages, stage: str, outcome: str) -> str:
    """The stage after `stage` ended with `outcome`. Raises NoSuchMove.

    The last stage of a journey that asks for nothing is `rating`, and stays it: more may be handed out later.
    """
    if stage not in journey.stages or stage in ENDS:
        raise NoSuchMove(
            f"{stage!r} is no stage to move on from; expected one of {', '.join(journey.stages)}"
        )
    if outcome == LEFT:
        return WITHDRAWN
    if (stage, outcome) in _ELSEWHERE:
        return _ELSEWHERE[stage, outcome]
    if outcome != PASSED:
        raise NoSuchMove(f"{stage!r} can not end with {outcome!r}")
    later = journey.stages[journey.stages.index(stage) + 1 :]
    return later[0] if later else stage
