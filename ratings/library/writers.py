"""Who wrote the rationales of a source, and by that which texts count as the questions' own.

A source knows its writers: people, a program of ours that makes the questions, or a model. Whoever brings its
rationales says so: the format (GSM8K and CoS-E hold people's, GSM8K's example solutions are models'), the row or the
option (`written_by`); what this site's models write is a model's. What nobody has said stays unsaid, and is taken for
nobody's own text: not for a human solution, and not for something to learn from unless its source is named.

Where a file does not say, two things are taken as said: that people wrote what is called `human`, and the one solution
that stands beside a question in its own file. Of several beside one question nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from accounts.errors import InvalidInput
from ratings.library.models import Dataset, Rationale, Source
from ratings.library.records import HUMAN, Writer

#: Of rationales: of a source that is people's, or the program's that made the questions. Where candidates are known it
#: is generation.registry.provenance.CAME_WITH_QUESTION, which leaves out what a model of this site wrote among these.
OWN_SOURCE = Q(source__written_by__in=[Writer.PEOPLE.value, Writer.PROGRAM.value])


class Said(NamedTuple):
    """What a file says of a source: `stated` is held against what is known, `assumed` only fills a gap."""

    source: str
    stated: str | None = None
    assumed: str | None = None


def own_first(rationales: QuerySet[Rationale]) -> QuerySet[Rationale]:
    """Of rationales that came with their questions, by question: the one that stands for it comes first.

    People's before a program's, then the source called `human`, then by label, then by the text's digest.
    """
    by_people = Case(
        When(source__written_by=Writer.PEOPLE, then=Value(0)), default=Value(1), output_field=IntegerField()
    )
    is_human = Case(When(source__label=HUMAN, then=Value(0)), default=Value(1), output_field=IntegerField())
    return rationales.order_by("question", by_people, is_human, "source__label", "text_digest")


def ensure_sources(said: Iterable[Said]) -> dict[str, int]:
    """The keys of these sources by label, made if missing, each with its writers as far as they are said.

    The caller is in a transaction. Raises InvalidInput where a statement contradicts another one.
    """
    stated, assumed = _agreed(said)
    labels = sorted(stated.keys() | assumed.keys())
    # In one order, so that two imports that bring the same new sources can not wait for each other.
    Source.objects.bulk_create([Source(label=label) for label in labels], ignore_conflicts=True)
    found = Source.objects.filter(label__in=labels).order_by("label")
    keys: dict[str, int] = {}
    for source in found:
        keys[source.label] = source.pk
        known, new = source.written_by, stated[source.label]
        if known and new and known != new:
            _refuse(source.label, new, known)
        filled = new or assumed[source.label]
        if filled and not known:
            Source.objects.filter(pk=source.pk, written_by="").update(written_by=filled)
    return keys


def unsaid_words(dataset: Dataset, split: str = "") -> str:
    """A sentence's end about sources, of a split or of all, of which nobody has said who wrote them; "" without any."""
    held = Rationale.objects.filter(question__dataset=dataset, live=True)
    if split:
        held = held.filter(question__split=split)
    labels = (
        held.filter(source__written_by="").order_by("source__label").values_list("source__label", flat=True)
    )
    named = ", ".join(repr(label) for label in labels.distinct()[:10])
    return f"; who wrote {named} nobody has said: import them again with --written-by people" if named else ""


def _agreed(said: Iterable[Said]) -> tuple[dict[str, str], dict[str, str]]:
    stated: dict[str, str] = {}
    assumed: dict[str, str] = {}
    for one in sorted(said, key=lambda one: (one.source, one.stated or "", one.assumed or "")):
        before = stated.setdefault(one.source, one.stated or "")
        if before and one.stated and before != one.stated:
            _refuse(one.source, one.stated, before)
        stated[one.source] = before or one.stated or ""
        assumed[one.source] = assumed.get(one.source) or one.assumed or ""
    return stated, assumed


def _refuse(label: str, new: str, known: str) -> None:
    told = {Writer.PEOPLE: "people", Writer.PROGRAM: "a program of ours", Writer.MODEL: "a model"}
    raise InvalidInput(
        f"written_by: {new!r} is not usable for source {label!r}, whose rationales were written by"
        f" {told[Writer(known)]}; expected {known!r}, or another source.",
        details={"field": "written_by", "value": new, "source": label, "expected": known},
    )
