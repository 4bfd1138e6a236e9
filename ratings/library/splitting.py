"""Divides a dataset's questions into splits, by hash: the same seed and ids give the same splits on any machine."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterator, Sequence

from django.db import transaction
from django.db.models import Count

from accounts.audit import Actor, record
from ratings.library.datasets import get_locked_dataset
from ratings.library.models import Dataset, Question
from ratings.library.options import check_seed, refuse

#: Few-shot questions are never drawn, trained on or evaluated, and keep their split.
PROMPT_SPLIT = "prompt"
_CHUNK = 1_000


@transaction.atomic
def split_dataset(
    name: str, *, train: float, verifier: float, test: float, seed: int, actor: Actor
) -> dict[str, dict[str, int]]:
    """Moves every question but those of split `prompt` to `train`, `verifier` or `test`.

    train, verifier, test: shares of the questions, which sum to 1; each split gets its share to the nearest question.
    Returns {"splits": {name: questions}}. Raises UnknownDataset and InvalidInput.
    """
    shares = {"train": train, "verifier": verifier, "test": test}
    _check(shares)
    check_seed(seed)
    dataset = get_locked_dataset(name)
    ordered = _in_hash_order(dataset, seed)
    for split, keys in _divide(ordered, shares).items():
        for start in range(0, len(keys), _CHUNK):
            Question.objects.filter(pk__in=keys[start : start + _CHUNK]).exclude(split=split).update(
                split=split
            )
    splits = {split: 0 for split, share in shares.items() if share} | questions_by_split(dataset)
    record(actor, "dataset.split", subject=name, details={"shares": shares, "seed": seed, "splits": splits})
    return {"splits": splits}


def questions_by_split(dataset: Dataset) -> dict[str, int]:
    rows = dataset.questions.order_by().values_list("split").annotate(count=Count("pk")).order_by("split")
    return dict(rows)


def _check(shares: dict[str, float]) -> None:
    for split, share in shares.items():
        if not (math.isfinite(share) and 0 <= share <= 1):
            refuse(split, share, "a share from 0 to 1")
    total = math.fsum(shares.values())
    if not math.isclose(total, 1, abs_tol=1e-6):
        refuse(
            "train, verifier, test",
            " + ".join(f"{share:g}" for share in shares.values()),
            f"shares that sum to 1 (these sum to {total:g})",
        )


def _in_hash_order(dataset: Dataset, seed: int) -> list[int]:
    rows = (
        dataset.questions.exclude(split=PROMPT_SPLIT)
        .values_list("external_id", "pk")
        .iterator(chunk_size=_CHUNK)
    )
    return [pk for _, pk in sorted((_place(seed, external_id), pk) for external_id, pk in rows)]


def _place(seed: int, external_id: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{external_id}".encode()).digest()


def _divide(keys: Sequence[int], shares: dict[str, float]) -> dict[str, Sequence[int]]:
    ends = [round(len(keys) * min(1.0, share)) for share in itertools.accumulate(shares.values())]
    return {split: keys[start:end] for split, (start, end) in zip(shares, _spans(ends), strict=True)}


def _spans(ends: Sequence[int]) -> Iterator[tuple[int, int]]:
    yield from zip([0, *ends], ends, strict=False)
