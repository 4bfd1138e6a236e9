"""Which texts of the library a model of this site wrote: those that a candidate leads to, whatever their source."""

from __future__ import annotations

from typing import NoReturn

from django.db.models import Q

from accounts.errors import InvalidInput
from ratings.library.models import Rationale, Source
from ratings.library.records import Writer
from ratings.library.writers import OWN_SOURCE

#: Of rationales: no model of this site wrote it.
NOT_BY_A_MODEL = Q(candidates__isnull=True)
#: Of rationales: people, or the program that made the question, wrote it for the question; no model of any site did.
#: What is shown as an example, learned from by itself, and called the question's own solution.
CAME_WITH_QUESTION = OWN_SOURCE & NOT_BY_A_MODEL


def check_source(label: str, *, field: str) -> None:
    """Raises InvalidInput about the field where the source holds texts that no model of this site wrote.

    A machine's texts among those of people, or of a file, would pass for theirs; so would they in a source that is
    known to be people's, or a program's, while it holds nothing.
    """
    own = Source.objects.filter(label=label).exclude(written_by__in=["", Writer.MODEL])
    if own.exists() or Rationale.objects.filter(NOT_BY_A_MODEL, source__label=label).exists():
        _refuse(field, label)


def _refuse(field: str, label: str) -> NoReturn:
    raise InvalidInput(
        f"{field}: {label!r} is not usable, expected another name: the source {label!r} holds rationales that no model"
        " of this site wrote, and a model's must not pass for them.",
        details={"field": field, "value": label, "expected": "a source without rationales of other origin"},
    )
