"""Estimates: steps and tokens are those of the run itself; seconds and bytes follow from figures by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training.batching import BatchOrder
from training.calibrating import fit
from training.estimating.estimate import Estimate, estimate, steps_without_figures
from training.estimating.figures import Figures, Lengths, Pace, Shape
from training.estimating.memory import sampling_bytes, training_bytes
from training.estimating.overlooked import overlooked
from training.estimating.parts import Sampling, Training, selections_of, texts_of
from training.estimating.plan import iteration_steps, plan_of
from training.estimating.sizes import Sizes
from training.recipes.reader import read_recipe
from training.recipes.schema import Star
from training.schedule import Length

LENGTHS = Lengths(
    question=10,
    hinted=14,
    completion=20,
    longest=30,
    right=0.25,
    right_hinted=0.5,
    sampled=8,
    texts={"": 31.0, "terse": 21.0},
)
PACE = Pace(
    start=3,
    load=1,
    decode_step=0.01,
    decode_row=0.001,
    read_token=0.0001,
    train_step=0.1,
    train_token=0.001,
    pair_token=0.002,
    save=0.5,
    row=0.01,
)
SHAPE = Shape(parameters=1_000, layers=2, width=8, heads=2, vocabulary=16, context=64)
FIGURES = Figures(shape=SHAPE, wall=PACE, cpu=replace(PACE, start=1), lengths=LENGTHS, held_bytes=10_000_000)


@pytest.mark.parametrize("examples", [1, 7, 24, 100])
@pytest.mark.parametrize("batch", [1, 8, 24])
def test_texts_are_counted_as_the_batches_show_them(examples: int, batch: int) -> None:
    order = BatchOrder(np.arange(examples) + 1, batch, seed=3)
    shown = 0
    for step in range(40):
        shown += len(order.at(step))
        counted = texts_of(step + 1, examples=examples, batch=batch, accumulate=1)
        # Which place the small last batch has in its epoch is drawn: between epochs it may be still to come.
        assert 0 <= counted - shown < batch
        if (step + 1) % order.batches_per_epoch == 0:
            assert counted == shown == (step + 1) // order.batches_per_epoch * examples


def test_steps_are_those_of_the_loops() -> None:
    recipe = read_recipe("sft", "sft", {"epochs": 2.5, "steps": 0, "batch_size": 8, "accumulate": 2}).values
    sizes = Sizes(texts=100, validation=3, validation_texts=5, sources=("terse",))
    found = estimate(recipe, sizes, FIGURES)
    assert found.steps == Length(epochs=2.5).of(100, recipe) == round(2.5 * 7)
    assert steps_without_figures(recipe, sizes) == found.steps
    whole = read_recipe("sft", "sft", {"epochs": 2.0, "steps": 0, "batch_size": 10, "accumulate": 1}).values
    assert estimate(whole, sizes, FIGURES).tokens_trained == 2 * 100 * 21


def test_the_papers_ladder_is_climbed() -> None:
    recipe = read_recipe(
        "star",
        "star",
        {"first_steps": 40.0, "steps_growth": 1.2, "steps_rule": "exponential", "max_steps": 60},
    ).values
    assert isinstance(recipe, Star)
    assert [iteration_steps(recipe, n, examples=1) for n in (1, 2, 3, 4)] == [40, 48, 57, 60]


def test_star_asks_again_what_failed_and_learns_what_was_right() -> None:
    recipe = read_recipe(
        "star",
        "star",
        {
            "iterations": 2,
            "questions_per_iteration": 40,
            "batch_questions": 16,
            "steps_rule": "epochs",
            "first_steps": 1.0,
            "steps_growth": 0.0,
            "max_steps": 0,
            "batch_size": 5,
            "validation_questions": 0,
        },
    ).values
    parts = plan_of(recipe, Sizes(questions=100, validation=12), LENGTHS)
    asked = [
        (one.stage, one.iteration, one.units) for one in parts if isinstance(one, Sampling) and one.stored
    ]
    # A quarter is right; of the 30 that fail half are right with the hint. Later models fail half as many.
    assert asked == [
        ("generating", 1, 40),
        ("rationalizing", 1, 30),
        ("generating", 2, 40),
        ("rationalizing", 2, 15),
    ]
    trained = [one for one in parts if isinstance(one, Training)]
    assert [one.steps for one in trained] == [5, 7]  # (10 + 15) / 5, (25 + 8) / 5 rounded up
    assert trained[0].trained_tokens == 25 * (10 + 20 + 1)
    assert steps_without_figures(recipe, Sizes(questions=100)) is None


def test_seconds_are_added_up_by_hand() -> None:
    sampling = Sampling(stage="generating", units=20, rows=20, together=16, prompt=10, new=20, longest=30)
    # Two batches of 30 steps, 400 tokens, 200 tokens read, 20 rows stored.
    assert sampling.seconds(PACE) == pytest.approx(2 * 30 * 0.01 + 400 * 0.001 + 200 * 0.0001 + 20 * 0.01)
    training = Training(
        stage="training", units=7, count=7, texts=56, length=30, every=3, selections=2, selecting=100
    )
    # 1,680 tokens, saved after steps 3, 6 and 7.
    assert training.seconds(PACE) == pytest.approx(7 * 0.1 + 1.68 + 3 * 0.5 + 2 * 100 * 0.0001)
    assert replace(training, pairs=True).seconds(PACE) == pytest.approx(training.seconds(PACE) + 1.68)
    assert [selections_of(steps, 4) for steps in (1, 4, 5)] == [1, 1, 2]


def test_bytes_are_those_of_the_formulas() -> None:
    # Gradients and two moments: 3,000 numbers; a token keeps 2 x (16 x 8 + 2 x 2 x 10) + 3 x 16 = 384 numbers.
    assert training_bytes(SHAPE, tokens=50, length=10) == 4 * (3_000 + 50 * 384)
    # 6 rows of 30 tokens, 2 layers of keys and values of 8 numbers, half as much again; logits three times.
    assert sampling_bytes(SHAPE, rows=6, length=30) == 4 * (1.5 * 6 * 30 * 2 * 2 * 8 + 6 * 3 * 16)


def test_processes_share_a_steps_tokens_and_hold_a_model_each() -> None:
    two = Training(stage="training", units=7, count=7, texts=56, length=30, every=3, processes=2)
    # Both pay for each of 7 steps; of 1,680 tokens each has half. Saved three times by one of them.
    assert two.seconds(PACE) == pytest.approx(2 * 7 * 0.1 + 1.68 + 1.5)
    assert two.seconds(PACE, cores=8) == pytest.approx((2 * 7 * 0.1 + 1.68) / 2 + 1.5)
    assert replace(two, processes=4).seconds(PACE, cores=2) == pytest.approx((4 * 7 * 0.1 + 1.68) / 2 + 1.5)
    assert two.at_once == 1_680 / 7 / 2
    recipe = read_recipe(
        "sft", "sft", {"epochs": 0.0, "steps": 10, "batch_size": 10, "validation_split": ""}
    ).values
    sizes, known = Sizes(texts=100), replace(FIGURES, cores=2)
    alone, found = (estimate(replace(recipe, processes=n), sizes, known) for n in (1, 2))
    # A batch of 10 texts of 31 tokens; 1,000 weights go to the other and their gradients come back, ten times.
    exchanged = 10 * 2 * 1_000 * 4 / 1e9
    shared = (10 * 0.1 + 3_100 * 0.001, 2 * 10 * 0.1 + 3_100 * 0.001)
    assert alone.seconds - found.seconds == pytest.approx(shared[0] - shared[1] / 2 - exchanged)
    assert found.cpu_seconds - alone.cpu_seconds == pytest.approx(10 * 0.1 + exchanged)
    own = training_bytes(SHAPE, tokens=155, length=31)
    helper = training_bytes(SHAPE, tokens=155, length=31, moments=False)
    assert own - helper == 4 * 2_000
    assert found.rss_bytes == 2 * 10_000_000 + own + helper
    assert found.assumed == ("Each step is shared by 2 processes on 2 cores; all else is the work of one.",)


def test_an_answer_that_is_cut_off_is_short_and_never_right() -> None:
    spread = replace(LENGTHS, completion=20.0, longest=40.0, completions=[0.0, 10.0, 20.0, 30.0, 40.0])
    cut = spread.cut_at(20)
    assert (cut.completion, cut.longest) == ((0 + 10 + 20 + 20 + 20) / 5, 20.0)
    assert (cut.right, cut.right_hinted) == (0.25 * 3 / 5, 0.5 * 3 / 5)
    assert spread.cut_at(0) == spread.cut_at(64) == spread
    # Half of them had not ended at 40: they go on to 100.
    assert replace(spread, cut=0.5).cut_at(100).completion == 20 + 0.5 * 60
    # As an earlier version measured it.
    assert (LENGTHS.cut_at(5).completion, LENGTHS.cut_at(5).right) == (5, 0)
    for algorithm in ("star", "vstar"):
        few, more = (
            estimate(
                read_recipe(algorithm, algorithm, {"max_new_tokens": most}).values,
                Sizes(questions=50, validation=10),
                replace(FIGURES, lengths=spread),
            )
            for most in (5, 20)
        )
        assert 0 < few.tokens_sampled < more.tokens_sampled


def test_what_is_seldom_meant_is_said() -> None:
    recipe = read_recipe("sft", "sft", {"processes": 9, "precision": "bf16"}).values
    many, slow = overlooked(recipe, cores=2, on_gpu=False)
    assert "9 share 2 cores" in many and "slower" in slow
    assert overlooked(recipe, cores=16, on_gpu=True) == []
    assert overlooked(read_recipe("sft", "sft", {}).values, cores=1, on_gpu=False) == []


def test_a_gpus_memory_is_told_apart() -> None:
    recipe = read_recipe("sft", "sft", {}).values
    on_cpu = estimate(recipe, Sizes(texts=100), FIGURES)
    on_gpu = estimate(recipe, Sizes(texts=100), replace(FIGURES, device="cuda"))
    assert on_cpu.device_bytes is None and on_gpu.device_bytes is not None
    assert on_gpu.rss_bytes == 10_000_000
    assert on_cpu.rss_bytes - 10_000_000 == on_gpu.device_bytes - 4_000
    assert Estimate.from_json(on_gpu.as_json()) == on_gpu


@pytest.mark.parametrize("algorithm", ["sft", "star", "vstar", "dpo"])
def test_every_recipe_has_an_estimate(algorithm: str) -> None:
    more = {"studies": ["trial"]} if algorithm == "dpo" else {}
    recipe = read_recipe(algorithm, algorithm, more).values
    sizes = Sizes(questions=50, validation=10, texts=20, pairs=30, held_out_pairs=8, selected_pairs=8)
    found = estimate(recipe, sizes, FIGURES)
    assert found.steps > 0 and found.tokens_trained > 0 and found.seconds > found.cpu_seconds > 0
    assert sum(one.seconds for one in found.stages) == pytest.approx(found.seconds)


def test_figures_are_fitted_and_never_negative() -> None:
    a, b = fit([(1, 100, 0.3), (1, 400, 0.9), (1, 1_000, 2.1)])
    assert (a, b) == pytest.approx((0.1, 0.002))
    a, b = fit([(1, 100, 0.5), (1, 400, 0.2)])
    assert a >= 0 and b >= 0
    with pytest.raises(ValueError, match="save: -1; expected seconds, 0 or more"):
        replace(PACE, save=-1)
