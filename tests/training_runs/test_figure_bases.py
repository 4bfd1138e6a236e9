"""Bases that a plan trains for its figure: read, refused, trained once, gone on with, registered."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import Any

import pytest
import torch

from accounts.audit import COMMAND
from accounts.errors import Conflict
from accounts.models import AuditEvent
from generation.registry.checkpoints import verify
from generation.registry.errors import LabelTaken
from generation.registry.folders import checkpoint_root
from generation.registry.models import LanguageModel
from training.figures.errors import BadPlan
from training.figures.making_bases import made_base
from training.figures.performing import perform
from training.figures.planned_bases import PlannedBase, read_base
from training.figures.plans import read_plan
from training.loop import Unwatched
from training.runs.models import TrainingRun

RUN = '[[run]]\nname = "a"\nalgorithm = "star"\nrecipe = "star"\nset = { base = "plan-own-s{seed}" }\n'
BASE = '[[base]]\nname = "own"\nrecipe = "reversed_digits"\n'
#: A base that can do nothing, made in a moment.
SHORT = {
    "steps": 8,
    "addition.questions": {"1": 40},
    "addition.hinted_only": {"2": 10},
}


@pytest.fixture
def measured_in_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.figures.making_bases.MEASURED_QUESTIONS", 2)
    monkeypatch.setattr("training.base.measuring.MAX_NEW_TOKENS", 4)


def planned(seed: int = 0, order: str = "written") -> PlannedBase:
    entry = {"name": "own", "recipe": "reversed_digits", "set": {**SHORT, "addition.answer_order": order}}
    return read_base("plan", "plan", entry, seed)


def test_the_figures_bases_differ_in_order_alone() -> None:
    plan = read_plan("reversed-digits")
    tables = {base.label: dict(base.recipe.table) for base in plan.bases}
    written, backwards = (tables.pop(f"reversed-digits-{order}-base") for order in ("written", "reversed"))
    assert not tables and written["seed"] == backwards["seed"] == 0
    orders = [table["addition"]["answer_order"] for table in (written, backwards)]
    assert orders == ["written", "reversed"]
    assert {**written, "addition": None} == {**backwards, "addition": None}
    assert written["addition"] | {"answer_order": ""} == backwards["addition"] | {"answer_order": ""}
    runs = [run.recipe.as_json() for run in plan.runs]
    assert all(run["dataset"].rpartition("-")[2] in run["base"] for run in runs)
    assert len({frozenset(_alike(run).items()) for run in runs}) == 1


def _alike(run: dict[str, Any]) -> dict[str, str]:
    return {key: repr(value) for key, value in run.items() if key not in ("seed", "dataset", "base")}


@pytest.mark.parametrize(
    ("content", "key", "words"),
    [
        (BASE.replace("reversed_digits", "nothing") + RUN, "base.recipe", "one of addition"),
        (BASE.replace("own", "Own") + RUN, "base.name", "small letters"),
        (BASE.replace('"own"', '"a"') + RUN, "run.name", "each name of a base or run once"),
        (BASE + "seeds = 3\n" + RUN, "base.seeds", "one of name, recipe, seed, set"),
        (BASE + "seed = -1\n" + RUN, "base.seed", "a whole number from 0"),
        (BASE + "set = { seed = 3 }\n" + RUN, "base.set.seed", "the plan's seeds"),
        (BASE + "set = 3\n" + RUN, "base.set", "a table"),
        (
            BASE + 'set = { "addition.answer_order" = "up" }\n' + RUN,
            "base.set.addition.answer_order",
            "written or reversed",
        ),
        (BASE + "set = { width = 3 }\n" + RUN, "base.set.width", "one of addition, model, optimisation"),
        (BASE + RUN.replace("-own-", "-other-"), "base.name", "plan-other-s0"),
        ("base = 3\n" + RUN, "base", "each headed [[base]]"),
    ],
)
def test_a_base_that_is_planned_wrongly_names_its_key(
    tmp_path: Path, content: str, key: str, words: str
) -> None:
    (tmp_path / "plan.toml").write_text(f"seeds = [0]\n{content}")
    with pytest.raises(BadPlan) as caught:
        read_plan(str(tmp_path / "plan.toml"))
    assert caught.value.details["field"] == key and words in caught.value.details["expected"]


@pytest.mark.django_db
def test_a_base_is_made_once_and_another_under_its_label_is_refused(storage, measured_in_a_moment) -> None:
    # A figure's command is no worker, which computes on one thread anyway.
    torch.set_num_threads(2)
    made = made_base(planned(), actor=COMMAND)
    assert torch.get_num_threads() == 1
    assert (made.label, made.location) == ("plan-own-s0", "checkpoints:bases/plan-own-s0")
    manifest = verify(checkpoint_root() / "bases" / "plan-own-s0")
    assert manifest["recipe"] == made.manifest["made"]["recipe"] == planned().recipe.table
    assert made_base(planned(), actor=COMMAND).pk == made.pk
    with pytest.raises(LabelTaken, match="'plan-own-s0' already"):
        made_base(planned(order="reversed"), actor=COMMAND)
    # Trained, and killed before it was registered: it is registered, and not trained again.
    LanguageModel.objects.all().delete()
    again = made_base(planned(), actor=COMMAND)
    assert again.manifest["made"]["seconds"] == made.manifest["made"]["seconds"]
    assert again.digest == made.digest and AuditEvent.objects.filter(act="model.register").count() == 2
    with (checkpoint_root() / "bases" / ".plan-own-s1.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match="Another process is making the base 'plan-own-s1'"):
            made_base(planned(1), actor=COMMAND)


@pytest.mark.slow
@pytest.mark.django_db
def test_a_base_that_was_interrupted_goes_on(storage, measured_in_a_moment, monkeypatch) -> None:
    monkeypatch.setattr("training.base.building.SAVE_EVERY", 3)
    whole = made_base(planned(), actor=COMMAND)
    LanguageModel.objects.all().delete()
    (checkpoint_root() / "bases" / "plan-own-s0").rename(checkpoint_root() / "aside")
    steps: list[int] = []

    class Killed(Unwatched):
        def step(self, step: int, loss: float, extras: object) -> None:
            steps.append(step)
            if len(steps) == 5:
                raise KeyboardInterrupt

    monkeypatch.setattr("training.figures.making_bases.Bar.step", Killed.step)
    with pytest.raises(KeyboardInterrupt):
        made_base(planned(), actor=COMMAND)
    assert not LanguageModel.objects.exists()
    assert made_base(planned(), actor=COMMAND).digest == whole.digest
    assert steps == [1, 2, 3, 4, 5, 4, 5, 6, 7, 8]


PLAN = """
figure = "reversed-digits"
seeds = [0]
[[data]]
make = "addition"
dataset = "plain"
digits = [1]
count = 60
seed = 1
[[data]]
make = "addition"
dataset = "back"
digits = [1]
count = 60
seed = 1
answer_order = "reversed"
[[base]]
name = "plain-base"
recipe = "addition"
[base.set]
steps = 30
"addition.questions" = { 1 = 100 }
"addition.hinted_only" = { 1 = 50 }
[[base]]
name = "back-base"
recipe = "addition"
[base.set]
steps = 30
"addition.questions" = { 1 = 100 }
"addition.hinted_only" = { 1 = 50 }
"addition.answer_order" = "reversed"
[[run]]
name = "plain"
algorithm = "star"
recipe = "star_addition_figure"
[run.set]
dataset = "plain"
base = "orders-plain-base-s{seed}"
questions_per_iteration = 20
iterations = 1
first_steps = 4
[[run]]
name = "back"
algorithm = "star"
recipe = "star_addition_figure"
[run.set]
dataset = "back"
base = "orders-back-base-s{seed}"
questions_per_iteration = 20
iterations = 1
first_steps = 4
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.django_db
def test_a_plan_with_bases_ends_in_its_figure_and_trains_nothing_twice(
    storage, measured_in_a_moment, tmp_path: Path
) -> None:
    (tmp_path / "orders.toml").write_text(PLAN)
    plan = read_plan(str(tmp_path / "orders.toml"))
    said: list[str] = []
    made = perform(plan, actor=COMMAND, say=said.append)
    assert [words for words in said if words.startswith("base")] == [
        "base 1 of 2: orders-plain-base-s0",
        "base 2 of 2: orders-back-base-s0",
    ]
    runs = {run.label: run for run in TrainingRun.objects.select_related("base")}
    assert runs["orders-back-s0"].base.label == "orders-back-base-s0"
    arms = {row[0] for row in made.result["numbers"]["rows"]}
    assert arms == {"as written", "reversed"}
    before = LanguageModel.objects.count()
    assert perform(plan, actor=COMMAND).result["numbers"] == made.result["numbers"]
    assert (TrainingRun.objects.count(), LanguageModel.objects.count()) == (2, before)
