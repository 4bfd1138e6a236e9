"""Reading panels."""

from __future__ import annotations

from django.db.models import Count, QuerySet

from ratings.crowd.models import Panel, PanelEntry


def panel_statuses(panel: Panel) -> dict[str, int]:
    """How many submissions have each status that any has, in the order of the statuses."""
    counted = (
        PanelEntry.objects.filter(panel=panel).values_list("status").annotate(count=Count("pk")).order_by()
    )
    counts = dict(counted)
    return {status: counts[status] for status in PanelEntry.Status.values if status in counts}


def panel_entries(panel: Panel) -> QuerySet[PanelEntry]:
    """Who came through a panel, newest first, with their raters."""
    return PanelEntry.objects.filter(panel=panel).select_related("rater").order_by("-pk")
