"""Questions that the project makes itself: sums and word problems, with their gold rationales, in one transaction.

Their ids are those of questions that came without one, and their splits follow from their texts
(`problems.splits`): making the same questions again changes nothing, and making more of them with another seed never
moves one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import transaction

from accounts.audit import Actor, record
from problems.addition import ANSWER_ORDERS, REVERSED_ORDER, WRITTEN_ORDER
from problems.drawing import Drawn, TooFewQuestions, draw_sums, draw_word_problems
from problems.splits import SHARES, check_shares
from problems.types import Family
from ratings.library.datasets import dataset_for_questions
from ratings.library.digests import derived_id
from ratings.library.importing.files import QuestionFile, counts
from ratings.library.importing.report import RowErrors
from ratings.library.options import check_names, check_seed, refuse
from ratings.library.records import QuestionRow, RationaleRow, Writer

#: The sources of the gold rationales.
SCRATCHPAD, WRITTEN = "scratchpad", "written"

MAX_COUNT = 1_000_000
MAX_DIGITS = 20

Progress = Callable[[Iterable[Any]], Iterator[Any]]


def make_addition(
    dataset: str,
    *,
    digits: Sequence[int],
    count: int,
    seed: int,
    answer_order: str = WRITTEN_ORDER,
    shares: Mapping[str, float] = SHARES,
    actor: Actor,
    progress: Progress = iter,
) -> dict[str, Any]:
    """Adds `count` sums, each length of `digits` equally often while it lasts, to a dataset, made if missing.

    answer_order: `written`, or `reversed`: the sum's last digit comes first.
    Returns `created, updated, unchanged` and `splits`, the made questions by split. Raises InvalidInput.
    """
    if not digits or not all(1 <= length <= MAX_DIGITS for length in digits):
        refuse("digits", "-".join(map(str, digits)), f"lengths from 1 to {MAX_DIGITS}")
    if answer_order not in ANSWER_ORDERS:
        refuse("answer_order", answer_order, "one of " + ", ".join(ANSWER_ORDERS))
    _check(dataset, count, seed, shares)
    is_reversed = answer_order == REVERSED_ORDER
    drawn = draw_sums(count, digits=digits, seed=seed, reversed=is_reversed, shares=shares)
    options = {"digits": list(digits), "answer_order": answer_order, "count": count, "seed": seed}
    return _make(dataset, Family.ADDITION, progress(drawn), SCRATCHPAD, options, actor)


def make_word_problems(
    dataset: str,
    *,
    count: int,
    seed: int,
    shares: Mapping[str, float] = SHARES,
    actor: Actor,
    progress: Progress = iter,
) -> dict[str, Any]:
    """Adds `count` word problems to a dataset, made if missing. Returns and raises as make_addition."""
    _check(dataset, count, seed, shares)
    drawn = draw_word_problems(count, seed=seed, shares=shares)
    options = {"count": count, "seed": seed}
    return _make(dataset, Family.WORD_PROBLEM, progress(drawn), WRITTEN, options, actor)


def _check(dataset: str, count: int, seed: int, shares: Mapping[str, float]) -> None:
    check_names(dataset=dataset)
    for split in shares:
        check_names(dataset=dataset, split=split)
    if not 1 <= count <= MAX_COUNT:
        refuse("count", count, f"a number from 1 to {MAX_COUNT}")
    check_seed(seed)
    try:
        check_shares(shares)
    except ValueError as error:
        refuse("split", " ".join(f"{split}={share:g}" for split, share in shares.items()), str(error))


def _make(
    name: str, family: Family, drawn: Iterator[Drawn], source: str, options: dict[str, Any], actor: Actor
) -> dict[str, Any]:
    errors = RowErrors()
    splits: Counter[str] = Counter()
    rows = _rows(drawn, source, splits)
    try:
        with transaction.atomic():
            first = next(rows)
            target = QuestionFile(
                dataset_for_questions(name, family=family, first=first), split=None, errors=errors
            )
            target.write(_chained(first, rows))
            errors.raise_if_any()
            made = counts(target)["questions"]
            answer = {key: made[key] for key in ("created", "updated", "unchanged")}
            record(actor, f"dataset.make_{family.value}", subject=name, details={**answer, **options})
    except TooFewQuestions as error:
        refuse("count", error.asked, f"at most {error.found}, since there are no more different questions")
    return {**answer, "dataset": name, "splits": dict(sorted(splits.items()))}


def _rows(drawn: Iterator[Drawn], source: str, splits: Counter[str]) -> Iterator[QuestionRow]:
    for number, one in enumerate(drawn, start=1):
        splits[one.split] += 1
        yield QuestionRow(
            row=number,
            external_id=derived_id(one.question),
            text=one.question,
            choices=None,
            answer=one.answer,
            split=one.split,
            rationales=(RationaleRow(source=source, text=one.rationale, written_by=Writer.PROGRAM),),
        )


def _chained(first: QuestionRow, rest: Iterator[QuestionRow]) -> Iterator[QuestionRow]:
    yield first
    yield from rest
