"""The paper's study, from its preset to its analysis: 20 simulated raters through the real pages of a real site."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from accounts.audit import COMMAND
from ratings.analysis.services import analyse_study
from ratings.crowd.simulation import Simulation, simulate_raters
from ratings.slots.models import Rater, Rating, Slot
from ratings.studies.models import Protocol, Study
from ratings.studies.presets import PAPER
from tests.services.site import Site
from tests.worlds import SOURCES, make_dataset, make_study


@pytest.mark.slow
def test_the_papers_study_is_one_preset_run_through_the_real_pages(live_site: Site):
    make_dataset(questions=60)
    made = live_site.manage(
        *("create_study", "paper", "--dataset", "sums", "--sources", *SOURCES, "--preset", "paper", "--open"),
        *("--protocol", json.dumps({"a": "gamma", "b": "alpha", "direction": "a_better"})),
    )
    assert (made["triples"], made["slots"], made["state"]) == (50, 200, "open")
    simulation = Simulation(study="paper", raters=PAPER.raters, strengths={"gamma": 1.2}, via="pages")
    done = simulate_raters(simulation, actor=COMMAND)
    assert done == {"raters": 20, "ratings": 200, "surplus": 0}
    assert set(Rater.objects.values_list("done", flat=True)) == {10}, "each rater ten questions"
    assert set(Counter(Rating.objects.values_list("triple", flat=True)).values()) == {4}
    assert not Slot.objects.exclude(state="rated").exists()
    study = Study.objects.get(name="paper")
    assert "how well each one justifies the answer" in study.instructions
    found = analyse_study("paper", raters_kind="simulated")
    assert (found["ratings"], found["raters"], found["questions"]) == (200, 20, 50)
    assert found["protocol"]["sha256"] == Protocol.objects.get(study=study).sha256
    primary = found["protocol"]["primary"]
    assert primary["significant"] is True and primary["win_rate"] > 0.6 and primary["ratings"] == 200


@pytest.mark.slow
def test_a_small_study_is_rated_through_its_pages(live_site: Site):
    make_study(questions=2, overlap=1, form={"kind": "ranking", "ties": True})
    done = simulate_raters(Simulation(study="trial", raters=2, via="pages"), actor=COMMAND)
    assert done == {"raters": 2, "ratings": 2, "surplus": 0}
    assert all(len(sum(rating.ranking, [])) == 3 for rating in Rating.objects.all())
    assert all(rating.active_seconds and rating.order is not None for rating in Rating.objects.all())
