"""Every key of every recipe does something: where it arrives, or the test that fails if it were ignored."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from problems.types import Family
from ratings.library.models import Question, Rationale
from ratings.slots.models import Rater, Rating
from ratings.studies.models import Study
from tests.training_runs.votes import STYLES, voted_sums
from tests.training_runs.worlds import done, launched, recipe
from training.packing import Packing
from training.recipes.fields import kinds_of
from training.recipes.schema import ALGORITHMS, Recipe
from training.runs import dpo_work, sft_work, star_work, vstar_work
from training.runs.descending import optimisation_of
from training.runs.freezing import RunData
from training.runs.models import TrainingRun
from training.runs.packing import packing_of

HERE = Path(__file__).resolve().parent

# ------------------------------------------------------------------------------------------ what arrives in the engine

#: Key: (value, where it stands then, and what is there). Keys that it can not do without follow as a fourth.
HOW: dict[str, tuple[Any, ...]] = {
    "seed": (7, "seed", 7),
    "learning_rate": (0.25, "schedule.peak", 0.25),
    "schedule": ("cosine", "schedule.shape", "cosine"),
    "warmup_steps": (9, "schedule.warmup_steps", 9),
    "hold": (0.125, "schedule.hold", 0.125),
    "final_share": (0.625, "schedule.final_share", 0.625),
    "batch_size": (5, "batch_size", 5),
    "accumulate": (3, "accumulate", 3),
    "adam_beta2": (0.75, "betas", (0.9, 0.75)),
    "clip": (0.5, "clip", 0.5),
    "weight_decay": (0.125, "weight_decay", 0.125),
    "precision": ("bf16", "precision", "bf16"),
    "gradient_checkpointing": (True, "checkpointing", True),
    "processes": (3, "processes", 3),
    "lora_rank": (4, "lora.rank", 4),
    "lora_alpha": (2.5, "lora.alpha", 2.5, {"lora_rank": 4}),
    "lora_targets": (["q_proj"], "lora.targets", ("q_proj",), {"lora_rank": 4}),
    "lora_dropout": (0.25, "lora.dropout", 0.25, {"lora_rank": 4}),
}
PACKING: dict[str, tuple[Any, ...]] = {
    "pack_tokens": (99, "length", 99),
    "packed_attention": ("plain", "attention", "plain"),
}
SAMPLED: dict[str, tuple[Any, ...]] = {
    "iterations": (5, "iterations", 5),
    "questions_per_iteration": (33, "questions_per_iteration", 33),
    "temperature": (0.5, "sampling.temperature", 0.5),
    "top_p": (0.75, "sampling.top_p", 0.75),
    "batch_questions": (11, "batch_questions", 11),
    "save_every": (13, "save_every", 13),
    "seed": (7, "seed", 7),
    "pack_tokens": (99, "packing.length", 99),
    "packed_attention": ("plain", "packing.attention", "plain"),
}
STAR = SAMPLED | {
    "rationalize": (False, "rationalize", False),
    "rationalize_from": (2, "rationalize_from", 2),
    "share_rationalized": (0.5, "share_rationalized", 0.5),
    "hint_left_in": (0.25, "hint_left_in", 0.25),
    "shots_when": ("first_iteration", "shots", "first_iteration", {"shots": 1}),
    "shots": (1, "shots", "always"),
    "shots_in_training": (True, "shots_in_training", True),
    "samples": (4, "samples", 4, {"temperature": 0.5}),
    "continue_training": (True, "departures.continue_training", True),
    "data_of_iterations": (3, "departures.data_of_iterations", 3),
    "hinted_copies": (0.5, "departures.hinted_copies", 0.5),
    "kept_by": ("trace", "departures.kept_by", "trace"),
    "verifier_share": (0.25, "departures.verifier_share", 0.25),
    "verifier_above": (-3.5, "departures.verifier_above", -3.5, {"kept_by": "verifier", "verifier": "v"}),
    "replay_per_iteration": (6, "departures.replay_per_iteration", 6),
    "steps_rule": ("linear", "ladder.kind", "linear"),
    "first_steps": (17, "ladder.first", 17),
    "steps_growth": (1.5, "ladder.growth", 1.5),
    "max_steps": (19, "ladder.cap", 19),
    "patience": (4, "patience", 4),
    "min_gain": (0.125, "min_gain", 0.125, {"patience": 4}),
}
VSTAR = SAMPLED | {
    "samples": (6, "samples", 6),
    "correct_per_question": (3, "correct_per_question", 3),
    "epochs": (3.5, "length.epochs", 3.5, {"steps": 0}),
    "steps": (21, "length.steps", 21),
    "pairs_per_question": (7, "pairs_per_question", 7),
    "max_pairs": (70, "max_pairs", 70),
    "train_final_generator": (False, "train_final_generator", False),
    "verifier_from": ("generator", "verifier_from", "generator"),
    "beta": (0.375, "beta", 0.375),
    "label_smoothing": (0.125, "label_smoothing", 0.125),
    "human_weight": (0.75, "human_weight", 0.75, {"studies": ["trial"]}),
    "verifier_learning_rate": (0.0625, "verifier_how.schedule.peak", 0.0625),
    "verifier_batch_size": (3, "verifier_how.batch_size", 3),
    "verifier_epochs": (2.5, "verifier_length.epochs", 2.5),
    "validation_samples": (9, "validation_samples", 9),
    "validation_k": ([2, 3], "validation_k", (2, 3)),
    "validate_every": (5, "validate_every", 5),
}


def values(algorithm: str, **changes: Any) -> Recipe:
    usual: dict[str, Any] = {"studies": ["trial"]} if algorithm == "dpo" else {}
    return recipe(algorithm, **{**usual, **changes}).values


def optimisation(chosen: Recipe) -> Any:
    return optimisation_of(chosen, seed=chosen.seed)


def settings(chosen: Recipe) -> Any:
    """As the run's work makes them, without a database."""
    work: Any = star_work._Work if type(chosen).__name__ == "Star" else vstar_work._Work
    half_made = object.__new__(work)
    half_made.recipe, half_made.family, half_made._room = chosen, Family.ADDITION, 50
    half_made.replay = SimpleNamespace(given=())
    return half_made.settings()


