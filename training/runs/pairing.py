"""A run's preference pairs: gathered once, stored as rows, handed to the loops."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from problems.types import Family
from ratings.studies.services import chunks
from training.records import Pair
from training.runs.errors import NoPreferences
from training.runs.models import PreferencePair, TrainingRun
from training.runs.preference_files import find_export_file, pairs_of_file
from training.runs.preferences import FoundPair, pairs_of_studies

if TYPE_CHECKING:
    from jobs.context import JobContext

_CHUNK = 500


def gathered_pairs(run: TrainingRun, *, raters: str, ties: str, export: str = "") -> list[FoundPair]:
    """Of the run's studies by name, then of the file. Raises InvalidInput for what is wrong with the file."""
    family = Family(run.dataset.family)
    found: Iterable[FoundPair] = pairs_of_studies(
        list(run.studies.order_by("name")), raters=raters, ties=ties, family=family
    )
    if export:
        path = find_export_file(export, raters=raters, paths_allowed=True)
        found = chain(found, pairs_of_file(path, run.dataset, raters=raters))
    return list(found)


def sides(pairs: Sequence[dict[str, Any]], *, split: str, held_out: Sequence[str]) -> list[str]:
    """For each pair what it is for: the split of its question alone decides. "" for neither."""
    uses = {split: PreferencePair.Use.TRAIN.value}
    uses |= dict.fromkeys(held_out, PreferencePair.Use.HELD_OUT.value)
    return [uses.get(pair["split"], "") for pair in pairs]


def store_pairs(
    context: JobContext,
    run: TrainingRun,
    pairs: Sequence[dict[str, Any]],
    uses: Sequence[str],
    *,
    weight: float = 1.0,
) -> None:
    """Rows of all pairs that are for something; those that an earlier attempt stored are left alone."""
    rows = [
        PreferencePair(
            run=run,
            number=number,
            origin=pair["origin"],
            use=use,
            question_id=pair["question"],
            split=pair["split"],
            prompt=pair["prompt"],
            chosen=pair["chosen"],
            rejected=pair["rejected"],
            chosen_rationale_id=pair["chosen_rationale"],
            rejected_rationale_id=pair["rejected_rationale"],
            votes=pair["votes"],
            weight=weight,
        )
        for number, (pair, use) in enumerate(zip(pairs, uses, strict=True))
        if use
    ]
    if run.pairs.exclude(origin=PreferencePair.Origin.VERDICT).count() == len(rows):
        return
    for part in chunks(rows, _CHUNK):
        with context.writing():
            PreferencePair.objects.bulk_create(part, ignore_conflicts=True)
        context.check()


def as_pairs(pairs: Iterable[dict[str, Any]], *, weight: float = 1.0) -> list[Pair]:
    return [
        Pair(pair["id"], pair["prompt"], pair["chosen"], pair["rejected"], weight, "raters") for pair in pairs
    ]


def no_preferences(pairs: Sequence[dict[str, Any]], *, split: str, raters: str) -> NoPreferences:
    """Why there is no pair to learn from."""
    counts: dict[str, int] = {}
    for pair in pairs:
        counts[pair["split"]] = counts.get(pair["split"], 0) + 1
    where = ", ".join(f"{name} ({count:,})" for name, count in sorted(counts.items())) or "no split at all"
    return NoPreferences(
        f"No {raters} rater told two rationales apart in split {split!r}; there are pairs in {where}.",
        details={"field": "split", "value": split, "raters": raters, "pairs": counts},
    )
