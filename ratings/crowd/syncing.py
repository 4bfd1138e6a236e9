"""Asking the provider what webhooks may not have told, and telling it what was decided about payment."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from accounts.audit import Actor, record
from accounts.errors import InvalidInput
from ratings.crowd.models import Panel, PanelEntry, PanelEvent
from ratings.crowd.panels import note
from ratings.crowd.prolific import ProlificClient, ProviderFailed
from ratings.crowd.statuses import apply_status


@dataclass(frozen=True, slots=True)
class Synced:
    """submissions: how many the provider has. known: how many of them came to us. changed: whose status was new."""

    submissions: int
    known: int
    changed: int


def prolific() -> ProlificClient:
    """The workspace's client, as the environment describes it. Raises InvalidInput without a token."""
    return ProlificClient(settings.PROLIFIC_API_TOKEN, url=settings.PROLIFIC_API_URL)


def sync_panel(panel: Panel, *, client: ProlificClient, actor: Actor) -> Synced:
    """Follows every submission's present status. Raises InvalidInput or ProviderFailed; what came before is kept."""
    if panel.provider != Panel.Provider.PROLIFIC or not panel.external_study:
        raise InvalidInput(
            "external_study: this panel names no study of Prolific's.",
            details={
                "field": "external_study",
                "value": panel.external_study,
                "expected": "an id of Prolific's",
            },
        )
    total = known = changed = 0
    try:
        for row in client.submissions(panel.external_study):
            total += 1
            entry = PanelEntry.objects.filter(panel=panel, session=str(row.get("id", ""))).first()
            if entry is None:
                continue
            known += 1
            before = entry.status
            # A list has no event time of its own: the moment of asking, which later webhooks come after.
            apply_status(entry, str(row.get("status", "")), at=timezone.now())
            entry.refresh_from_db()
            changed += entry.status != before
    except ProviderFailed as error:
        note(panel, PanelEvent.Kind.API, error.message, accepted=False)
        raise
    record(actor, "panel.sync", subject=panel.study.name, details={"panel": panel.name, "changed": changed})
    note(panel, PanelEvent.Kind.API, f"asked about {total} submissions, {changed} changed", accepted=True)
    return Synced(submissions=total, known=known, changed=changed)


def approve(panel: Panel, entries: list[PanelEntry], *, client: ProlificClient, actor: Actor) -> int:
    """Approves submissions that wait for review, one after the other; returns how many. Repeating it is harmless."""
    done = 0
    for entry in entries:
        if entry.status != PanelEntry.Status.AWAITING_REVIEW:
            continue
        client.approve(entry.session)
        apply_status(entry, "APPROVED", at=timezone.now())
        done += 1
    record(actor, "panel.approve", subject=panel.study.name, details={"panel": panel.name, "approved": done})
    return done
