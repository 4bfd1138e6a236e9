"""Which rationales of the library, or of an earlier run, are learned from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from django.db.models import Q, QuerySet

from generation.registry.provenance import CAME_WITH_QUESTION
from problems.types import Verdict
from ratings.exports.pairs import comparisons
from ratings.exports.selectors import rated_triples
from ratings.library.models import Dataset, Rationale
from ratings.slots.counted import COUNTED
from ratings.slots.models import Rating
from ratings.studies.models import Study, StudySource
from training.runs.errors import NoRationales
from training.runs.models import EXTRAS, Algorithm, Fate, TrainingExample, TrainingRun


def learnable(
    dataset: Dataset, split: str, sources: Sequence[str] = (), studies: Sequence[Study] = ()
) -> QuerySet[Rationale]:
    """Live rationales of a split that are right or were written for the answer, in the order of ids.

    sources: only of these, whoever wrote them. Empty: what came with the questions (generation.registry.provenance),
    never what a model wrote; and with studies all of their sources, since their raters choose among them.
    """
    right = Rationale.objects.filter(
        live=True, revision__current=True, verdict__in=[Verdict.CORRECT, Verdict.GIVEN]
    )
    found = right.filter(question__dataset=dataset, question__split=split)
    if sources:
        found = found.filter(source__label__in=sources)
    elif studies:
        rated = StudySource.objects.filter(study__in=studies).values("source")
        own = found.filter(CAME_WITH_QUESTION).values("pk")
        found = found.filter(Q(source__in=rated) | Q(pk__in=own))
    else:
        found = found.filter(CAME_WITH_QUESTION)
    return found.order_by("question__external_id", "source__label", "text_digest")


def preferred(rationales: Iterable[int], studies: Sequence[Study], *, raters: str) -> set[int]:
    """Those of the rationales that won more comparisons than they lost, over all counted votes of these studies."""
    balance: Counter[int] = Counter()
    for study in studies:
        for rated in rated_triples(study, raters=raters, split=None, counted_only=True, with_texts=True):
            for pair in comparisons(rated.ranking, beaten=rated.beaten):
                if not pair.tied:
                    balance[rated.triple.cards[pair.chosen].rationale] += 1
                    balance[rated.triple.cards[pair.rejected].rationale] -= 1
    return {rationale for rationale in rationales if balance[rationale] > 0}


def counted_votes(studies: Iterable[Study], *, raters: str) -> int:
    """Ratings that `preferred` goes by, those that tell nothing apart among them."""
    return Rating.objects.filter(COUNTED, study__in=studies, rater__kind=raters).count()


def rationale_contents(rationales: Sequence[int]) -> list[list[object]]:
    """What these rationales and their questions are, without any key of this database, in an order of their own."""
    rows = Rationale.objects.filter(pk__in=rationales)
    columns = rows.values_list(
        "question__external_id", "source__label", "text_digest", "revision__content_digest"
    )
    return [list(row) for row in sorted(columns)]


def kept_examples(label: str, dataset: Dataset) -> QuerySet[TrainingExample]:
    """What the last finished iteration of the STaR run of that label kept of its own. Raises NoRationales."""
    run = (
        TrainingRun.objects.filter(label=label, holds_label=True, algorithm=Algorithm.STAR, dataset=dataset)
        .order_by("-pk")
        .first()
    )
    last = run.iterations.filter(finished_at__isnull=False).order_by("-number").first() if run else None
    if run is None or last is None:
        raise NoRationales(
            f"There is no STaR run {label!r} on dataset {dataset.name!r} with a finished iteration.",
            details={"value": label, "expected": "the label of a STaR run"},
        )
    kept = TrainingExample.objects.filter(run=run, iteration=last.number, fate=Fate.KEPT)
    examples = kept.exclude(origin__in=EXTRAS)
    return examples.order_by("question__external_id", "origin", "sample")


def require_kept_examples(label: str, dataset: Dataset) -> None:
    """Raises NoRationales."""
    if not kept_examples(label, dataset).exists():
        raise NoRationales(
            f"The last iteration of run {label!r} kept nothing.",
            details={"value": label, "expected": "a run that kept examples"},
        )
