"""Opening a study: from a draft with triples to a pool of slots, and adding slots to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from accounts.audit import Actor
from ratings.slots.models import Slot
from ratings.slots.statements import is_postgresql
from ratings.studies.draw import keyed_hash
from ratings.studies.freezing import freeze_protocol, log_deviation
from ratings.studies.lint import Finding
from ratings.studies.models import Study, Triple
from ratings.studies.orders import ORDER_NUMBER, ORDERS, deal_orders
from ratings.studies.selectors import get_study
from ratings.studies.services import check_lint, chunks, move_state

_CHUNK = 10_000

_COPY = """
COPY ratings_slot (study_id, triple_id, replicate, "order", random_key, kind, state, priority, skips) FROM STDIN
"""
_BEGINNING = (Slot.Kind.NORMAL.value, Slot.State.OPEN.value, 0, 0)


@transaction.atomic
def open_study(name: str, *, actor: Actor, override: str = "") -> tuple[Study, list[Finding]]:
    """Opens a draft (creating its slots) or resumes a paused study. Raises WrongState or LintBlocks."""
    findings = check_lint(get_study(name), override=override)
    first_time = not Slot.objects.filter(study__name=name).exists()
    study = move_state(
        name,
        to=Study.State.OPEN,
        allowed=["draft", "paused"],
        actor=actor,
        act="study.open",
        details={"override": override.strip(), "findings": len(findings)},
    )
    if first_time:
        create_slots(study)
        study.opened_at = timezone.now()
        freeze_protocol(study, actor=actor)
    if override.strip() and override.strip() != study.override_reason and any(one.blocks for one in findings):
        blocking = Counter(one.rule for one in findings if one.blocks)
        log_deviation(study, "lint_override", actor=actor, reason=override, details=dict(blocking))
    study.override_reason = override.strip() or study.override_reason
    study.save(update_fields=["opened_at", "override_reason"])
    return study, findings


class PlannedSlot(NamedTuple):
    """What tells one planned slot from another; all else is a slot's beginning."""

    triple_id: int
    replicate: int
    order: int
    random_key: int


def create_slots(study: Study, *, beyond: int = 0) -> int:
    """Every triple's planned slots, or those beyond so many that are there; returns how many were made.

    Memory holds one chunk, whatever the size of the study.
    """
    store = _copy if is_postgresql() else _insert
    made = 0
    for chunk in chunks(_planned_slots(study, beyond), _CHUNK):
        store(study, chunk)
        made += len(chunk)
    return made


def _planned_slots(study: Study, beyond: int = 0) -> Iterator[PlannedSlot]:
    highest = _extra_replicates(study, beyond) if beyond else {}
    triples = study.triples.order_by("number").values_list("pk", "question__external_id", "base_order")
    for pk, key, base in triples.iterator(chunk_size=_CHUNK):
        random = Random(keyed_hash(study.seed, "orders", key))
        # Dealing goes on where it stopped: the first orders of a longer deal are those of a shorter one.
        for number, dealt in enumerate(deal_orders(random, replicates=study.ratings_per_triple)):
            if number < beyond:
                continue
            random_key = keyed_hash(study.seed, "slot", key, str(number))
            # Imported ratings took the numbers after the plan's.
            replicate = number - beyond + max(beyond, highest.get(pk, -1) + 1)
            yield PlannedSlot(pk, replicate, _in_sources(dealt, base), random_key)


def _extra_replicates(study: Study, planned: int) -> dict[int, int]:
    """The highest replicate of each triple that has more slots than planned."""
    normal = Slot.objects.filter(study=study, kind=Slot.Kind.NORMAL).order_by()
    highest = normal.values("triple_id").annotate(highest=Max("replicate"))
    return dict(highest.filter(highest__gte=planned).values_list("triple_id", "highest"))


def _insert(study: Study, planned: Sequence[PlannedSlot]) -> None:
    Slot.objects.bulk_create(Slot(study_id=study.pk, **slot._asdict()) for slot in planned)


def _copy(study: Study, planned: Sequence[PlannedSlot]) -> None:
    """The same by PostgreSQL's COPY, which takes a million rows in the time that INSERT takes a hundred thousand."""
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for slot in planned:
            copy.write_row((study.pk, *slot, *_BEGINNING))


def _in_sources(dealt: tuple[int, int, int], base: int) -> int:
    """An order dealt over the texts' own arrangement, as an order number over sources."""
    return ORDER_NUMBER[tuple(ORDERS[base][place] for place in dealt)]


def extra_slot(study: Study, triple: Triple, *, replicate: int, order: int) -> Slot:
    """One more place than planned, for an imported rating. Not saved."""
    return Slot(
        study=study,
        triple=triple,
        replicate=replicate,
        order=order,
        random_key=keyed_hash(study.seed, "slot", str(triple.pk), str(replicate)),
    )
