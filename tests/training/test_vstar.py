"""V-STaR, line by line of its algorithm, with a scripted sampler; and a verifier that learns, with a real one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generation.registry.loading import LoadedModel
from generation.sampling.types import SamplingSettings
from problems.types import Verdict
from tests.training.reversal import Reversal, Scripted, question, questions, said, solution
from tests.training.starring import DyingInTraining, DyingStore, Killed, weak_reverser
from tests.training.tiny import loaded_tiny, same, weights
from training.batching import Example
from training.collecting import RunWatch
from training.dpo import dpo
from training.errors import NothingRight, NothingToLearn
from training.loop import Optimisation
from training.packing import Packing
from training.pairs import preference_pairs
from training.records import Fate, Origin, Pair, Question, seed_of
from training.schedule import Schedule
from training.scoring import score_examples
from training.sft import Length, epoch_steps, sft
from training.stores import MemoryStore, clone
from training.vstar import vstar
from training.vstar_types import Solution, VstarResult, VstarSettings

HOW = Optimisation(Schedule(3e-3), batch_size=8)
WARM = SamplingSettings(max_new_tokens=12, temperature=0.9)
BASE = loaded_tiny()
ALL = questions([12, 34, 56])
SFT = [Solution(question("98"), solution("98")), Solution(question("12"), solution("12"))]


def base() -> LoadedModel:
    return clone(BASE)


def half_right(prompt: str, seed: int) -> str:
    """Right for two seeds of four, in two wordings; wrong in another two. 56 is never right."""
    number = prompt.rstrip(">")
    right = [solution(number), f"? ={number[::-1]}"]
    return [*(right if number != "56" else ["a =1", "b =1"]), f"{number} =", "nothing"][seed % 4]


def settings(**changes: Any) -> VstarSettings:
    fixed = {
        "how": HOW, "length": Length(steps=4), "sampling": WARM, "verifier_how": HOW,
        "verifier_length": Length(steps=6), "beta": 2.0, "iterations": 2, "samples": 12, "validation_samples": 8,
        "validation_k": (2, 4), "validate_every": 2, "batch_questions": 2, "save_every": 2,
    }  # fmt: skip
    return VstarSettings(**{**fixed, **changes})


def run(
    *, sampler: Scripted | None = None, store: MemoryStore | None = None, solutions: Sequence[Solution] = SFT,
    validation: Sequence[Question] = (), human_pairs: Sequence[Pair] = (), watch: RunWatch | None = None,
    asked: Sequence[Question] = ALL, **changes: Any,
) -> tuple[VstarResult, MemoryStore, Scripted]:  # fmt: skip
    sampler, store = sampler or Scripted(half_right), store or MemoryStore()
    result = vstar(
        Reversal(), asked, base, settings(**changes), solutions=solutions, human_pairs=human_pairs,
        validation=validation, store=store, watch=watch, sampler=sampler,
    )  # fmt: skip
    return result, store, sampler


def seeded(*names: object) -> Optimisation:
    return Optimisation(HOW.schedule, batch_size=8, seed=seed_of(0, *names) % 2**32)


def expected_generator(store: MemoryStore, t: int) -> list[Example]:
    """D_GEN after t iterations, worked out from the stored candidates."""
    data: dict[str, list[str]] = {given.question.key: [given.text] for given in SFT}
    for iteration in range(1, t + 1):
        for candidate in store.candidates(iteration, Origin.FEW_SHOT):
            texts = data.setdefault(candidate.question, [])
            if candidate.grade.verdict is Verdict.CORRECT and candidate.text not in texts:
                texts.append(candidate.text)
    return [Example(f"{key}>", text) for key, texts in data.items() for text in texts]


# ----------------------------------------------------------------------------------------------------- the algorithm


def test_g_sft_is_the_base_trained_on_what_is_given():
    _, store, _ = run(iterations=1)
    by_hand = base()
    sft(
        by_hand,
        [Example("98>", solution("98")), Example("12>", solution("12"))],
        seeded("generator", 0),
        steps=4,
    )
    assert same(weights(by_hand.model), weights(store.models["generator-0"].model))


@pytest.mark.parametrize("t", [1, 2])
def test_each_generator_is_the_base_trained_on_all_that_was_right_so_far(t):
    result, store, _ = run()
    by_hand, data = base(), expected_generator(store, t)
    sft(by_hand, data, seeded("generator", t), steps=4)
    assert same(weights(by_hand.model), weights(store.models[f"generator-{t}"].model))
    assert result.iterations[t].examples == len(data)


def test_generators_may_learn_from_packed_rows_and_passes_count_those():
    how, packing = Optimisation(HOW.schedule, batch_size=1), Packing(60)
    result, store, _ = run(iterations=1, how=how, length=Length(epochs=2), packing=packing)
    data = expected_generator(store, 1)
    by_hand = base()
    steps = 2 * epoch_steps(by_hand, data, how, packing=packing)
    sft(by_hand, data, replace(how, seed=seeded("generator", 1).seed), steps=steps, packing=packing)
    assert same(weights(by_hand.model), weights(store.models["generator-1"].model))
    # Several in a row: fewer steps than two passes over rows of their own would take.
    assert result.iterations[1].steps == steps < 2 * len(data)


def test_each_iteration_samples_from_the_generator_of_the_one_before():
    _, store, sampler = run()
    # Three questions in batches of two: two calls an iteration.
    assert len(sampler.models) == 4
    for call, sampled_from in enumerate(sampler.models):
        assert same(sampled_from, weights(store.models[f"generator-{call // 2}"].model))


def test_every_sample_is_kept_right_or_wrong_and_asked_plainly_with_its_own_seed():
    _, store, sampler = run()
    for iteration in (1, 2):
        found = store.candidates(iteration, Origin.FEW_SHOT)
        assert len(found) == 36
        assert {c.grade.verdict for c in found} == {Verdict.CORRECT, Verdict.WRONG, Verdict.UNPARSABLE}
        assert all(c.prompt == c.training_prompt == f"{c.question}>" for c in found)
    assert len({request.seed for request in sampler.asked}) == 72


def test_a_solution_found_again_is_a_duplicate():
    _, store, _ = run()
    kept = [
        (c.question, c.text)
        for i in (1, 2)
        for c in store.candidates(i, Origin.FEW_SHOT)
        if c.fate is Fate.KEPT
    ]
    assert len(kept) == len(set(kept))
    # The given solution of 12 was there before.
    assert ("12", solution("12")) not in kept
    assert {("12", "? =21"), ("34", solution("34")), ("34", "? =43")} <= set(kept)


def test_a_limit_counts_all_solutions_of_a_question():
    result, _, _ = run(correct_per_question=1, solutions=[])
    assert [report.examples for report in result.iterations] == [0, 2, 2]


def test_the_verifier_is_dpo_from_and_against_g_sft_on_all_pairs():
    result, store, _ = run()
    right: dict[str, list[str]] = {given.question.key: [given.text] for given in SFT}
    wrong: dict[str, list[str]] = {}
    for iteration in (1, 2):
        for c in store.candidates(iteration, Origin.FEW_SHOT):
            side = right if c.grade.verdict is Verdict.CORRECT else wrong
            side.setdefault(c.question, []).append(c.text)
    prompts = {key: f"{key}>" for key in ("98", "12", "34", "56")}
    pairs = preference_pairs(prompts, right, wrong, per_question=5)
    by_hand = clone(store.models["generator-0"])
    dpo(by_hand, pairs, seeded("verifier"), steps=6, beta=2.0)
    assert same(weights(by_hand.model), weights(store.models["verifier"].model))
    assert (result.verifier.pairs, result.verifier.human_pairs, result.verifier.questions) == (
        len(pairs),
        0,
        2,
    )


def test_what_was_cut_off_is_on_neither_side_of_a_pair():
    cut = Scripted(
        lambda prompt, seed: (
            said(f"{prompt} =" + prompt.rstrip(">")[::-1], finish="length")
            if seed % 3
            else half_right(prompt, seed)
        )
    )
    _, store, _ = run(sampler=cut)
    assert Fate.UNFINISHED in {c.fate for c in store.candidates(1, Origin.FEW_SHOT)}


def test_the_report_counts_samples_and_questions():
    result, store, _ = run()
    first = result.iterations[1]
    found = store.candidates(1, Origin.FEW_SHOT)
    right = [c for c in found if c.grade.verdict is Verdict.CORRECT]
    assert first.questions == 3
    assert sum(first.fates.values()) == 36
    assert first.sampled_accuracy == len(right) / 36
    assert first.solved == first.solved_so_far == 2
    assert (result.iterations[2].steps, result.iterations[2].steps_before) == (4, 8)
    assert (result.verifier.steps, result.verifier.steps_before) == (6, 12)


# ---------------------------------------------------------------------------------------------------------- settings


def test_without_given_solutions_g_sft_is_the_base():
    _, store, sampler = run(solutions=[], iterations=1, train_final_generator=False)
    assert same(sampler.models[0], weights(BASE.model))
    assert store.models.keys() == {"verifier"}


def test_the_final_generator_may_be_left_as_it_sampled():
    result, store, _ = run(train_final_generator=False)
    assert result.generator == 1
    assert "generator-2" not in store.models
    assert (result.iterations[2].examples, result.iterations[2].steps) == (0, 0)
    assert result.iterations[2].questions == 3


def test_the_verifier_may_start_from_the_final_generator():
    _, from_sft, _ = run()
    _, from_generator, _ = run(verifier_from="generator")
    assert not same(
        weights(from_sft.models["verifier"].model), weights(from_generator.models["verifier"].model)
    )


def test_peoples_preferences_join_with_their_weight():
    human = [Pair("12", "12>", "? =21", solution("12"), source="raters")] * 2
    with_people, heavy, _ = run(human_pairs=human, human_weight=50.0)
    without, light, _ = run(human_pairs=human)
    assert (with_people.verifier.human_pairs, without.verifier.human_pairs) == (2, 0)
    margins = [
        scores[0] - scores[1]
        for scores in (
            score_examples(
                store.models["verifier"], [Example("12>", "? =21"), Example("12>", solution("12"))]
            )
            for store in (heavy, light)
        )
    ]
    assert margins[0] > margins[1]


def test_the_verifier_is_chosen_by_best_of_k_on_validation_questions_from_the_final_generator():
    result, store, sampler = run(validation=questions([60, 61]))
    report = result.verifier
    assert list(report.scores) == ["2", "4", "6"]
    assert report.scores[str(report.best_step)] == max(report.scores.values())
    assert same(sampler.models[-1], weights(store.models["generator-2"].model))
    validated = store.candidates(0, Origin.FEW_SHOT)
    assert len(validated) == 16
    assert report.validation is not None
    best_of = report.validation["best_of"]
    assert best_of.keys() == {"generator_logprob", "verifier"}
    mean = (best_of["verifier"]["2"] + best_of["verifier"]["4"]) / 2
    assert mean == pytest.approx(report.scores[str(report.best_step)])
    # What validation asked is nowhere among the data.
    assert not {"60", "61"} & {c.question for i in (1, 2) for c in store.candidates(i, Origin.FEW_SHOT)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"iterations": 0},
        {"samples": 1},
        {"sampling": SamplingSettings(max_new_tokens=3)},
        {"human_weight": -1},
        {"validation_k": (16,)},
        {"validation_k": ()},
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        settings(**wrong)


def test_a_length_is_epochs_or_steps():
    assert Length(epochs=1.5).of(20, HOW) == 4
    assert Length(steps=7).of(20, HOW) == 7
    for wrong in ({}, {"epochs": 1, "steps": 1}):
        with pytest.raises(ValueError, match="exactly one"):
            Length(**wrong)


# ------------------------------------------------------------------------------------------------------------ refusal


def test_nothing_right_and_nothing_wrong_are_clear_errors():
    with pytest.raises(NothingRight, match="Iteration 1: not one of 36"):
        run(sampler=Scripted(lambda prompt, seed: "=1"), solutions=[])
    with pytest.raises(NothingToLearn, match="both right and wrong"):
        run(sampler=Scripted(lambda prompt, seed: solution(prompt.rstrip(">"))))
    with pytest.raises(NothingToLearn, match="no question"):
        run(asked=[])


# ------------------------------------------------------------------------------------------------------------- resume


def outcome(store: MemoryStore, result: VstarResult) -> tuple[Any, ...]:
    return store.batches, result, {name: weights(loaded.model) for name, loaded in store.models.items()}


@pytest.fixture(scope="module")
def uninterrupted() -> tuple[Any, ...]:
    result, store, _ = run(validation=questions([60, 61, 62]))
    return outcome(store, result)


def assert_same_outcome(first: tuple[Any, ...], second: tuple[Any, ...]) -> None:
    assert first[:2] == second[:2]
    assert first[2].keys() == second[2].keys() == {"generator-0", "generator-1", "generator-2", "verifier"}
    assert all(same(first[2][name], second[2][name]) for name in first[2])


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("last", [1, 3, 4, 6, 8, 9, 10])
def test_killed_at_any_write_it_goes_on_to_the_same_end(tmp_path: Path, uninterrupted, last, after):
    # Writes: G_SFT; two batches and a generator, twice; two validation batches; the verifier.
    store = DyingStore(tmp_path, last, after=after)
    with pytest.raises(Killed):
        run(store=store, validation=questions([60, 61, 62]))
    result, _, _ = run(store=store, validation=questions([60, 61, 62]))
    assert_same_outcome(outcome(store, result), uninterrupted)


@pytest.mark.parametrize("last", [3, 12, 16])
def test_killed_in_training_it_goes_on_from_the_last_saved_step(tmp_path: Path, uninterrupted, last):
    store = MemoryStore(tmp_path)
    with pytest.raises(Killed):
        run(store=store, validation=questions([60, 61, 62]), watch=DyingInTraining(last))
    watch = DyingInTraining(1000)
    result, _, _ = run(store=store, validation=questions([60, 61, 62]), watch=watch)
    assert_same_outcome(outcome(store, result), uninterrupted)
    assert watch.steps == list(range((last - 1) // 2 * 2 + 1, 19))


def test_called_again_after_its_end_it_samples_and_trains_nothing():
    result, store, _ = run()
    silent = Scripted(lambda prompt, seed: pytest.fail("sampled again"))
    again, _, _ = run(store=store, sampler=silent)
    assert again == result


# ----------------------------------------------------------------------------------------------------- with a real one


def test_the_verifier_chooses_better_than_the_generator_does():
    how = Optimisation(Schedule(3e-3, 5, "linear", 0.1), batch_size=16)
    result = vstar(
        Reversal(), questions(range(102, 1000, 5)), lambda: clone(weak_reverser()),
        settings(
            iterations=1, samples=8, train_final_generator=False, verifier_how=how, verifier_length=Length(epochs=1),
            validation_samples=16, validation_k=(4, 8, 16), validate_every=50, batch_questions=64,
        ),
        validation=questions(range(104, 1000, 11)),
    )  # fmt: skip
    report = result.verifier.validation
    assert report is not None
    best_of = report["best_of"]["verifier"]
    assert best_of["1"] < best_of["4"] < best_of["8"] < best_of["16"]
    for baseline in ("majority", "generator_logprob"):
        low, _ = report["intervals"]["differences"]["verifier"][baseline]["8"]
        assert low > 0, report
