"""Which texts of the library a model of this site wrote: those that a candidate leads to, whatever their source."""

from __future__ import annotations

from typing import NoReturn

from django.db.models import Q

from accounts.errors import InvalidInput
from ratings.library.models import Rationale

#: Of rationales: no model of this site wrote it.
NOT_BY_A_MODEL = Q(candidates__isnull=True)


def check_source(label: str, *, field: str) -> None:
    """Raises InvalidInput about the field where the source holds texts that no model of this site wrote.

    A machine's texts among those of people, or of a file, would pass for theirs.
    """
    if Rationale.objects.filter(NOT_BY_A_MODEL, source__label=label).exists():
        _refuse(field, label)


def _refuse(field: str, label: str) -> NoReturn:
    raise InvalidInput(
        f"{field}: {label!r} is not usable, expected another name: the source {label!r} holds rationales that no model"
        " of this site wrote, and a model's must not pass for them.",
        details={"field": field, "value": label, "expected": "a source without rationales of other origin"},
    )
