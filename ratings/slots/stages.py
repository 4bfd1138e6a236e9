"""Moving a rater from one stage to another, with its trace. The caller holds the rater's row."""

from __future__ import annotations

from ratings.slots.models import Rater, StageChange


def move_stage(rater_id: int, *, left: str, entered: str, outcome: str, consent: str = "") -> None:
    """left, entered: stages. outcome: of ratings.studies.stages. consent: the version that this is about, if any."""
    Rater.objects.filter(pk=rater_id).update(stage=entered)
    StageChange.objects.create(
        rater_id=rater_id, left=left, entered=entered, outcome=outcome, consent=consent
    )
