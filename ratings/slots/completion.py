"""How a rater's part in a study ended, and the code for the panel that sent the rater.

Nothing is stored for it: stage and journey say it, today and whenever the rater comes back.
"""

from __future__ import annotations

from dataclasses import dataclass

from ratings.slots.models import Rater
from ratings.studies.journey import (
    DECLINED,
    DONE,
    ENDS,
    FAILED_CHECK,
    SCREENED_OUT,
    WITHDRAWN,
    read_journey,
)
from ratings.studies.journey_parts import COMPLETED, NO_CONSENT, NOTHING_RATED, STUDY_CLOSED
from ratings.studies.models import Study

#: The outcome of each end on the way. The panels' own words for the last two are those of the stages.
_OUTCOMES = {
    DECLINED: NO_CONSENT,
    WITHDRAWN: NO_CONSENT,
    SCREENED_OUT: SCREENED_OUT,
    FAILED_CHECK: FAILED_CHECK,
}


@dataclass(frozen=True, slots=True)
class Completion:
    """code: empty where the study has none for this outcome. url: where the panel takes the rater back, or None."""

    outcome: str
    code: str
    url: str | None


def completion(rater: Rater) -> Completion | None:
    """How this rater's part ended; None while it goes on. Never says anything about payment."""
    outcome = completion_outcome(rater.stage, rater.study.state, rated=rater.done + rater.extra_done)
    if outcome is None:
        return None
    codes = read_journey(rater.study.journey).completion
    return Completion(outcome=outcome, code=codes.code(outcome), url=codes.address(outcome) or None)


def completion_outcome(stage: str, state: str, *, rated: int) -> str | None:
    """One of journey_parts.COMPLETION_OUTCOMES, None while it goes on. rated: RaterSession.rated.

    Whom a closing caught on the way has done what could be done; who judged nothing has completed nothing.
    """
    if stage == DONE:
        return COMPLETED if rated else NOTHING_RATED
    if stage not in ENDS and state == Study.State.CLOSED:
        return COMPLETED if rated else STUDY_CLOSED
    return _OUTCOMES.get(stage)
