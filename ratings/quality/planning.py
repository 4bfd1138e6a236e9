"""The items for quality control that each rater of a study gets: drawn by the rater's own seed, made once."""

from __future__ import annotations

from collections.abc import Sequence

from ratings.slots.models import Rater
from ratings.studies.models import Study


def plan_items(study: Study, raters: Sequence[Rater]) -> int:
    """Gives these raters the study's checks, degraded triples and repeats; returns how many items were made.

    Again for the same raters it makes nothing. The caller is in a transaction.
    """
    return 0
