"""The models that candidates are sampled from and training starts with."""

from __future__ import annotations

from django.conf import settings as site
from django.db import models
from django.utils import timezone

from generation.registry.settings import ModelSettings


class LanguageModel(models.Model):
    """One model under its label. What was registered is never changed: other weights are another model."""

    class Kind(models.TextChoices):
        FOLDER = "folder", "Folder"
        HUB = "hub", "Hub"
        ENDPOINT = "endpoint", "Endpoint"
        CHECKPOINT = "checkpoint", "Checkpoint"

    #: Also the default label of the source that its candidates come from.
    label = models.SlugField(max_length=100, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    #: Folder and checkpoint: the path below its root, as generation.registry.folders writes it.
    #: Hub: "owner/name" or "owner/name@revision". Endpoint: its name in ENDPOINTS.
    location = models.CharField(max_length=1000)
    #: generation.registry.settings.ModelSettings, as JSON.
    settings = models.JSONField(default=dict, blank=True)
    #: Folder and checkpoint: {"files": [{"name", "bytes", "sha256"}], "bytes", "parameters", "context", "vocabulary",
    #: "architecture", "made": what its own manifest.json says}. Else {}.
    manifest = models.JSONField(default=dict, blank=True)
    #: SHA-256 hex over names and hashes of the files: the weights' identity; "" without files.
    digest = models.CharField(max_length=64, blank=True, default="")
    #: What it was trained from.
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        site.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        app_label = "generation"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["folder", "hub", "endpoint", "checkpoint"]),
                name="generation_model_kind_is_known",
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def has_folder(self) -> bool:
        return self.kind in (self.Kind.FOLDER, self.Kind.CHECKPOINT)

    @property
    def options(self) -> ModelSettings:
        return ModelSettings.from_json(self.settings)