def at(path: str, thing: Any) -> Any:
    for name in path.split("."):
        thing = None if thing is None else getattr(thing, name)
    return thing


TABLES: list[tuple[str, Any, dict[str, tuple[Any, ...]]]] = [
    *((algorithm, optimisation, HOW) for algorithm in ALGORITHMS),
    ("sft", packing_of, PACKING),
    ("star", settings, STAR),
    ("vstar", settings, VSTAR),
]
CASES = [
    pytest.param(algorithm, build, key, *case[:3], *(case[3:] or ({},)), id=f"{algorithm}-{key}-{case[1]}")
    for algorithm, build, table in TABLES
    for key, case in table.items()
]


@pytest.mark.parametrize(("algorithm", "build", "key", "value", "path", "expected", "beside"), CASES)
def test_a_key_arrives_where_the_engine_reads_it(
    algorithm: str, build: Any, key: str, value: Any, path: str, expected: Any, beside: dict[str, Any]
) -> None:
    assert at(path, build(values(algorithm, **beside, **{key: value}))) == expected
    assert at(path, build(values(algorithm))) != expected, "the usual value says nothing"


# --------------------------------------------------------------------------------------------- what a training is told


def told(monkeypatch: pytest.MonkeyPatch, work: Any, algorithm: str, **changes: Any) -> dict[str, Any]:
    """What a real run hands to its one training, which is then done."""
    original, calls = getattr(work, algorithm), []

    def watched(*args: Any, **kwargs: Any) -> Any:
        calls.append(kwargs)
        return original(*args, **kwargs)

    monkeypatch.setattr(work, algorithm, watched)
    done(algorithm, **changes)
    (call,) = calls
    return call


@pytest.mark.django_db
@pytest.mark.usefixtures("storage")
@pytest.mark.slow
def test_dpo_is_told_how_long_how_strongly_and_how_often_it_is_measured(monkeypatch) -> None:
    voted_sums()
    usual = {"studies": ["trial"], "raters": "human"}
    call = told(
        monkeypatch, dpo_work, "dpo", **usual, epochs=0.5, steps=0, batch_size=3, beta=0.75, label_smoothing=0.25,
        select_every=2, save_every=3,
    )  # fmt: skip
    # 24 pairs of split train, three in a batch: half a pass.
    assert (call["steps"], call["beta"], call["label_smoothing"]) == (4, 0.75, 0.25)
    assert (call["selection"].every, call["saving"].every) == (2, 3)
    call = told(
        monkeypatch, dpo_work, "dpo", label="last", **usual, steps=2, select=False, held_out_splits=["test"]
    )
    assert (call["steps"], call["selection"]) == (2, None)


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.usefixtures("storage")
def test_sft_is_told_how_long_how_packed_and_how_often_it_is_measured(monkeypatch) -> None:
    voted_sums()
    call = told(
        monkeypatch, sft_work, "sft", label="texts", sources=["short"], epochs=3.0, steps=0, batch_size=1,
        pack_tokens=64, packed_attention="plain", validation_split="",
    )  # fmt: skip
    # Eight short texts of some twenty tokens: three share a row of 64.
    assert call["packing"] == Packing(64, "plain") and (call["steps"], call["selection"]) == (3 * 3, None)
    call = told(monkeypatch, sft_work, "sft", label="pads", steps=5, validate_every=2, save_every=3)
    assert (call["steps"], call["selection"].every, call["saving"].every) == (5, 2, 3)


