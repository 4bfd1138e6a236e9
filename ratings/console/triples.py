"""A study's triples as raters see them, without taking a slot."""

from __future__ import annotations

import secrets
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.gates import staff_page
from accounts.roles import Act
from ratings.console.access import study_frame
from ratings.console.selectors import get_triple
from ratings.desk.instructions import render_instructions
from ratings.desk.presenting import MARKS, present
from ratings.quality.degrade import WORDS, Way
from ratings.slots.cards import assignment_view
from ratings.slots.models import DegradedTriple
from ratings.studies.draw import keyed_hash
from ratings.studies.form import read_form
from ratings.studies.models import Study, Triple
from ratings.studies.orders import ORDER_NUMBER, ORDERS
from ratings.studies.selectors import get_study

TRIPLES_A_PAGE = 50


@require_safe
@staff_page(Act.VIEW_STUDIES)
def triples(request: HttpRequest, name: str) -> HttpResponse:
    """The study's triples by number."""
    study = get_study(name)
    rows = study.triples.select_related("question", "revision").order_by("number").defer("content")
    context = {
        **study_frame(request, study, here="triples"),
        "page": Paginator(rows, TRIPLES_A_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "console/triples.html", context)


@require_safe
@never_cache
@staff_page(Act.VIEW_STUDIES)
def triple(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """One triple, its cards in an order drawn from the triple: a position tells as little as it tells raters.

    With `?degraded=1` as its degraded item shows it, where quality control made one.
    """
    study = get_study(name)
    found = get_triple(study, number)
    degraded = DegradedTriple.objects.filter(triple=found).first()
    as_degraded = degraded is not None and bool(request.GET.get("degraded"))
    form = read_form(study.form)
    order = preview_order(study, found)
    if degraded is not None and ORDERS[order].index(degraded.expected["source"]) >= form.shown:
        # Of a pair the worsened card has to be one.
        order = ORDER_NUMBER[tuple(reversed(ORDERS[order]))]
    view = assignment_view(
        token=secrets.token_hex(16),
        order=order,
        content=degraded.content if degraded is not None and as_degraded else found.content,
        lease_expires_at=timezone.now(),
        done=0,
        quota=study.per_rater,
        form=form,
    )
    context = {
        **study_frame(request, study, here="triples"),
        **present(view),
        "number": number,
        "last": study.triples.count(),
        "instructions": render_instructions(study.instructions),
        "damage": _damage(degraded, order) if degraded is not None else None,
        "as_degraded": as_degraded,
    }
    if context["sources_are_visible"]:
        context["behind"] = _behind(study, found, order)
    return render(request, "console/triple.html", context)


def _damage(degraded: DegradedTriple, order: int) -> tuple[str, str]:
    """(mark, words) of the card that was made worse, where it stands here."""
    mark = MARKS[ORDERS[order].index(degraded.expected["source"])]
    return mark, WORDS[Way(degraded.expected["way"])]


def preview_order(study: Study, triple: Triple) -> int:
    """Always the same for a triple; drawn over the texts' own arrangement, so that no source has a part in it."""
    drawn = ORDERS[keyed_hash(study.seed, "preview", str(triple.number)) % len(ORDERS)]
    return ORDER_NUMBER[tuple(ORDERS[triple.base_order][place] for place in drawn)]


def _behind(study: Study, found: Triple, order: int) -> list[dict[str, Any]]:
    """What stands behind each card, by position."""
    cards = {
        card.source_index: card.rationale for card in found.cards.select_related("rationale__source").all()
    }
    return [
        {"mark": mark, "rationale": cards[source]}
        for mark, source in zip(MARKS, ORDERS[order][: read_form(study.form).shown], strict=False)
        if source in cards
    ]
