"""Reading a study's ratings for the analysis."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Q, QuerySet

from ratings.analysis.types import JudgedTriple
from ratings.slots.counted import COUNTED, SAID
from ratings.slots.models import Rating, Slot
from ratings.studies.form import read_form
from ratings.studies.models import Study
from ratings.studies.orders import ORDERS

_CHUNK = 5_000


def judged_triples(study: Study, *, raters_kind: str) -> Iterator[JudgedTriple]:
    """The counted ratings of one kind of raters, oldest first."""
    form = read_form(study.form)
    rows = (
        _ratings(study, raters_kind)
        .filter(COUNTED)
        .order_by("pk")
        .values_list(
            "rater__name", "rater__anonymous", "triple__question__external_id", "ranking", "all_bad", "order"
        )
    )
    for rater, anonymous, question, ranking, all_bad, order in rows.iterator(chunk_size=_CHUNK):
        yield JudgedTriple(
            rater=None if anonymous else rater,
            question=question,
            ranking=tuple(tuple(group) for group in ranking),
            all_bad=all_bad,
            shown=None if order is None else ORDERS[order][: form.shown],
            beaten=form.beaten(ranking),
        )


def excluded_ratings(study: Study, *, raters_kind: str) -> dict[str, int]:
    """How many stored ratings do not count, each under the first reason that holds: superseded (an older revision,
    or a skip that was taken back), skipped, surplus (its slot had gone to another rater), personal (practice, checks,
    degraded items and repeats), rater_excluded. All reasons, zeros too."""
    counts = _ratings(study, raters_kind).aggregate(
        count_superseded=Count("pk", filter=Q(current=False)),
        count_skipped=Count("pk", filter=Q(current=True, skipped=True)),
        count_surplus=Count("pk", filter=Q(current=True, skipped=False, surplus=True)),
        count_personal=Count("pk", filter=SAID & ~Q(kind=Slot.Kind.NORMAL)),
        count_rater_excluded=Count("pk", filter=SAID & Q(kind=Slot.Kind.NORMAL, rater__included=False)),
    )
    return {name.removeprefix("count_"): count for name, count in counts.items()}


def _ratings(study: Study, raters_kind: str) -> QuerySet[Rating]:
    return Rating.objects.filter(study=study, rater__kind=raters_kind)
