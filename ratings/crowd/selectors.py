"""Reading panels."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet

from ratings.crowd.models import Panel, PanelEntry


def panel_statuses(panel: Panel) -> dict[str, int]:
    """How many submissions have each status that any has, in the order of the statuses."""
    counted = (
        PanelEntry.objects.filter(panel=panel).values_list("status").annotate(count=Count("pk")).order_by()
    )
    counts = dict(counted)
    return {status: counts[status] for status in PanelEntry.Status.values if status in counts}


#: Submissions whose place the provider gives to somebody else.
PLACE_IS_FREE = (PanelEntry.Status.RETURNED, PanelEntry.Status.TIMED_OUT, PanelEntry.Status.SCREENED_OUT)


def raters_with_a_place(panel: Panel) -> QuerySet[PanelEntry, Any]:
    """The raters who count against a panel's quota, once each ({"rater": id}), however often they came."""
    return PanelEntry.objects.filter(panel=panel).exclude(status__in=PLACE_IS_FREE).values("rater").distinct()


def places_of(panel: Panel) -> tuple[int, int]:
    """(raters who came, those of them who count against the quota)."""
    came = PanelEntry.objects.filter(panel=panel).values("rater").distinct().count()
    return came, raters_with_a_place(panel).count()


def panel_entries(panel: Panel) -> QuerySet[PanelEntry]:
    """Who came through a panel, newest first, with their raters."""
    return PanelEntry.objects.filter(panel=panel).select_related("rater").order_by("-pk")
