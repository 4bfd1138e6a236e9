"""Attentive and careless simulated raters through the real loop: the measures tell them apart."""

from __future__ import annotations

import pytest

from accounts.audit import COMMAND
from ratings.crowd.simulation import Simulation, simulate_raters
from ratings.quality.reliability import Level
from ratings.quality.selectors import RaterQuality, study_quality
from ratings.studies.models import Study
from tests.worlds import make_study

MIX = {"checks": 2, "degraded": 3, "repeats": 2}
ATTENTIVE, CARELESS = 12, 6


@pytest.fixture(scope="module")
def crowd(request, django_db_setup, django_db_blocker):
    """18 simulated raters, the last 6 of them careless, on an own database."""
    from tests.services.world import SERVERS, connected_to

    with SERVERS.postgres_copy() as url, django_db_blocker.unblock(), connected_to(url):
        study = make_study(questions=40, per_rater=12, overlap=6, quality=MIX)
        simulate_raters(
            Simulation(
                study=study.name,
                raters=ATTENTIVE + CARELESS,
                careless=CARELESS,
                seed=3,
                strengths={"alpha": 1.0, "gamma": -1.0},
            ),
            actor=COMMAND,
        )
        yield study


def both(study: Study) -> tuple[list[RaterQuality], list[RaterQuality]]:
    """(attentive, careless)"""
    raters = study_quality(study, raters_kind="simulated").raters
    number = {rater.name: int(rater.name.rsplit("-", 1)[1]) for rater in raters}
    return (
        [rater for rater in raters if number[rater.name] <= ATTENTIVE],
        [rater for rater in raters if number[rater.name] > ATTENTIVE],
    )


def share(raters: list[RaterQuality], part: str, whole: str) -> float:
    return sum(getattr(r.measures, part) for r in raters) / sum(getattr(r.measures, whole) for r in raters)


def test_degraded_cards_are_ranked_last_by_attentive_raters_and_not_by_careless_ones(crowd):
    attentive, careless = both(crowd)
    assert (len(attentive), len(careless)) == (ATTENTIVE, CARELESS)
    assert share(attentive, "degraded", "degraded") == 1
    assert sum(r.measures.degraded for r in attentive) == 3 * ATTENTIVE
    assert share(attentive, "degraded_last", "degraded") >= 0.75
    assert share(careless, "degraded_last", "degraded") <= 0.55
    assert share(attentive, "degraded_above", "degraded_pairs") >= 0.85
    assert share(careless, "degraded_above", "degraded_pairs") <= 0.7


def test_checks_repeats_and_speed_tell_them_apart_too(crowd):
    attentive, careless = both(crowd)
    assert sum(r.measures.checks_failed for r in attentive) == 0
    assert sum(r.measures.checks_failed for r in careless) >= CARELESS
    assert share(attentive, "repeat_alike", "repeat_pairs") >= 0.85
    assert share(careless, "repeat_alike", "repeat_pairs") <= 0.7
    assert share(attentive, "too_fast", "timed") <= 0.05
    assert share(careless, "too_fast", "timed") >= 0.4


def test_the_summary_separates_the_two(crowd):
    attentive, careless = both(crowd)
    assert {r.level for r in careless} == {Level.CARELESS}
    assert Level.CARELESS not in {r.level for r in attentive}
    assert sum(r.level is Level.FINE for r in attentive) >= ATTENTIVE - 2
    # The least reliable come first.
    assert {r.name for r in study_quality(crowd, raters_kind="simulated").raters[:CARELESS]} == {
        r.name for r in careless
    }


def test_nothing_of_it_is_about_people(crowd):
    assert study_quality(crowd, raters_kind="human").raters == []
