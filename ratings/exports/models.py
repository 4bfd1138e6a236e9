"""The record of every export: what was asked, and what came out."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from ratings.studies.models import Study


class Export(models.Model):
    """One immutable file of preference data: its options, its size and its hash."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="exports")
    #: votes, ranking, trl-preference …
    format = models.CharField(max_length=30)
    #: jsonl or parquet.
    container = models.CharField(max_length=10)
    #: {"raters", "ties", "split", "lineage"}.
    options = models.JSONField(default=dict)
    #: First 12 hex digits of the SHA-256: the same content has the same version.
    version = models.CharField(max_length=12)
    sha256 = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    bytes = models.PositiveBigIntegerField()
    #: Below STORAGE_URL; "" when a command wrote the file elsewhere.
    path = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)

    class Meta:
        app_label = "ratings"
        ordering = ["-id"]
