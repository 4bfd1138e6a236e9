"""Reads the questions of a dataset with their candidates, a few thousand at a time."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from problems.text import fold
from ratings.library.models import Dataset, Question, Rationale, Source
from ratings.studies.draw import Candidate, QuestionCandidates

_CHUNK = 2_000


def question_candidates(
    dataset: Dataset, sources: Sequence[Source], *, split: str = "", keys: Collection[str] | None = None
) -> Iterator[QuestionCandidates]:
    """Every question of the dataset, of one split or of these external ids, with its live rationales of these sources.

    Memory holds one chunk.
    """
    index_of = {source.pk: index for index, source in enumerate(sources)}
    wanted = Question.objects.filter(dataset=dataset, **({"split": split} if split else {}))
    if keys is not None:
        wanted = wanted.filter(external_id__in=keys)
    last = 0
    while True:
        questions = list(
            wanted.filter(pk__gt=last).order_by("pk").values_list("pk", "external_id", "split")[:_CHUNK]
        )
        if not questions:
            return
        few = [pk for pk, _, _ in questions] if keys is not None else None
        found = _candidates(questions[0][0], questions[-1][0], dataset, index_of, few)
        for pk, external_id, split in questions:
            yield QuestionCandidates(question=pk, key=external_id, split=split, candidates=found.get(pk, ()))
        last = questions[-1][0]


def _candidates(
    first: int, last: int, dataset: Dataset, index_of: dict[int, int], few: list[int] | None
) -> dict[int, list[Candidate]]:
    found: dict[int, list[Candidate]] = defaultdict(list)
    # A chunk is a range of ids; a few questions may lie far apart in it.
    which = {"question_id__gte": first, "question_id__lte": last} if few is None else {"question_id__in": few}
    rows = Rationale.objects.filter(
        question__dataset=dataset, source_id__in=list(index_of), live=True, **which
    ).values_list(
        "pk", "question_id", "source_id", "text_digest", "normalised", "verdict", "text_agrees", "copies"
    )
    for pk, question, source, digest, normalised, verdict, text_agrees, copies in rows.iterator(
        chunk_size=_CHUNK
    ):
        folded = hashlib.sha256(fold(normalised).encode()).hexdigest()
        found[question].append(Candidate(pk, index_of[source], digest, folded, verdict, text_agrees, copies))
    return found
