"""STaR: what it keeps, what joins later, which hints stay, and when it stops; with a scripted sampler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from generation.sampling.types import SamplingSettings
from problems.types import Verdict
from tests.training.reversal import Reversal, Scripted, question, questions, solution
from tests.training.starring import ALL, BASE, GREEDY, run, settings, stored
from tests.training.tiny import loaded_tiny
from training.batching import Example
from training.errors import NothingRight, NothingToLearn
from training.plateau import changes_of, plateau
from training.records import Candidate, Fate, Origin
from training.schedule import StepLadder
from training.scoring import score_examples
from training.star import star
from training.star_types import Departures, StarIteration
from training.stores import MemoryStore, clone

WARM = SamplingSettings(max_new_tokens=12, temperature=0.7)


def right(prompt: str, seed: int) -> str:
    return solution(prompt.split()[-1].rstrip(">").split("!")[0])


# ----------------------------------------------------------------------------------------------------- what is kept


def answer_by_a_wrong_step(prompt: str, seed: int) -> str:
    """78 by a wrong trace until it is hinted at; the others by right ones."""
    return "9 9 =87" if prompt == "78>" else right(prompt, seed)


def test_only_valid_traces_are_learned_where_that_is_wanted_and_the_others_are_rationalized():
    result, store, sampler = run(
        sampler=Scripted(answer_by_a_wrong_step),
        asked=ALL[:4],
        iterations=1,
        departures=Departures(kept_by="trace"),
    )
    found = stored(store, 1)
    plain, hinted = found["78", Origin.FEW_SHOT], found["78", Origin.RATIONALIZED]
    assert (plain.grade.verdict, plain.trace_valid, plain.fate) == (Verdict.CORRECT, False, Fate.INVALID)
    assert (hinted.trace_valid, hinted.fate) == (True, Fate.KEPT)
    assert [prompt for prompt in sampler.prompts if "!" in prompt] == ["78!87>"]
    report = result.iterations[1]
    assert (report.solved, report.rationalized, report.failed) == (3, 1, 0)
    assert (report.kept, report.invalid_trace, report.unparsable, report.examples) == (4, 1, 0, 4)
    assert report.valid_traces == {"few_shot": 1.0, "rationalized": 1.0}


def test_by_default_a_right_answer_by_a_wrong_step_is_learned_as_in_the_paper_and_counted():
    result, _, sampler = run(sampler=Scripted(answer_by_a_wrong_step), asked=ALL[:4], iterations=1)
    report = result.iterations[1]
    assert not any("!" in prompt for prompt in sampler.prompts)
    assert (report.kept, report.invalid_trace, report.examples) == (4, 1, 4)
    assert report.valid_traces == {"few_shot": 0.75, "rationalized": None}


class Untold(Reversal):
    """A family that can not tell."""

    def trace_is_valid(self, question, text: str) -> bool | None:
        return None


def test_what_can_not_be_told_is_no_valid_trace_and_the_advice_says_so():
    with pytest.raises(NothingRight, match="4 were right by steps that are not: keep by the answer"):
        run(task=Untold(), sampler=Scripted(right), asked=ALL[:2], departures=Departures(kept_by="trace"))
    result, _, _ = run(task=Untold(), sampler=Scripted(right), asked=ALL[:2], iterations=1)
    assert result.iterations[1].valid_traces == {"few_shot": None, "rationalized": None}


def several(prompt: str, seed: int) -> str:
    """Right in four ways, or wrong."""
    number = prompt.rstrip(">").split("!")[0]
    return ["2 1  ={}", "{}  ={}", "x ={}", "= {}"][seed % 4].format(*[number[::-1]] * 2)


@pytest.mark.parametrize(("share", "most"), [(0.25, 1), (0.5, 2), (1.0, 4)])
def test_a_verifier_keeps_the_best_share_of_each_questions_right_samples(share, most):
    verifier = loaded_tiny(seed=5)
    asked = questions([12, 34, 56])
    result = star(
        Reversal(), asked, lambda: clone(BASE),
        settings(sampling=WARM, samples=12, iterations=1, rationalize=False,
                 departures=Departures(kept_by="verifier", verifier_share=share)),
        store=(store := MemoryStore()), sampler=Scripted(several), verifier=lambda: verifier,
    )  # fmt: skip
    candidates = store.candidates(1, Origin.FEW_SHOT)
    for one in asked:
        own = [c for c in candidates if c.question == one.key and c.fate in (Fate.KEPT, Fate.OUTSCORED)]
        by_hand = score_examples(verifier, [Example(f"{one.key}>", c.text) for c in own])
        assert [c.verifier_score for c in own] == pytest.approx(by_hand, abs=1e-5)
        kept = sorted((c.verifier_score or 0 for c in own if c.fate is Fate.KEPT), reverse=True)
        assert kept == sorted(by_hand, reverse=True)[: len(kept)] and len(kept) == min(most, len(own))
    assert all(c.verifier_score is None for c in candidates if c.fate in (Fate.WRONG, Fate.DUPLICATE))
    assert result.iterations[1].solved == 3
    assert result.iterations[1].examples == sum(c.fate is Fate.KEPT for c in candidates)


def scored(
    above: float | None, share: float = 1.0, said: Callable[[str, int], str] | None = None, **changes: Any
) -> tuple[Any, MemoryStore]:
    """Three questions with four right wordings each, or fewer, scored by a model that knows nothing of them."""
    verifier, store = loaded_tiny(seed=5), MemoryStore()
    departures = Departures(kept_by="verifier", verifier_share=share, verifier_above=above)
    chosen = settings(
        **{"sampling": WARM, "samples": 12, "iterations": 1, "departures": departures, **changes}
    )
    asked, sampler = questions([12, 34, 56]), Scripted(said or several)
    result = star(
        Reversal(),
        asked,
        lambda: clone(BASE),
        chosen,
        store=store,
        sampler=sampler,
        verifier=lambda: verifier,
    )
    return result, store


def test_a_verifier_keeps_what_it_scores_high_enough_and_a_question_with_nothing_of_that_is_rationalized():
    _, free = scored(None)
    found = free.candidates(1, Origin.FEW_SHOT)
    scores = {
        key: sorted(c.verifier_score for c in found if c.question == key and c.verifier_score is not None)
        for key in ("12", "34", "56")
    }
    # What the worst question's best sample just misses, and some sample of each of the others reaches.
    worst = min(scores, key=lambda key: scores[key][-1])
    above = scores[worst][-1] + 1e-4
    result, store = scored(above)
    for c in store.candidates(1, Origin.FEW_SHOT):
        if c.verifier_score is not None:
            assert c.fate is (Fate.KEPT if c.verifier_score >= above else Fate.OUTSCORED)
    kept = {c.question for c in store.candidates(1, Origin.FEW_SHOT) if c.fate is Fate.KEPT}
    assert kept == set(scores) - {worst}
    # Its duplicates are no better than what they repeat.
    assert any(c.fate is Fate.DUPLICATE for c in store.candidates(1, Origin.FEW_SHOT) if c.question == worst)
    assert {c.question for c in store.candidates(1, Origin.RATIONALIZED)} == {worst}
    report = result.iterations[1]
    assert (report.questions, report.solved, report.rationalized, report.failed) == (3, 2, 0, 1)
    # Both must hold: of the best quarter, which is one of each question, what is good enough.
    _, both = scored(above, share=0.25)
    assert {c.question for c in both.candidates(1, Origin.FEW_SHOT) if c.fate is Fate.KEPT} == kept
    assert sum(c.fate is Fate.KEPT for c in both.candidates(1, Origin.FEW_SHOT)) == 2


def test_where_nothing_is_good_enough_the_advice_has_the_best_score():
    with pytest.raises(
        NothingRight, match=r"were right; the verifier's best score was -\d+\.\d\d: lower verifier_above"
    ):
        scored(-0.001)


def test_a_single_greedy_sample_is_enough_for_a_limit():
    _, store = scored(-1e6, said=right, sampling=GREEDY, samples=1, rationalize=False)
    assert [c.fate for c in store.candidates(1, Origin.FEW_SHOT)] == [Fate.KEPT] * 3


def test_a_verifier_needs_a_model_and_several_samples():
    with pytest.raises(ValueError, match="samples: 1; expected at least 2"):
        settings(departures=Departures(kept_by="verifier"))
    with pytest.raises(ValueError, match="verifier: None; expected a model"):
        run(sampling=WARM, samples=2, departures=Departures(kept_by="verifier"))


# ------------------------------------------------------------------------------------------------------------- hints


@pytest.mark.parametrize("start", [1, 2, 3])
def test_rationalization_begins_with_the_iteration_that_is_named(start):
    result, store, _ = run(iterations=3, rationalize_from=start)
    for n in (1, 2, 3):
        hinted = {key for key, origin in stored(store, n) if origin is Origin.RATIONALIZED}
        assert hinted == ({"56", "78", "90"} if n >= start else set())
    assert [r.rationalized for r in result.iterations[1:]] == [2 if n >= start else 0 for n in (1, 2, 3)]


def test_a_hint_stays_in_what_is_learned_with_the_chance_that_is_wanted():
    hundred = questions(range(100, 200))

    def with_a_hint(prompt: str, seed: int) -> str:
        return right(prompt, seed) if "!" in prompt or prompt == "100>" else "no"

    shares = {}
    for chance in (0.0, 0.3, 1.0):
        _, store, _ = run(
            sampler=Scripted(with_a_hint), asked=hundred, iterations=1, hint_left_in=chance,
            shots_in_training=True, task=Reversal("12>2 1 =21"),
        )  # fmt: skip
        hinted = store.candidates(1, Origin.RATIONALIZED)
        for c in hinted:
            plain, shown = f"12>2 1 =21 {c.question}>", f"12>2 1 =21!hinted {c.question}!{c.question[::-1]}>"
            assert c.training_prompt in (plain, shown)
        assert not any("!" in c.training_prompt for c in store.candidates(1, Origin.FEW_SHOT))
        shares[chance] = sum("!" in c.training_prompt for c in hinted) / len(hinted)
    assert shares[0.0] == 0 and 0.15 < shares[0.3] < 0.45 and shares[1.0] == 1


# ------------------------------------------------------------------------------------------------- what joins later


def test_questions_join_at_their_iteration_and_are_asked_from_then_on():
    sampler, store = Scripted(right), MemoryStore()
    result = star(
        Reversal(), questions([12, 34, 567, 890]), lambda: clone(BASE), settings(iterations=3),
        joins={"567": 2, "890": 3}, store=store, sampler=sampler,
    )  # fmt: skip
    asked = [[c.question for c in store.candidates(n, Origin.FEW_SHOT)] for n in (1, 2, 3)]
    assert asked == [["12", "34"], ["12", "34", "567"], ["12", "34", "567", "890"]]
    assert [r.joined for r in result.iterations] == [0, 0, 1, 1]
    assert [r.questions for r in result.iterations] == [0, 2, 3, 4]


def test_a_draw_takes_from_all_that_have_joined():
    store = MemoryStore()
    late = {str(number): 2 for number in range(500, 560)}
    star(
        Reversal(), questions([*range(100, 140), *range(500, 560)]), lambda: clone(BASE),
        settings(questions_per_iteration=30), joins=late, store=store, sampler=Scripted(right),
    )  # fmt: skip
    first, second = ({c.question for c in store.candidates(n, Origin.FEW_SHOT)} for n in (1, 2))
    assert len(first) == len(second) == 30
    assert not first & set(late) and 8 < len(second & set(late)) < 27


def test_some_question_must_be_there_from_the_first_iteration_on():
    with pytest.raises(NothingToLearn, match="No question has joined by iteration 1"):
        star(
            Reversal(),
            [question("12")],
            lambda: clone(BASE),
            settings(),
            joins={"12": 2},
            sampler=Scripted(right),
        )


# ---------------------------------------------------------------------------------------------------------- stopping


def after(accuracies: Sequence[float], joins: dict[str, int] | None = None, **changes: Any) -> str:
    """Why a run with these accuracies, from the base on, stops now; "" if it goes on."""
    chosen = settings(iterations=20, **changes)
    reports = [StarIteration(number=n, accuracy=accuracy) for n, accuracy in enumerate(accuracies)]
    return plateau(reports, chosen, changes_of(chosen, joins or {}))


def test_a_plateau_is_told_in_a_sentence():
    assert after([0.1, 0.5, 0.4, 0.5], patience=2) == (
        "2 iterations in a row did not raise the held-out accuracy of 50.0% (iteration 1); patience is 2."
    )
    assert after([0.1, 0.5, 0.4, 0.5], patience=3) == ""
    assert after([0.1, 0.5, 0.4, 0.5]) == ""


def test_a_gain_that_is_too_small_does_not_count():
    creeping = [0.50, 0.505, 0.51, 0.515]
    assert after(creeping, patience=2) == ""
    assert "(iteration 0) by 2% of the questions" in after(creeping, patience=2, min_gain=0.02)
    # Small gains that add up to a large one do.
    assert after([0.50, 0.51, 0.52, 0.53], patience=2, min_gain=0.02) == ""
    assert after([0.1, 0.2], patience=1, min_gain=0.1) == ""


def test_what_is_still_to_begin_is_waited_for_and_the_count_starts_anew_with_it():
    flat = [0.5] * 9
    assert after(flat[:4], patience=2, rationalize_from=5) == ""
    assert after(flat[:6], patience=2, rationalize_from=5) == ""
    assert after(flat[:7], patience=2, rationalize_from=5).startswith("2 iterations")
    assert after(flat[:7], {"567": 7}, patience=2) == ""
    assert after(flat, {"567": 7}, patience=2).startswith("2 iterations")


def test_the_result_says_why_it_ended():
    result, _, _ = run()
    assert (result.stopped, result.explanation) == ("iterations", "All 2 iterations are done.")


# ------------------------------------------------------------------------------------------------ refused, and resumed


@pytest.mark.parametrize(
    "wrong",
    [{"rationalize_from": 0}, {"hint_left_in": 1.5}, {"hint_left_in": -0.1}, {"min_gain": 2}],
)
def test_impossible_settings_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}: .*expected"):
        settings(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [{"kept_by": "luck"}, {"verifier_share": 0.0}, {"verifier_above": 0.5}, {"verifier_above": float("nan")}],
)
def test_impossible_departures_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}: .*expected"):
        Departures(**wrong)


class DyingOnce(MemoryStore):
    """Dies before its `at`-th batch."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.left = at

    def put_batch(self, round: int, origin: Origin, number: int, candidates: Sequence[Candidate]) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        super().put_batch(round, origin, number, candidates)


@pytest.mark.parametrize("at", [2, 5, 7])
def test_interrupted_with_every_setting_in_use_it_ends_with_the_same_candidates_and_numbers(at):
    verifier = loaded_tiny(seed=5)

    def go(store: MemoryStore):
        return star(
            Reversal(), questions([12, 34, 56, 78]), lambda: clone(BASE),
            settings(
                sampling=WARM, samples=4, iterations=3, rationalize_from=2, hint_left_in=0.5, batch_questions=2,
                departures=Departures(kept_by="verifier", verifier_share=0.5), ladder=StepLadder("linear", 2, 1),
            ),
            joins={"78": 2}, store=store, verifier=lambda: verifier, validation=questions([90]),
            sampler=Scripted(lambda p, s: "no" if p == "56>" else several(p, s)),
        )  # fmt: skip

    whole = MemoryStore()
    expected = go(whole)
    cut = DyingOnce(at)
    with pytest.raises(KeyboardInterrupt):
        go(cut)
    assert go(cut) == expected
    assert cut.batches == whole.batches
