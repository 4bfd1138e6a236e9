"""Who is through with a study, and how long the stages took whose pages count no time themselves: for fair pay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Min

from ratings.slots.completion import completion_outcome
from ratings.slots.models import Rater, RaterToken, StageChange
from ratings.studies.journey import COMPREHENSION, CONSENT, DEBRIEF, INSTRUCTIONS, RATING
from ratings.studies.journey_parts import COMPLETED
from ratings.studies.models import Study
from ratings.studies.pay import Pay

#: Practice and rating count their own active seconds; these pages are read by the clock on the wall.
BY_THE_CLOCK = (CONSENT, INSTRUCTIONS, COMPREHENSION, DEBRIEF)
#: A page that stays open over lunch is not work: no stage counts longer than this, in seconds.
LONGEST_STAGE = 600.0


def is_through(rater: Rater, study: Study, pay: Pay) -> bool:
    """Whether an hourly rate can be told: what is paid for a session is earned by the whole of it.

    Who is on the way, left or was screened out has no rate yet; by the piece (no `per_rater`) every answer tells.
    """
    rated = rater.done + rater.extra_done
    if pay.per_rater is None:
        return rated > 0
    if completion_outcome(rater.stage, study.state, rated=rated) == COMPLETED:
        return True
    quota = study.per_rater if rater.quota is None else rater.quota
    # Without a way around it the stage stays at rating, and the quota says when it is over.
    return rater.stage == RATING and quota is not None and rated >= quota + rater.extra_planned > 0


def stage_seconds(study: Study, *, raters: Iterable[int]) -> dict[int, float]:
    """Seconds that each rater spent on consent, instructions, check and debrief together; two statements.

    The first stage begins as the rater's browser signs in; whoever came by the API alone has no beginning there.
    """
    wanted = set(raters)
    came = RaterToken.objects.filter(rater__study=study, purpose=RaterToken.Purpose.SESSION)
    since: dict[int, datetime] = dict(
        came.values_list("rater").annotate(first=Min("created_at")).order_by().values_list("rater", "first")
    )
    found: dict[int, float] = defaultdict(float)
    rows = StageChange.objects.filter(rater__study=study).order_by("id")
    for rater, left, at in rows.values_list("rater_id", "left", "created_at").iterator(5_000):
        if rater not in wanted:
            continue
        if left in BY_THE_CLOCK and rater in since:
            found[rater] += min(max((at - since[rater]).total_seconds(), 0.0), LONGEST_STAGE)
        since[rater] = at
    return dict(found)