# --------------------------------------------------------------------------------------------------- what is gathered


def gathered(run: TrainingRun, **changes: Any) -> RunData:
    """As the run would begin with another recipe."""
    work: Any = {"sft": sft_work, "dpo": dpo_work, "star": star_work, "vstar": vstar_work}[run.algorithm]
    found: RunData = work.gather(run, recipe(run.algorithm, **changes).values)
    return found


def splits_of(revisions: list[int]) -> set[str]:
    return set(Question.objects.filter(revisions__in=revisions).values_list("split", flat=True))


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.usefixtures("storage")
def test_questions_and_texts_are_those_that_are_named() -> None:
    voted_sums()
    star, sft, vstar = (launched(algorithm, label=algorithm) for algorithm in ("star", "sft", "vstar"))
    for run in (star, vstar):
        found = gathered(run, split="verifier", validation_split="test", validation_questions=3)
        assert splits_of(found.questions) == {"verifier"} and splits_of(found.validation) == {"test"}
        assert len(found.validation) == 3
        seeds = {tuple(gathered(run, seed=seed, validation_questions=3).validation) for seed in (0, 1, 2)}
        assert len(seeds) > 1
    later = gathered(star, later_from=2, later_groups=[3], later_split="test", validation_split="")
    waiting = Question.objects.filter(external_id__in=later.joins)
    assert set(waiting.values_list("split", flat=True)) == {"train", "test"} and set(
        later.joins.values()
    ) == {2}
    train = waiting.filter(split="train").values_list("revisions__text", flat=True)
    assert all(len(text.split(" + ")[0]) == 3 or len(text.split(" + ")[1]) == 3 for text in train) and train
    # Of each number of digits.
    assert len(gathered(star, shots=1).shots) == 2 and not gathered(star).shots
    replayed = gathered(star, replay_per_iteration=5, replay_split="verifier").rationales
    assert set(Rationale.objects.filter(pk__in=replayed).values_list("question__split", flat=True)) == {
        "verifier"
    }

    found = gathered(sft, split="verifier", validation_split="test", validation_questions=3)
    kept = Rationale.objects.filter(pk__in=found.rationales)
    assert set(kept.values_list("question__split", flat=True)) == {"verifier"} and len(found.validation) == 3
    assert splits_of(found.validation) == {"test"}
    for run in (sft, vstar):
        chosen = Rationale.objects.filter(pk__in=gathered(run, sources=["middle"]).rationales)
        assert set(chosen.values_list("source__label", flat=True)) == {"middle"} and chosen.count() == 8
    assert len(gathered(vstar, sources=["middle"], sft_questions=3).rationales) == 3
    assert gathered(sft, learn="answers").questions and not gathered(sft, learn="answers").rationales


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.usefixtures("storage")
def test_votes_and_ties_are_those_that_are_named() -> None:
    voted_sums()
    Rating.objects.filter(triple__number=1).update(ranking=[[0, 1], [2]])
    votes = {"studies": ["trial"]}
    dpo = launched("dpo", label="dpo", **votes)
    vstar = launched("vstar", label="vstar", human_weight=0.5, **votes)
    sft = launched("sft", label="sft", sources=list(STYLES), **votes)
    # Twelve triples with three pairs each, one of which has a tie.
    for run, more in ((dpo, {}), (vstar, {"human_weight": 0.5})):
        counts = [len(gathered(run, ties=ties, **votes, **more).pairs) for ties in ("drop", "half", "both")]
        assert counts == [35, 36, 37]
    # Whatever state the study is in, but not what was skipped, came too late, was revised, or is of who is left out.
    liked = gathered(sft, sources=list(STYLES), **votes).rationales
    assert liked
    for state in ("paused", "closed", "open"):
        Study.objects.update(state=state)
        assert gathered(sft, sources=list(STYLES), **votes).rationales == liked
    ratings: Any = Rating.objects
    for rows, key in (
        (ratings, "skipped"),
        (ratings, "surplus"),
        (ratings, "current"),
        (Rater.objects, "included"),
    ):
        usual = key in ("current", "included")
        rows.update(**{key: not usual})
        assert (
            gathered(sft, sources=list(STYLES), **votes).rationales == [] == gathered(dpo, **votes).pairs
        ), key
        rows.update(**{key: usual})
    Rater.objects.update(kind="simulated")
    for run, more in ((dpo, {}), (vstar, {"human_weight": 0.5})):
        counts = [len(gathered(run, raters=kind, **votes, **more).pairs) for kind in ("human", "simulated")]
        assert counts == [0, 35]
    texts = [
        len(gathered(sft, raters=kind, sources=list(STYLES), **votes).rationales)
        for kind in ("human", "simulated")
    ]
    assert texts[0] == 0 < texts[1]


