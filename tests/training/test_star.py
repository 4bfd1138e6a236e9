"""STaR, line by line of its Algorithm 2, with a scripted sampler; and that it learns, with a real one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generation.sampling.types import Completion, SamplingSettings
from problems.types import Grade, Verdict
from tests.training.reversal import Reversal, Scripted, examples, question, questions, said, solution
from tests.training.starring import (
    ALL,
    BASE,
    EASY,
    GREEDY,
    HARD,
    HOW,
    base,
    by_difficulty,
    run,
    settings,
    stored,
    weak_reverser,
)
from tests.training.tiny import same, weights
from training.loop import Optimisation
from training.records import Candidate, Fate, Origin
from training.schedule import Schedule, StepLadder
from training.sft import sft
from training.star import star
from training.star_types import Departures, StarSettings
from training.stores import MemoryStore, clone

# ----------------------------------------------------------------------------------------------------- the algorithm


def test_every_question_is_asked_plainly_and_only_the_failed_ones_with_a_hint():
    _, _, sampler = run(iterations=1)
    assert sampler.prompts == ["12>", "34>", "56>", "78>", "90>", "56!65>", "78!87>", "90!09>"]


def test_without_rationalization_nothing_is_asked_with_a_hint():
    result, _, sampler = run(iterations=1, rationalize=False)
    assert not any("!" in prompt for prompt in sampler.prompts)
    assert result.iterations[1].examples == 2


def test_every_candidate_is_stored_with_origin_prompt_verdict_and_fate():
    _, store, _ = run(iterations=1)
    found = stored(store, 1)
    assert {key: (c.prompt, c.training_prompt, c.grade.verdict, c.fate) for key, c in found.items()} == {
        ("12", Origin.FEW_SHOT): ("12>", "12>", Verdict.CORRECT, Fate.KEPT),
        ("34", Origin.FEW_SHOT): ("34>", "34>", Verdict.CORRECT, Fate.KEPT),
        ("56", Origin.FEW_SHOT): ("56>", "56>", Verdict.WRONG, Fate.WRONG),
        ("78", Origin.FEW_SHOT): ("78>", "78>", Verdict.WRONG, Fate.WRONG),
        ("90", Origin.FEW_SHOT): ("90>", "90>", Verdict.WRONG, Fate.WRONG),
        ("56", Origin.RATIONALIZED): ("56!65>", "56>", Verdict.CORRECT, Fate.KEPT),
        ("78", Origin.RATIONALIZED): ("78!87>", "78>", Verdict.CORRECT, Fate.KEPT),
        ("90", Origin.RATIONALIZED): ("90!09>", "90>", Verdict.UNPARSABLE, Fate.UNPARSABLE),
    }
    assert found["56", Origin.RATIONALIZED].text == solution("56")
    assert found["12", Origin.FEW_SHOT].trace_valid is True


def test_no_hint_is_in_any_training_prompt():
    _, store, _ = run(task=Reversal("12>2 1 =21"), shots_in_training=True)
    prompts = {c.training_prompt for i in (1, 2) for c in stored(store, i).values()}
    assert prompts and not any("!" in prompt for prompt in prompts)


@pytest.mark.parametrize("iteration", [1, 2])
def test_each_model_is_the_base_trained_on_the_latest_data_alone(iteration):
    _, store, _ = run()
    kept = [c for c in stored(store, iteration).values() if c.fate is Fate.KEPT]
    by_hand = base()
    sft(by_hand, examples([12, 34, 56, 78]), replace_seed(store, iteration), steps=2 + iteration)
    assert [c.question for c in kept] == ["12", "34", "56", "78"]
    assert same(weights(by_hand.model), weights(store.models[f"iteration-{iteration}"].model))


def replace_seed(store: MemoryStore, iteration: int) -> Optimisation:
    from training.records import seed_of

    return Optimisation(HOW.schedule, batch_size=8, seed=seed_of(0, "train", iteration) % 2**32)


def test_each_iteration_samples_from_the_model_of_the_one_before():
    _, store, sampler = run()
    # Each iteration asks plainly and with hints.
    before = [weights(BASE.model), weights(store.models["iteration-1"].model)]
    assert len(sampler.models) == 4
    for number, sampled_from in enumerate(sampler.models):
        assert same(sampled_from, before[number // 2])


def test_data_of_an_earlier_iteration_is_not_learned_again():
    # The first iteration solves 12, the second 34: each is learned from in its own iteration only.
    calls: list[str] = []

    def one_each(prompt: str, seed: int) -> str:
        calls.append(prompt)
        return (
            solution("12" if len(calls) <= 2 else "34")
            if prompt == f"{'12' if len(calls) <= 2 else '34'}>"
            else "no"
        )

    result, store, _ = run(
        sampler=Scripted(one_each), asked=[question("12"), question("34")], rationalize=False
    )
    assert [report.examples for report in result.iterations] == [0, 1, 1]
    kept = [[c.question for c in stored(store, i).values() if c.fate is Fate.KEPT] for i in (1, 2)]
    assert kept == [["12"], ["34"]]


def test_iterations_take_the_steps_of_the_ladder():
    result, _, _ = run(ladder=StepLadder("exponential", 4, 1.5), iterations=3)
    assert [(r.steps, r.steps_before) for r in result.iterations[1:]] == [(4, 0), (6, 4), (9, 10)]


def test_the_report_counts_questions_and_candidates():
    result, _, _ = run(iterations=1)
    report = result.iterations[1]
    assert (report.questions, report.solved, report.rationalized, report.failed) == (5, 2, 2, 1)
    assert report.fates == {
        "few_shot": {"kept": 2, "wrong": 3},
        "rationalized": {"kept": 2, "unparsable": 1},
    }
    assert report.valid_traces == {"few_shot": 1.0, "rationalized": 1.0}
    assert report.examples == 4


def test_a_right_answer_by_a_wrong_trace_is_kept_and_counted():
    def copied(prompt: str, seed: int) -> str:
        return f"0 0 ={prompt[:2][::-1]}" if "!" in prompt else by_difficulty(prompt, seed)

    result, _, _ = run(sampler=Scripted(copied), iterations=1, asked=ALL[:4])
    assert result.iterations[1].valid_traces == {"few_shot": 1.0, "rationalized": 0.0}
    assert result.iterations[1].examples == 4


# ---------------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("shots", "expected"),
    [("always", [True, True]), ("first_iteration", [True, False]), ("never", [False, False])],
)
def test_shots_are_kept_or_dropped(shots, expected):
    _, store, sampler = run(task=Reversal("12>2 1 =21"), shots=shots)
    for iteration, with_shots in enumerate(expected, start=1):
        plain = stored(store, iteration)["56", Origin.FEW_SHOT]
        hinted = stored(store, iteration)["56", Origin.RATIONALIZED]
        assert plain.prompt == ("12>2 1 =21 56>" if with_shots else "56>")
        assert hinted.prompt == ("12>2 1 =21!hinted 56!65>" if with_shots else "56!65>")
        assert plain.training_prompt == hinted.training_prompt == "56>"
    assert set(sampler.prompts) == {c.prompt for i in (1, 2) for c in stored(store, i).values()}


def test_only_a_share_of_the_failures_is_rationalized():
    hundred = questions(range(100, 200))
    _, _, sampler = run(
        sampler=Scripted(lambda prompt, seed: solution("100") if prompt == "100>" else "no"), asked=hundred,
        iterations=1, share_rationalized=0.3,
    )  # fmt: skip
    assert 15 < sum("!" in prompt for prompt in sampler.prompts) < 45


def test_questions_are_drawn_anew_each_iteration():
    right = Scripted(lambda prompt, seed: solution(prompt.rstrip(">")))
    _, store, _ = run(sampler=right, asked=questions(range(100, 200)), questions_per_iteration=30)
    first, second = ({key for key, _ in stored(store, i)} for i in (1, 2))
    assert len(first) == len(second) == 30
    assert first != second


def test_several_samples_of_a_question_are_kept_once_each_and_have_their_own_seeds():
    def mixed(prompt: str, seed: int) -> str:
        return solution("12") if seed % 2 else "2 1  =21"

    warm = SamplingSettings(max_new_tokens=12, temperature=0.7)
    _, store, sampler = run(
        sampler=Scripted(mixed), asked=[question("12")], sampling=warm, samples=8, iterations=1
    )
    assert len({request.seed for request in sampler.asked}) == 8
    fates = [candidate.fate for candidate in store.candidates(1, Origin.FEW_SHOT)]
    assert (fates.count(Fate.KEPT), fates.count(Fate.DUPLICATE)) == (2, 6)


def test_a_completion_that_was_cut_off_is_not_learned():
    cut = Scripted(
        lambda prompt, seed: (
            said(solution("12"), finish="length") if prompt == "12>" else by_difficulty(prompt, seed)
        )
    )
    _, store, _ = run(sampler=cut, iterations=1)
    assert stored(store, 1)["12", Origin.FEW_SHOT].fate is Fate.UNFINISHED


def test_it_stops_at_a_plateau_and_names_the_best_iteration():
    accuracies = iter([0.0, 0.5, 1.0, 0.5, 0.5, 0.5])
    right: dict[str, bool] = {}

    def answer(prompt: str, seed: int) -> str:
        if prompt == "50>":
            share = next(accuracies)
            right.update({"50": share >= 0.5, "51": share == 1})
        number = prompt[:2]
        return solution(number) if right.get(number, True) else "=no"

    result, _, _ = run(
        sampler=Scripted(answer),
        asked=questions([12]),
        validation=questions([50, 51]),
        iterations=9,
        patience=2,
    )
    assert [report.accuracy for report in result.iterations] == [0, 0.5, 1, 0.5, 0.5]
    assert (result.best, result.stopped) == (2, "plateau")


def test_validation_questions_are_asked_greedily_and_never_learned_from():
    warm = SamplingSettings(max_new_tokens=12, temperature=0.7)
    result, store, sampler = run(validation=questions([60, 61]), sampling=warm, iterations=1)
    assert [s.temperature for s in sampler.settings] == [0, 0.7, 0.7, 0]
    assert result.iterations[1].validation == {"60": False, "61": False}
    assert not {"60", "61"} & {key for key, _ in stored(store, 1)}


@pytest.mark.parametrize(
    "wrong", [{"iterations": 0}, {"samples": 0}, {"samples": 2}, {"share_rationalized": 1.5}]
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        settings(**wrong)


# -------------------------------------------------------------------------------------------------------- departures


def test_continuing_starts_from_the_model_before():
    _, store, _ = run(departures=Departures(continue_training=True))
    by_hand = clone(store.models["iteration-1"])
    sft(by_hand, examples([12, 34, 56, 78]), replace_seed(store, 2), steps=4)
    assert same(weights(by_hand.model), weights(store.models["iteration-2"].model))


def test_a_pool_holds_each_example_once():
    result, _, _ = run(departures=Departures(data_of_iterations=0), iterations=3)
    assert [report.examples for report in result.iterations[1:]] == [4, 4, 4]


def written(text: str) -> Completion:
    return Completion(text=text, finish="stop", logprob=None, scored_tokens=0, token_count=0)


def given(number: int) -> Candidate:
    [example] = examples([number])
    return Candidate(
        question=str(number),
        sample=0,
        origin=Origin.REPLAYED,
        prefix="",
        own_prompt="",
        training_prompt=example.prompt,
        completion=written(example.completion),
        seed=0,
        grade=Grade(Verdict.CORRECT, None, None),
        fate=Fate.KEPT,
    )


def test_replay_adds_a_fixed_number_drawn_anew_and_stored_but_not_counted_as_kept():
    replay = [given(number) for number in range(100, 120)]
    result, store, _ = run(departures=Departures(replay=replay, replay_per_iteration=5))
    for report in result.iterations[1:]:
        assert (report.examples, report.kept, report.replayed, report.copies) == (9, 4, 5, 0)
        assert report.fates["replayed"] == {"kept": 5}
    drawn = [{c.question for c in store.candidates(n, Origin.REPLAYED)} for n in (1, 2)]
    assert len(drawn[0]) == len(drawn[1]) == 5 and drawn[0] != drawn[1]


def test_what_is_replayed_and_does_not_fit_is_stored_as_too_long():
    long = replace(given(100), completion=written("0" * 200))
    result, store, _ = run(departures=Departures(replay=[long, given(101)]), iterations=1)
    assert [c.fate for c in store.candidates(1, Origin.REPLAYED)] == [Fate.TOO_LONG, Fate.KEPT]
    assert (result.iterations[1].replayed, result.iterations[1].too_long) == (1, 1)


def test_hinted_copies_are_extra_examples_stored_apart_and_leave_what_was_kept_alone():
    result, store, _ = run(departures=Departures(hinted_copies=1.0), iterations=1)
    report = result.iterations[1]
    assert (report.examples, report.kept, report.copies) == (8, 4, 4)
    found = stored(store, 1)
    assert not any("!" in c.training_prompt for (_, o), c in found.items() if o is not Origin.HINTED_COPY)
    copies = {c.question: (c.training_prompt, c.text) for c in store.candidates(1, Origin.HINTED_COPY)}
    assert copies == {key: (f"{key}!{key[::-1]}>", solution(key)) for key in EASY + HARD}


# ----------------------------------------------------------------------------------------------------- with a real one


def test_it_improves_a_weak_model_on_questions_that_it_never_saw():
    result = star(
        Reversal(), questions(range(102, 1000, 7)), lambda: clone(weak_reverser()),
        StarSettings(
            how=Optimisation(Schedule(1e-2, 5, "cosine", 0.05), batch_size=16), sampling=GREEDY, iterations=2,
            ladder=StepLadder("linear", 80, 20),
        ),
        validation=questions(range(104, 1000, 11)),
    )  # fmt: skip
    accuracies = [report.accuracy or 0 for report in result.iterations]
    assert 0 < accuracies[0] < 0.5
    assert accuracies[-1] > accuracies[0] + 0.4, result.iterations
