"""Who wrote the rationales of a source, and by that which texts count as the questions' own.

A source knows its writers: people, a program of ours that makes the questions, or a model. Whoever brings its
rationales says so: the format (GSM8K and CoS-E hold people's, GSM8K's example solutions are models'), the row or the
option (`written_by`); what this site's models write is a model's. What nobody has said stays unsaid, and is taken for
nobody's own text: not for a human solution, and not for something to learn from unless its source is named.

Where a file does not say, two things are taken as said: that people wrote what is called `human`, and the one solution
that stands beside a question in its own file. Of several beside one question nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from accounts.audit import Actor, record
from ratings.library.errors import OtherWriter, UnknownSource
from ratings.library.models import Dataset, Rationale, Source
from ratings.library.options import check_writer
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

    The caller is in a transaction. Raises OtherWriter where a statement contradicts another one.
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


@transaction.atomic
def set_writer(label: str, written_by: str, *, actor: Actor) -> dict[str, Any]:
    """Says who wrote what a source holds, whatever was said or assumed before, with a line in the audit log.

    Returns the source, `written_by`, what was said before ("" for nothing) and its live rationales. What was trained or
    drawn before stays as it is. Raises InvalidInput for no such writer, and UnknownSource. What models of this site
    wrote it does not know: generation.registry.writers does.
    """
    check_writer(written_by)
    source = Source.objects.select_for_update().filter(label=label).first()
    if source is None:
        raise UnknownSource(
            f"source: {label!r} is not here; expected the label of a source that holds rationales.",
            details={"field": "source", "value": label, "expected": "the label of a source"},
        )
    before, source.written_by = source.written_by, written_by
    source.save(update_fields=["written_by"])
    record(actor, "source.set_writer", subject=label, details={"before": before, "written_by": written_by})
    return {
        "source": label,
        "written_by": written_by,
        "before": before,
        "rationales": Rationale.objects.filter(source=source, live=True).count(),
    }


def unsaid_words(dataset: Dataset, split: str = "", *, apart_from: Sequence[str] = ()) -> str:
    """A sentence's end about sources, of a split or of all, of which nobody has said who wrote them; "" without any.

    apart_from: sources that could not help.
    """
    held = Rationale.objects.filter(question__dataset=dataset, live=True)
    if split:
        held = held.filter(question__split=split)
    unsaid = held.filter(source__written_by="").exclude(source__label__in=list(apart_from))
    labels = unsaid.order_by("source__label").values_list("source__label", flat=True)
    named = ", ".join(repr(label) for label in labels.distinct()[:10])
    advice = "if people did, say so: manage.py set_writer SOURCE people"
    return f"; who wrote {named} nobody has said ({advice})" if named else ""


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
    raise OtherWriter(
        f"written_by: {new!r} is not usable for source {label!r}, whose rationales were written by"
        f" {told[Writer(known)]}; expected {known!r}, or another source. If that was wrong, correct it first:"
        f" manage.py set_writer {label} {new}",
        details={"field": "written_by", "value": new, "source": label, "expected": known},
    )