# ------------------------------------------------------------------------------------------------------- and elsewhere

#: Keys that act neither in settings nor in a training's arguments: the tests here that fail if they were ignored.
ANY = {
    "dataset": "star_knobs: word_problems_are_told_by_the_steps_of_their_solutions",
    "base": "star_runs: a_model_that_gets_nothing_right_is_told_so_with_advice",
}
GATHERED = "recipe_keys: questions_and_texts_are_those_that_are_named"
VOTES = "recipe_keys: votes_and_ties_are_those_that_are_named"
TOLD = "recipe_keys: sft_is_told_how_long_how_packed_and_how_often_it_is_measured"
DPO_TOLD = "recipe_keys: dpo_is_told_how_long_how_strongly_and_how_often_it_is_measured"
WEIGHED = "vstar_runs: votes_enter_the_verifier_by_their_weight_and_those_on_other_splits_are_held_out"
REFUSED = "recipes: keys_that_do_not_go_together_are_refused"
ELSEWHERE: dict[str, dict[str, str]] = {
    "sft": ANY | {
        "studies": "sft_runs: with_a_study_only_what_its_raters_preferred_is_learned",
        "from_run": "sft_runs: what_a_star_run_kept_becomes_a_model",
        "retries_per_question": "retries_by_marks: a_text_is_taken_back_at_the_step_that_most_raters_marked",
        "with_solutions": "star_knobs: wrong_solutions_of_the_library_become_corrections_of_an_origin_of_their_own",
        "keep": REFUSED,
        **dict.fromkeys(("raters",), VOTES),
        **dict.fromkeys(("learn", "sources", "split", "validation_split", "validation_questions"), GATHERED),
        **dict.fromkeys(("validate_every", "epochs", "steps", "save_every"), TOLD),
    },
    "dpo": ANY | {
        "studies": "dpo_runs: each_vote_gives_a_pair_for_every_two_rationales_with_the_way_back_to_it",
        "export": "dpo_runs: a_stored_export_is_named_by_its_version",
        "split": "dpo_runs: a_verifier_learns_on_one_side_and_is_measured_on_the_other",
        "held_out_splits": "dpo_runs: a_verifier_learns_on_one_side_and_is_measured_on_the_other",
        "keep": REFUSED,
        **dict.fromkeys(("raters", "ties"), VOTES),
        **dict.fromkeys(("select", "select_every", "beta", "label_smoothing"), DPO_TOLD),
        **dict.fromkeys(("epochs", "steps", "save_every"), DPO_TOLD),
    },
    "star": ANY | {
        "studies": REFUSED,
        "raters": REFUSED,
        "keep": "star_runs: all_iterations_become_models_where_the_recipe_says_so",
        "max_new_tokens": "conditions: questions_that_leave_no_room_for_an_answer_are_left_out_and_counted",
        "verifier": "star_knobs: a_verifier_of_the_registry_chooses_among_right_samples_and_its_scores_are_stored",
        **dict.fromkeys(("split", "validation_split", "validation_questions", "replay_split"), GATHERED),
        **dict.fromkeys(("later_from", "later_groups", "later_split"), GATHERED),
    },
    "vstar": ANY | {
        **dict.fromkeys(("studies", "held_out_splits"), WEIGHED),
        "keep": "vstar_runs: a_run_ends_with_a_verifier_and_a_generator",
        "max_new_tokens": "conditions: questions_that_leave_no_room_for_an_answer_are_left_out_and_counted",
        **dict.fromkeys(("raters", "ties"), VOTES),
        **dict.fromkeys(("split", "sources", "sft_questions", "validation_split", "validation_questions"), GATHERED),
    },
}  # fmt: skip


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_key_is_left_without_a_test(algorithm: str) -> None:
    arriving = {key for name, _, table in TABLES if name == algorithm for key in table}
    assert arriving | set(ELSEWHERE[algorithm]) == set(kinds_of(ALGORITHMS[algorithm]))
    assert not (arriving & set(ELSEWHERE[algorithm])), "named twice"
    for where in ELSEWHERE[algorithm].values():
        file, _, name = where.partition(": ")
        assert f"def test_{name}(" in (HERE / f"test_{file}.py").read_text(encoding="utf-8"), where
