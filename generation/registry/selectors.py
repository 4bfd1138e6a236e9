"""Reading the registry."""

from __future__ import annotations

from pathlib import Path

from django.db.models import QuerySet

from generation.registry.errors import UnknownModel, UnusableFolder
from generation.registry.folders import find_folder
from generation.registry.models import LanguageModel


def get_model(label: str) -> LanguageModel:
    """Raises UnknownModel."""
    model = LanguageModel.objects.select_related("parent", "created_by").filter(label=label).first()
    if model is None:
        raise UnknownModel(
            f"There is no model labelled {label!r}.",
            details={"field": "model", "value": label[:100], "expected": "the label of a model"},
        )
    return model


def folder_of(model: LanguageModel) -> Path:
    """The folder of a registered folder or checkpoint: below the roots, links resolved. Raises UnusableFolder."""
    if not model.has_folder:
        raise UnusableFolder(
            f"Model {model.label!r} is of kind {model.kind} and has no folder here.",
            details={"model": model.label, "kind": model.kind},
        )
    folder = find_folder(model.location)
    if folder is None:
        raise UnusableFolder(
            f"The folder of model {model.label!r} ({model.location}) is not on this machine.",
            details={"model": model.label, "location": model.location},
        )
    return folder


def models() -> QuerySet[LanguageModel]:
    """All models with their parents, newest first."""
    return LanguageModel.objects.select_related("parent", "created_by").order_by("-id")


def lineage(model: LanguageModel) -> list[LanguageModel]:
    """The model's ancestors, the nearest first."""
    found: list[LanguageModel] = []
    key = model.parent_id
    while key is not None and len(found) < 1_000:
        parent = LanguageModel.objects.get(pk=key)
        found.append(parent)
        key = parent.parent_id
    return found
