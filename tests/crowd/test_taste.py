"""What simulated raters like is what it says: explicit steps, whoever wrote them."""

from __future__ import annotations

import pytest

from accounts.audit import COMMAND
from ratings.analysis.services import analyse_study
from ratings.crowd.simulation import Simulation, simulate_raters
from ratings.crowd.taste import explicit_steps
from ratings.library.models import Rationale
from tests.worlds import make_dataset, make_study


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("At first Leo has 7*12 = 84 eggs.\nNow Leo has 84-20 = 64 eggs left.", 2),
        ("Leo has 84 - 20 = $64 left. Together they have 64 + 8 = 72 dollars.", 2),
        ("7*12=84\n84-20=64\n64+8=72", 0),
        ("7*12=84, 84-20=64.", 0),
        ("It has to be 72, because that is what they have together.", 0),
        ("So 7*12 = 84.", 0),
        ("", 0),
    ],
)
def test_a_step_is_explicit_when_it_says_in_words_what_it_computes(text: str, steps: int) -> None:
    assert explicit_steps(text) == steps


@pytest.mark.django_db
def test_raters_with_a_taste_for_explicit_steps_prefer_the_source_that_has_them() -> None:
    make_dataset(questions=20)
    for rationale in Rationale.objects.filter(source__label="gamma"):
        said = "At first there are 5 - 1 = 4 of them.\nAdding two makes 4 + 2 = 6 in the end."
        Rationale.objects.filter(pk=rationale.pk).update(normalised=f"{said} {rationale.pk}", text=said)
    study = make_study(questions=20, overlap=4)

    simulate_raters(Simulation(study=study.name, raters=8, explicit_taste=3.0), actor=COMMAND)

    strengths = {
        row["source"]: row["strength"]
        for row in analyse_study(study.name, raters_kind="simulated")["strengths"]
    }
    # Two such steps, one and none; a step is worth twenty-fold odds, far above what 80 ratings leave to chance.
    assert strengths["gamma"] > strengths["beta"] + 1.5
    assert strengths["beta"] > strengths["alpha"] + 1.5
