"""What the pages of this room share."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse

from accounts.gates import staff_user
from accounts.roles import Act
from generation.registry.models import LanguageModel
from generation.runs.models import GenerationRun

Trail = list[tuple[str, str]]


def permissions(request: HttpRequest) -> dict[str, bool]:
    """For templates: `may.run_jobs` and so on."""
    user = staff_user(request)
    return {act.value: user.may(act) for act in Act}


def models_trail() -> Trail:
    return [("Models", reverse("generation:models"))]


def model_trail(model: LanguageModel) -> Trail:
    return [*models_trail(), (model.label, reverse("generation:model", args=[model.label]))]


def run_trail(run: GenerationRun) -> Trail:
    return [*model_trail(run.model), (f"Run {run.pk}", reverse("generation:run", args=[run.pk]))]
