"""Panels: where groups of raters come from, who came through them, and what their providers told us."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from ratings.slots.models import Rater
from ratings.studies.models import Study


class Panel(models.Model):
    """A named pool of a study's raters with an entry link of its own."""

    class Provider(models.TextChoices):
        PROLIFIC = "prolific", "Prolific"
        #: Any panel that adds an id to our link and takes people back at a link of its own.
        GENERIC = "generic", "Another panel"
        #: One link without ids, to be passed around: every browser that opens it is a rater.
        LINKS = "links", "An open link"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="panels")
    name = models.SlugField(max_length=50)
    provider = models.CharField(max_length=8, choices=Provider.choices, default=Provider.PROLIFIC)
    #: The names of the parameters that carry the submission's id and the person's.
    session_parameter = models.CharField(max_length=50, default="SESSION_ID")
    person_parameter = models.CharField(max_length=50, default="PROLIFIC_PID", blank=True)
    #: How many raters may enter; null: no limit.
    quota = models.PositiveIntegerField(null=True, blank=True)
    #: The provider's own id of its study, for its API.
    external_study = models.CharField(max_length=100, blank=True)
    #: {outcome: code}, see ratings.studies.journey; empty: the study's own.
    codes = models.JSONField(default=dict, blank=True)
    #: Where raters go back to: CODE, SESSION and PERSON are filled in. Empty: the study's own.
    completion_url = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    #: Since when nobody new may enter; null: they may.
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "ratings"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["study", "name"], name="ratings_panel_name_unique_in_study")
        ]

    def __str__(self) -> str:
        return self.name


class PanelEntry(models.Model):
    """One submission of a panel: the key is its session id. What is personal in it can be erased; votes stay."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        AWAITING_REVIEW = "awaiting_review", "Awaiting review"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        RETURNED = "returned", "Returned"
        TIMED_OUT = "timed_out", "Timed out"
        SCREENED_OUT = "screened_out", "Screened out"

    panel = models.ForeignKey(Panel, on_delete=models.CASCADE, related_name="entries")
    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="panel_entries")
    session = models.CharField(max_length=100)
    #: The person's id with the provider: contact data, empty once erased.
    person = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.ACTIVE)
    #: The moment of the last word about the status that was followed: later words that are older are not.
    status_at = models.DateTimeField(null=True, blank=True)
    entered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "ratings"
        constraints = [
            models.UniqueConstraint(fields=["panel", "session"], name="ratings_panel_session_unique")
        ]
        indexes = [models.Index(fields=["session"], name="ratings_panel_session")]


class PanelEvent(models.Model):
    """Something that a provider or a link told us, followed or not: for the researcher to look at."""

    class Kind(models.TextChoices):
        ENTRY = "entry", "Entry refused"
        WEBHOOK = "webhook", "Webhook"
        PREVIEW = "preview", "Preview used as a rater"
        API = "api", "Call to the provider"

    panel = models.ForeignKey(Panel, on_delete=models.CASCADE, related_name="events", null=True, blank=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    #: The provider's id of the event: each is followed once.
    event_id = models.CharField(max_length=100, unique=True, null=True, blank=True)
    #: SHA-256 hex of what was signed of a webhook (time stamp and body). The headers with the event's id are not: a
    #: recording that is sent again under another id is known by this.
    signed = models.CharField(max_length=64, unique=True, null=True, blank=True)
    accepted = models.BooleanField(default=True)
    message = models.CharField(max_length=500)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "ratings"
        ordering = ["-id"]
        indexes = [models.Index(fields=["panel", "-id"], name="ratings_panel_events")]
