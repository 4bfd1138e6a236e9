"""What this floor puts on a model's page: the run that made it, what was trained from it, and how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.models import User
from accounts.roles import Act
from generation.registry.models import LanguageModel
from training.runs import selectors
from training.runs.evaluation_showing import best_of_chart, figures_of
from training.runs.measured_models import Evaluation
from training.runs.models import Checkpoint

SHOWN = 10


def context_of(model: LanguageModel, user: User) -> Mapping[str, Any] | None:
    """For templates/training/_model_part.html."""
    if not user.may(Act.VIEW_MODELS):
        return None
    checkpoint = Checkpoint.objects.select_related("run__job", "run__dataset", "run__base").filter(
        model=model
    )
    measured = selectors.evaluations().filter(model=model)
    latest = next((one for one in measured[:SHOWN] if one.result), None)
    return {
        "checkpoint": checkpoint.first(),
        "siblings": _siblings(model),
        "runs_from": selectors.runs().filter(base=model)[:SHOWN],
        "evaluations": [(one, figures_of(one.result)[:2]) for one in measured[:SHOWN]],
        "as_verifier": selectors.evaluations().filter(verifiers=model)[:SHOWN],
        "latest": latest,
        "chart": None if latest is None else _chart(latest),
    }


def _siblings(model: LanguageModel) -> list[Checkpoint]:
    """The other models of the same run."""
    rows = selectors.checkpoints().filter(run__checkpoints__model=model).exclude(model=model)
    return list(rows.order_by("id"))


def _chart(evaluation: Evaluation) -> Any:
    return best_of_chart(evaluation.result, key=f"model-evaluation-{evaluation.pk}")
