"""Correcting who wrote a source, where it is known which texts a model of this site wrote."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.audit import Actor
from generation.registry.provenance import NOT_BY_A_MODEL
from ratings.library import writers
from ratings.library.errors import OtherWriter
from ratings.library.models import Rationale
from ratings.library.records import Writer


@transaction.atomic
def set_writer(label: str, written_by: str, *, actor: Actor) -> dict[str, Any]:
    """As `ratings.library.writers.set_writer`; what a model of this site wrote can not be said to be others'.

    Raises OtherWriter for that, and as that does.
    """
    answer = writers.set_writer(label, written_by, actor=actor)
    if (
        written_by != Writer.MODEL
        and Rationale.objects.filter(source__label=label).exclude(NOT_BY_A_MODEL).exists()
    ):
        raise OtherWriter(
            f"written_by: {written_by!r} is not usable for source {label!r}, of which models of this site wrote"
            " rationales; expected 'model'.",
            details={"field": "written_by", "value": written_by, "source": label, "expected": "model"},
        )
    return answer
