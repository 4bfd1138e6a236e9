"""Figures that were asked for: what came of it, from which runs and seeds."""

from __future__ import annotations

from django.conf import settings as site
from django.db import models
from django.utils import timezone

from ratings.library.models import Dataset
from training.runs.models import TrainingRun


class FigureRecord(models.Model):
    """One figure, once asked for. Either `result` or `error` is filled."""

    #: Which figure: a name of training.figures.catalogue.
    name = models.CharField(max_length=50)
    runs = models.ManyToManyField(TrainingRun, related_name="figures", blank=True)
    #: For a figure of sources of the library.
    dataset = models.ForeignKey(
        Dataset, on_delete=models.PROTECT, null=True, blank=True, related_name="figures"
    )
    sources = models.JSONField(default=list, blank=True)
    seeds = models.JSONField(default=list, blank=True)
    #: The plan whose runs these are; "" where somebody chose them.
    plan = models.CharField(max_length=200, blank=True, default="")
    #: {"title", "about", "panels": [Chart], "numbers": {"head", "rows"}, "runs"}; {} where it could not be made.
    result = models.JSONField(default=dict, blank=True)
    #: {"code", "message", "details"}: why it could not be made; {} where it was.
    error = models.JSONField(default=dict, blank=True)
    code_version = models.CharField(max_length=80)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        site.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_by_label = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        app_label = "training"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} {self.pk}"
