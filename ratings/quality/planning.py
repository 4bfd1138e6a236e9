"""The items for quality control that each rater of a study gets: drawn by the rater's own seed, made once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from random import Random

from django.conf import settings
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import translation

from ratings.quality.checks import make_check
from ratings.quality.degrading import prepare_degraded
from ratings.slots.models import PersonalItem, Rater
from ratings.studies.draw import keyed_hash
from ratings.studies.form import RatingForm, read_form
from ratings.studies.models import Study, Triple
from ratings.studies.orders import ORDERS
from ratings.studies.quality_mix import CHECK, QualityMix, read_mix, session_length, spread
from ratings.studies.services import chunks

#: Items are numbered from here, so that practice (lower numbers) comes before all of them.
FIRST_NUMBER = 100
_CHUNK = 1_000


def _in_language(code: str, words: str) -> str:
    with translation.override(code):
        return translation.gettext(words)


#: For instruction checks: every language of the desk but English, in which they are written.
TONGUES = {code: partial(_in_language, code) for code, _ in settings.LANGUAGES if code != "en"}


@transaction.atomic
def plan_items(study: Study, raters: Sequence[Rater]) -> int:
    """Gives these raters the study's checks, degraded triples and repeats; returns how many items were made.

    A rater who has them already, or who began before the study had a mix, gets no more: calling it again makes
    nothing, and so do two calls at once (each holds the raters' rows). What a rater gets hangs on the study's seed and
    on the rater's name alone. Which triple a degraded item or a repeat shows is chosen when it is due
    (ratings.slots.personal). A handful of statements per thousand raters.
    """
    mix = read_mix(study.quality)
    anchor = study.triples.order_by("number").first()
    if not mix.items or anchor is None:
        return 0
    if mix.degraded:
        prepare_degraded(study)
    triples = study.triples.count()
    form = read_form(study.form)
    made = 0
    for chunk in chunks(sorted(rater.pk for rater in raters), _CHUNK):
        waiting = list(
            Rater.objects.select_for_update()
            .filter(pk__in=chunk, extra_planned=0, done=0)
            .order_by("pk")
            .only("name", "quota")
        )
        items = [
            item
            for rater in waiting
            for item in _items(study, rater, mix, form, triples=triples, anchor=anchor)
        ]
        PersonalItem.objects.bulk_create(items)
        first = PersonalItem.objects.filter(rater=OuterRef("pk"), number=FIRST_NUMBER)
        # Practice that waits already comes first; its end reads the next item's turn itself.
        Rater.objects.filter(pk__in=[rater.pk for rater in waiting]).update(
            extra_planned=mix.items, due=Coalesce("due", Subquery(first.values("after")[:1]))
        )
        made += len(items)
    return made


def _items(
    study: Study, rater: Rater, mix: QualityMix, form: RatingForm, *, triples: int, anchor: Triple
) -> list[PersonalItem]:
    random = Random(keyed_hash(study.seed, "items", rater.name))
    session = session_length(per_rater=rater.quota or study.per_rater, triples=triples)
    items = []
    for number, (after, kind) in enumerate(spread(mix, session=session, random=random), start=FIRST_NUMBER):
        item = PersonalItem(rater=rater, number=number, kind=kind, after=after)
        if kind == CHECK:
            item.triple, item.order = anchor, random.randrange(len(ORDERS))
            check = make_check(form, order=item.order, random=random, tongues=TONGUES)
            item.content, item.expected = check.content, check.expected
        else:
            item.expected = {"draw": random.getrandbits(62)}
        items.append(item)
    return items
