"""The pairs of right and wrong solutions that a verifier learned from, stored with both of their examples.

Which these are follows from the stored candidates and the seed, by the very function that the loop calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from problems.types import Verdict
from ratings.studies.services import chunks
from training.pairs import preference_pairs
from training.recipes.schema import Vstar
from training.runs.models import Fate, PreferencePair, TrainingExample, TrainingRun

if TYPE_CHECKING:
    from jobs.context import JobContext

_CHUNK = 500


def store_verifier_pairs(
    context: JobContext, run: TrainingRun, recipe: Vstar, *, expected: int, after: int
) -> None:
    """expected: how many the loop made. after: numbers up to this belong to pairs from votes. Again changes nothing."""
    if run.pairs.filter(origin=PreferencePair.Origin.VERDICT).count() == expected:
        return
    rows = _rows(run)
    prompts: dict[str, str] = {}
    right: dict[str, list[str]] = {}
    wrong: dict[str, list[str]] = {}
    known: dict[tuple[str, str], TrainingExample] = {}
    for row in rows:
        key = row.question.external_id
        prompts.setdefault(key, row.training_prompt)
        known.setdefault((key, row.completion), row)
        if row.fate != Fate.UNFINISHED:
            # Given solutions argue for the answer, whether they state it or not.
            good = row.verdict in (Verdict.CORRECT, Verdict.GIVEN)
            (right if good else wrong).setdefault(key, []).append(row.completion)
    pairs = preference_pairs(
        prompts,
        right,
        wrong,
        per_question=recipe.pairs_per_question,
        limit=recipe.max_pairs,
        seed=recipe.seed,
    )
    assert len(pairs) == expected, f"{len(pairs)} pairs follow from what is stored, the loop made {expected}"
    stored = [
        PreferencePair(
            run=run,
            number=after + number,
            origin=PreferencePair.Origin.VERDICT,
            use=PreferencePair.Use.TRAIN,
            question_id=known[pair.question, pair.chosen].question_id,
            split=recipe.split,
            prompt=pair.prompt,
            chosen=pair.chosen,
            rejected=pair.rejected,
            chosen_example=known[pair.question, pair.chosen],
            rejected_example=known[pair.question, pair.rejected],
            chosen_rationale_id=known[pair.question, pair.chosen].rationale_id,
        )
        for number, pair in enumerate(pairs)
    ]
    for part in chunks(stored, _CHUNK):
        with context.writing():
            PreferencePair.objects.bulk_create(part, ignore_conflicts=True)


def _rows(run: TrainingRun) -> list[TrainingExample]:
    """Given solutions first, then the samples in the order in which they were drawn; not the held-out ones."""
    rows = TrainingExample.objects.filter(run=run).exclude(fate=Fate.HELD_OUT).select_related("question")
    return list(rows.order_by("iteration", "pk"))
