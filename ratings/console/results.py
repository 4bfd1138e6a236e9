"""A study's results: which way of reasoning people prefer, by how much, and how sure one may be."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.gates import staff_page, staff_user
from accounts.roles import Act
from ratings.analysis.services import analyse_study_for, is_masked_for
from ratings.console.access import study_frame
from ratings.console.figures import (
    forest_of_pairs,
    forest_of_strengths,
    write_interval,
    write_number,
    write_p,
    write_p_of,
    write_percent,
)
from ratings.console.journeys import present_blinding
from ratings.console.protocols import deviations_of
from ratings.console.words import NOT_COUNTED, explain
from ratings.slots.counted import COUNTED
from ratings.slots.models import Rater, Rating
from ratings.studies.models import Study
from ratings.studies.protocol import DIRECTIONS, TESTS
from ratings.studies.selectors import get_study


@require_safe
@never_cache
@staff_page(Act.VIEW_RESULTS)
def results(request: HttpRequest, name: str) -> HttpResponse:
    """The analysis of one kind of raters; before a study may be read, why there is none."""
    study = get_study(name)
    context = study_frame(request, study, here="results")
    if study.results_are_visible:
        user = staff_user(request)
        kind = request.GET.get("raters", Rater.Kind.HUMAN)
        found = analyse_study_for(user, name, raters_kind=kind)
        context |= present(found) | {
            "kind": kind,
            "kinds": kinds_of(study),
            "masked": is_masked_for(user, study),
            "primary": present_primary(found["protocol"]["primary"]),
            "deviations": deviations_of(study),
        }
    return render(request, "console/results.html", context)


def kinds_of(study: Study) -> list[tuple[str, str, int]]:
    """(kind, words, ratings that count) of each kind of raters."""
    rows = Rating.objects.filter(COUNTED, study=study)
    counts = dict(rows.values_list("rater__kind").annotate(count=Count("pk")).order_by())
    return [(kind.value, str(kind.label), counts.get(kind.value, 0)) for kind in Rater.Kind]


def present(found: dict[str, Any]) -> dict[str, Any]:
    """The context of templates/console/results.html: an analysis in words and figures, the strongest source first."""
    strengths = sorted(
        found["strengths"], key=lambda row: (row["strength"] is None, -(row["strength"] or 0.0))
    )
    return {
        "found": found,
        "blinding": present_blinding(found["blinding"]),
        "excluded": explain({code: count for code, count in found["excluded"].items() if count}, NOT_COUNTED),
        "pairs": [_pair(pair) for pair in found["pairs"]],
        "pairs_forest": forest_of_pairs(found["pairs"]),
        "strengths": [_strength(row) for row in strengths],
        "strengths_forest": forest_of_strengths(strengths),
        "agreement": {
            "alpha": write_number(found["agreement"]["alpha_ordinal"]),
            # Already in percent.
            "pairwise": _percentage(found["agreement"]["pairwise_percent"]),
            "units": found["agreement"]["units"],
        },
        "position": _position(found["position"]),
        "first_shown": _first_shown(found["first_shown"]),
        "methods": sorted({pair["clustered"]["method"] for pair in found["pairs"]}),
    }


def present_primary(primary: dict[str, Any] | None) -> dict[str, Any] | None:
    """The context of templates/console/_primary.html; None where no contrast was named."""
    if primary is None:
        return None
    return {
        **primary,
        "rate": write_percent(primary["win_rate"]),
        "interval": write_interval(write_percent(primary["low"]), write_percent(primary["high"])),
        "p_of": write_p_of(primary["p"]),
        "test_words": TESTS[primary["test"]],
        "direction_words": DIRECTIONS[primary["direction"]].lower(),
    }


def _percentage(value: float | None) -> str:
    return write_percent(None if value is None else value / 100)


def _pair(pair: dict[str, Any]) -> dict[str, Any]:
    clustered = pair["clustered"]
    return {
        **pair,
        "odds": write_number(pair["odds"]),
        "win_rate": write_percent(clustered["win_rate"]),
        "interval": write_interval(write_percent(clustered["low"]), write_percent(clustered["high"])),
        "p": write_p(clustered["p_two_sided"]),
        "p_of": write_p_of(clustered["p_two_sided"]),
        "one_sided": write_p(pair["naive"]["p_one_sided"]),
        "two_sided": write_p(pair["naive"]["p_two_sided"]),
        "sentence": _sentence(pair),
    }


def _sentence(pair: dict[str, Any]) -> dict[str, Any]:
    """Who was preferred over whom, from the winner's side."""
    a, b, clustered = pair["a"], pair["b"], pair["clustered"]
    rate, low, high = clustered["win_rate"], clustered["low"], clustered["high"]
    if rate is None:
        return {"winner": a, "loser": b, "verb": "was never compared with", "rate": "", "interval": ""}
    if rate < 0.5:
        a, b, rate = b, a, 1 - rate
        low, high = (None if high is None else 1 - high), (None if low is None else 1 - low)
    sure = low is not None and low > 0.5
    return {
        "winner": a,
        "loser": b,
        "verb": "was preferred over" if sure else "can not be told from",
        "rate": write_percent(rate),
        "interval": write_interval(write_percent(low), write_percent(high)),
    }


def _strength(row: dict[str, Any]) -> dict[str, str]:
    low, high = (write_number(row[part], signed=True) for part in ("low", "high"))
    return {
        "source": row["source"],
        "strength": write_number(row["strength"], signed=True),
        "interval": write_interval(low, high),
    }


def _position(effect: dict[str, Any] | None) -> dict[str, Any] | None:
    if effect is None:
        return None
    ranks = list(zip(("First", "Second", "Third"), map(write_number, effect["mean_rank"]), strict=True))
    return {"ranks": ranks, "p_of": write_p_of(effect["p_two_sided"])}


def _first_shown(effect: dict[str, Any] | None) -> dict[str, Any] | None:
    if effect is None:
        return None
    return {
        **effect,
        "rate": write_percent(effect["share"]),
        "interval": write_interval(write_percent(effect["low"]), write_percent(effect["high"])),
        "p_of": write_p_of(effect["p_two_sided"]),
    }
