"""The protocol on pages: no names while blind, the primary contrast first in results, deviations beside it."""

from __future__ import annotations

import pytest

from accounts.audit import COMMAND
from ratings.crowd.simulation import Simulation, simulate_raters
from ratings.slots.overlap import raise_overlap
from ratings.studies.models import Protocol
from ratings.studies.services import close_study, unblind_study
from tests.console.ladder import LABELS
from tests.worlds import make_study

pytestmark = pytest.mark.django_db

PRIMARY = {
    "a": LABELS[0],
    "b": LABELS[2],
    "direction": "a_better",
    "hypothesis": f"{LABELS[0]} shows <each> step",
    "planned_ratings": 24,
}
RESULTS = "/studies/trial/results/?raters=simulated"


@pytest.fixture
def rated() -> None:
    make_study(questions=8, sources=LABELS, protocol=PRIMARY)
    simulate_raters(Simulation(study="trial", raters=4, strengths={LABELS[0]: 2.0}), actor=COMMAND)
    raise_overlap("trial", to=4, reason="a wide <interval>", actor=COMMAND)


def test_while_blind_the_contrast_is_there_without_names_and_with_its_hash(client, owner, rated):
    client.force_login(owner)
    page = client.get("/studies/trial/").content.decode()
    assert "one source over another, one-sided, α = 0.05" in page
    assert Protocol.objects.get().sha256 in page
    assert not [label for label in LABELS if label in page]
    assert "More ratings of each triple than planned: 3 to 4" in page and "a wide &lt;interval&gt;" in page


def test_in_results_it_comes_first_and_is_marked(client, owner, rated):
    close_study("trial", actor=COMMAND)
    client.force_login(owner)
    page = client.get(RESULTS).content.decode()
    assert (
        page.index("Primary contrast")
        < page.index("Done otherwise than planned")
        < page.index("Who was preferred")
    )
    assert "Named before rating began" in page and 'of <span class="number">24</span> planned' in page
    assert "All other comparisons below are exploratory" in page and "shows &lt;each&gt; step" in page
    assert "Significant" in page
    study = client.get("/studies/trial/").content.decode()
    assert f"{LABELS[0]} over {LABELS[2]}, one-sided" in study


def test_a_blind_analyst_reads_it_under_masked_names(client, blind_analyst, rated):
    close_study("trial", actor=COMMAND)
    client.force_login(blind_analyst)
    for address in (RESULTS, "/studies/trial/"):
        page = client.get(address).content.decode()
        assert not [label for label in LABELS if label in page], address
    assert "<strong>Source " in client.get(RESULTS).content.decode()


def test_an_early_look_is_told_with_its_reason(client, owner, rated):
    unblind_study("trial", reason="a deadline", actor=COMMAND)
    client.force_login(owner)
    page = client.get(RESULTS).content.decode()
    assert "Un-blinded before the study was closed" in page and "“a deadline”" in page


def test_without_a_contrast_nothing_is_called_primary(client, owner):
    make_study(questions=3, sources=LABELS)
    close_study("trial", actor=COMMAND)
    client.force_login(owner)
    assert "Primary contrast" not in client.get(RESULTS).content.decode()
    page = client.get("/studies/trial/").content.decode()
    assert "every comparison is exploratory" in page and "Nothing was done otherwise than planned" in page
