"""A small real run of STaR with most settings in use: every number that it reports, counted again from its rows."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any

import pytest

from ratings.library.models import Question
from tests.training_runs.worlds import done, make_sums
from training.runs.models import Fate, Origin, TrainingExample, TrainingRun

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.usefixtures("storage")]

HINTED = re.compile(r"Target: [\d ]+\n")


def rows_of(run: TrainingRun, iteration: int, origin: str) -> list[TrainingExample]:
    rows = run.examples.filter(iteration=iteration, origin=origin)
    return list(rows.select_related("revision", "prefix").order_by("question__external_id", "sample"))


def digits(row: TrainingExample) -> int:
    return max(len(number) for number in row.revision.text.split(" + "))


def check_counts(run: TrainingRun, samples: int, asked: int) -> None:
    """What each iteration says of its questions and candidates, from the rows alone."""
    for one in run.iterations.filter(number__gt=0):
        plain, hinted = (
            rows_of(run, one.number, origin) for origin in (Origin.FEW_SHOT, Origin.RATIONALIZED)
        )
        assert len(plain) == samples * asked == samples * one.counts["questions"]
        by_question = Counter(row.question_id for row in plain)
        assert set(by_question.values()) == {samples} and len(by_question) == asked
        solved = {row.question_id for row in plain if row.answer == row.revision.answer}
        again = {row.question_id for row in hinted}
        saved = {row.question_id for row in hinted if row.answer == row.revision.answer}
        assert not again & solved and len(hinted) == samples * len(again)
        assert (one.counts["solved"], one.counts["rationalized"]) == (len(solved), len(saved))
        assert one.counts["failed"] == asked - len(solved) - len(saved)
        kept = [row for row in [*plain, *hinted] if row.fate == Fate.KEPT]
        assert one.counts["kept"] == one.counts["examples"] == len(kept)
        # Right, whole, and no text of a question twice.
        assert all(row.answer == row.revision.answer for row in kept)
        texts = Counter((row.question_id, row.completion) for row in kept)
        assert set(texts.values()) == {1}


def test_linear_steps_a_cap_several_samples_dropped_examples_shown_hints_and_later_digits() -> None:
    make_sums(digits=(3, 4, 5))
    wanted: dict[str, Any] = {
        "iterations": 9, "steps_rule": "linear", "first_steps": 3, "steps_growth": 2, "max_steps": 6,
        "samples": 3, "temperature": 0.8, "questions_per_iteration": 20, "shots": 1, "shots_when": "first_iteration",
        "share_rationalized": 0.5, "hint_left_in": 0.5, "later_from": 4, "later_groups": [5],
        "patience": 2, "min_gain": 0.9,
    }  # fmt: skip
    run = done(**wanted)
    iterations = list(run.iterations.order_by("number"))
    # 3 + 2 (i-1), never more than 6. No gain is as large as 90 points: patience 2 is over two iterations after the
    # last change, which the fourth brings, itself the first of them.
    assert [one.steps for one in iterations] == [0, 3, 5, 6, 6, 6]
    assert (
        run.metrics["steps"] == 26 and run.metrics["stopped"] == "plateau" and run.metrics["iterations"] == 5
    )
    assert run.metrics["explanation"].startswith("2 iterations in a row did not raise")
    check_counts(run, samples=3, asked=20)
    longer = Question.objects.filter(split="train", revisions__text__regex=r"(^\d{5} | \d{5}$)").count()
    assert [one.counts["joined"] for one in iterations[1:]] == [0, 0, 0, longer, 0]
    failed = chosen = left = shown = 0
    for number in (1, 2, 3, 4, 5):
        plain, hinted = rows_of(run, number, Origin.FEW_SHOT), rows_of(run, number, Origin.RATIONALIZED)
        # Three and four digits until five join; all of them from then on.
        assert {digits(row) for row in plain} == ({3, 4} if number < 4 else {3, 4, 5})
        # The worked example is in what is sent in the first iteration only, and in nothing that is learned.
        assert all((row.prefix is not None) == (number == 1) for row in [*plain, *hinted])
        assert all(row.training_prompt.count("Target:") == 1 for row in [*plain, *hinted])
        solved = {row.question_id for row in plain if row.verdict == "correct"}
        failed += len({row.question_id for row in plain} - solved)
        chosen += len({row.question_id for row in hinted})
        left += sum(bool(HINTED.search(row.training_prompt)) for row in hinted)
        shown += len(hinted)
        assert not any(HINTED.search(row.training_prompt) for row in plain)
    # Coins: half of the failed questions are asked again, half of what that gave keeps its hint; three sigma.
    assert failed > 15 and abs(chosen - failed / 2) <= 1.5 * math.sqrt(failed)
    assert shown > 15 and abs(left - shown / 2) <= 1.5 * math.sqrt(shown)


@pytest.mark.parametrize(("accumulate", "batch"), [(1, 4), (2, 3)])
def test_epochs_are_counted_over_what_the_iteration_kept_and_grow(accumulate: int, batch: int) -> None:
    make_sums(digits=(2, 3))
    run = done(
        iterations=3, steps_rule="epochs", first_steps=1.5, steps_growth=0.25, batch_size=batch,
        accumulate=accumulate, questions_per_iteration=20,
    )  # fmt: skip
    check_counts(run, samples=1, asked=20)
    for number, passes in ((1, 1.5), (2, 1.75), (3, 2.0)):
        kept = run.examples.filter(iteration=number, fate=Fate.KEPT).count()
        assert run.iterations.get(number=number).steps == int(passes * math.ceil(kept / (batch * accumulate)))


def test_exponential_steps_are_cut_to_whole_ones_and_a_share_of_nothing_rationalizes_nothing() -> None:
    make_sums(digits=(2, 3))
    run = done(iterations=4, first_steps=3, steps_growth=1.5, max_steps=9, share_rationalized=0.0)
    # 3, 4.5, 6.75, 10.125.
    assert list(run.iterations.order_by("number").values_list("steps", flat=True)) == [0, 3, 4, 6, 9]
    check_counts(run, samples=1, asked=16)
    assert not run.examples.filter(origin=Origin.RATIONALIZED).exists()
