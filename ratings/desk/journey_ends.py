"""Leaving a study for good, and the reveal of what a rater preferred."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from ratings.desk.gate import go_to, rater_page
from ratings.desk.journey_words import places_in_words
from ratings.desk.notes import journey_address
from ratings.desk.presenting import MARKS
from ratings.desk.session import read_secret
from ratings.journeys import services
from ratings.journeys.reveal import RevealedTriple, reveal_for
from ratings.slots.errors import StudyClosed
from ratings.studies.journey import ENDS


@require_http_methods(["GET", "HEAD", "POST"])
@rater_page
def leave(request: HttpRequest, study: str) -> HttpResponse:
    """GET says what leaving means; POST leaves."""
    secret = read_secret(request)
    if request.method == "POST":
        services.leave(secret, study=study)
        return go_to(request, journey_address(study))
    standing = services.stand(secret, study=study)
    if standing.stage in ENDS:
        return go_to(request, journey_address(study))
    if standing.session.state == "closed":
        raise StudyClosed("This study is closed.", details={"study": study})
    context = {"session": standing.session, "completion_code": standing.journey.completion.code("no_consent")}
    return render(request, "desk/journey/leave.html", context)


@require_safe
@rater_page
def reveal(request: HttpRequest, study: str) -> HttpResponse:
    """Which source wrote what, once nothing can be biased by it any more; 404 before."""
    standing = services.stand(read_secret(request), study=study)
    found = reveal_for(standing)
    kind = standing.session.form.kind
    triples = [_triple(triple, kind) for triple in found.triples]
    context = {"session": standing.session, "found": found, "triples": triples, "favourite": found.favourite}
    return render(request, "desk/journey/reveal.html", context)


def _triple(triple: RevealedTriple, kind: str) -> dict[str, Any]:
    """A triple with its cards in the rater's order, those without a place last."""
    placed = sorted({card.place for card in triple.cards if card.place})
    groups = [[card.label for card in triple.cards if card.place == place] for place in placed]
    words = places_in_words(groups, kind)
    return {
        "question": triple.question,
        "all_bad": triple.all_bad,
        "cards": [
            {
                "card": card,
                "mark": MARKS[card.position],
                "place": words.get(card.label, ""),
                "is_first": card.place == 1,
            }
            for card in sorted(triple.cards, key=lambda card: card.place or len(MARKS) + 1)
        ],
    }
