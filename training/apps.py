from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig

if TYPE_CHECKING:
    from accounts.models import User
    from generation.registry.models import LanguageModel


class TrainingConfig(AppConfig):
    name = "training"
    verbose_name = "Training"

    def ready(self) -> None:
        from generation.console.parts import ModelPart, register_part
        from jobs.kinds import Kind, register

        register(Kind(name="train", queue="train", run="training.runs.work.run_training"))
        register(Kind(name="evaluate", queue="analysis", run="training.runs.evaluation_work.run_evaluation"))
        register(Kind(name="measure", queue="train", run="training.runs.measure_work.run_measurement"))
        register_part(ModelPart("training", "training/_model_part.html", _context_of))


def _context_of(model: LanguageModel, user: User) -> Mapping[str, Any] | None:
    # Loaded when a page asks: it brings half of this floor, and every worker, child and command starts through here.
    from training.runs.model_part import context_of

    return context_of(model, user)
