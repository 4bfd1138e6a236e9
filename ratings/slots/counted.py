"""What counts as a rating: the one place that says so, for analysis, exports, pages and lineage."""

from __future__ import annotations

from django.db.models import Q

from ratings.slots.models import Slot

#: What a rater said last, and did not say too late.
SAID = Q(current=True, skipped=False, surplus=False)
#: The same about a triple of the plan, by a rater who is not excluded from the analysis.
COUNTED = SAID & Q(kind=Slot.Kind.NORMAL, rater__included=True)
