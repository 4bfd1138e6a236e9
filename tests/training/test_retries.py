"""Self-correction: what is taken back, by hand; what is learned of it; and that the committed base learns it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from generation.prompts import build_prompt, completion_of
from generation.prompts.types import Asked
from generation.registry.loading import LoadedModel, load_folder, load_tokenizer
from generation.sampling.local import LocalSampler
from generation.sampling.types import PromptRequest, SamplingSettings
from problems.addition import scratchpad
from problems.grading import grade
from problems.normalise import normalise
from problems.retries import MARK
from problems.traces import Span, settled, trace_is_valid
from problems.types import Family, Verdict
from training.batching import Example, encode
from training.loop import Optimisation
from training.retries import Retry, marked_span, retry_of
from training.schedule import Schedule
from training.sft import sft

BASE = Path(__file__).resolve().parents[2] / "training" / "base" / "tiny"
SUM = "560 + 583"
STORY = "Leo has 84 eggs and sells 30 of them. He buys 2 more. How many has he?"
SOLUTION = " He has 84 - 30 = <<84-30=54>>54 eggs left.\nThen 54 + 2 = <<54+2=56>>56.\n#### 56"


def story(wrong: str, *, answer_is_wrong: bool = True, marked: Span | None = None) -> Retry | None:
    return retry_of(
        Family.WORD_PROBLEM, STORY, wrong, SOLUTION, answer_is_wrong=answer_is_wrong, marked=marked
    )


# ----------------------------------------------------------------------------------------------------------- by hand


def test_a_sum_is_taken_back_at_its_first_wrong_line_and_goes_on_to_the_end():
    right = scratchpad(560, 583)
    wrong = right.replace("5 + 5 , 4 3 C: 1", "5 + 5 , 5 3 C: 1").replace(", 1 4 3 C: 1", ", 1 5 3 C: 1")
    assert retry_of(Family.ADDITION, SUM, wrong, right) == Retry(
        "<scratch>\n5 6 0 + 5 8 3 , C: 0\n6 + 8 , 3 C: 0\n5 + 5 , 5 3 C: 1\n",
        "<retry>\n5 + 5 , 4 3 C: 1\n, 1 4 3 C: 1\n1 1 4 3\n</scratch>\n1 1 4 3",
    )


@pytest.mark.parametrize("place", range(8))
def test_wherever_a_sum_goes_wrong_what_is_learned_ends_it_rightly(place):
    right = scratchpad(560, 583)
    lines = right.splitlines()
    wrong = "\n".join([*lines[:place], "9 9 9", "and more"])
    retry = retry_of(Family.ADDITION, SUM, wrong, right)
    assert retry is not None
    assert retry.beginning == "\n".join([*lines[:place], "9 9 9", ""])
    whole = retry.beginning + retry.correction
    assert settled(Family.ADDITION, whole) == right
    assert trace_is_valid(Family.ADDITION, SUM, whole) is True
    assert grade(Family.ADDITION, whole, gold="1143").verdict is Verdict.CORRECT


def test_a_word_problem_goes_on_from_the_step_that_was_computed_wrongly():
    wrong = " He has 84 - 30 = <<84-30=54>>54 eggs left.\nThen 54 + 2 = <<54+2=58>>58.\n#### 58"
    assert story(wrong) == Retry(
        " He has 84 - 30 = <<84-30=54>>54 eggs left.\nThen 54 + 2 = <<54+2=58>>58.\n",
        "<retry>\nThen 54 + 2 = <<54+2=56>>56.\n#### 56",
    )


def test_where_everything_is_computed_rightly_but_the_answer_is_wrong_the_first_other_computation_counts():
    wrong = " He has 84 + 30 = <<84+30=114>>114 eggs.\n#### 114"
    assert story(wrong) == Retry(" He has 84 + 30 = <<84+30=114>>114 eggs.\n", f"<retry>\n{SOLUTION.strip()}")
    assert story(wrong, answer_is_wrong=False) is None


def test_what_raters_marked_is_taken_back_even_where_every_computation_holds():
    text = " He has 84 - 30 = <<84-30=54>>54 eggs left.\nHe eats them all.\n#### 54"
    shown = normalise(text, Family.WORD_PROBLEM).split("\n")
    marked = marked_span(Family.WORD_PROBLEM, text, shown, 1)
    assert marked is not None and text[marked.start : marked.end] == "He eats them all."
    assert story(text, answer_is_wrong=False, marked=marked) == Retry(
        " He has 84 - 30 = <<84-30=54>>54 eggs left.\nHe eats them all.\n",
        "<retry>\nThen 54 + 2 = <<54+2=56>>56.\n#### 56",
    )
    assert marked_span(Family.WORD_PROBLEM, text, shown, 9) is None
    pad = scratchpad(560, 583)
    of_sum = marked_span(Family.ADDITION, pad, normalise(pad, Family.ADDITION).split("\n"), 1)
    assert of_sum is not None and pad[of_sum.start : of_sum.end] == "6 + 8 , 3 C: 0"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (SOLUTION, "nothing is wrong"),
        (" He has many.\n#### 3", "nothing is computed"),
        (f" 84 - 30 = 50\n{MARK}\n84 - 30 = 54", "it takes something back itself"),
        (" First 84 + 2 = 86.\nThen 86 - 30 = 50.\n#### 50", "it was another way until it went wrong"),
    ],
)
def test_nothing_is_made_up_where_no_correction_is_known_to_be_right(wrong, why):
    assert story(wrong, answer_is_wrong=wrong != SOLUTION and "86" not in wrong) is None, why


def test_a_scratchpad_that_only_ends_too_soon_or_says_too_much_is_not_corrected():
    right = scratchpad(560, 583)
    assert retry_of(Family.ADDITION, SUM, right[:60].rpartition("\n")[0], right) is None
    assert retry_of(Family.ADDITION, SUM, f"{right}\nand more", right) is None
    assert retry_of(Family.ADDITION, "no sum", right, right) is None


# ------------------------------------------------------------------------------------------------ judging, and showing


def test_only_what_stands_behind_the_last_mark_can_be_an_answer():
    text = f"2 + 2 = 5\n#### 5\n{MARK}\n2 + 2 = 4\n#### 4"
    assert grade(Family.GSM8K, text, gold="4").verdict is Verdict.CORRECT
    assert grade(Family.GSM8K, f"#### 4\n{MARK}\nso", gold="4").verdict is Verdict.UNPARSABLE
    assert grade(Family.ADDITION, f"</scratch>\n5\n{MARK}\n4", gold="4").verdict is Verdict.CORRECT
    assert trace_is_valid(Family.GSM8K, "", f"2 + 2 = 5\n{MARK}\n2 + 2 = 4\n#### 4") is True
    assert trace_is_valid(Family.GSM8K, "", f"2 + 2 = 5\nso 1 + 1 = 2\n{MARK}\n2 + 2 = 4") is False


def test_raters_read_the_mark_in_words():
    shown = normalise(f"2 + 2 = 5\n{MARK}\n2 + 2 = 4", Family.GSM8K)
    assert shown == "2 + 2 = 5\nCorrection:\n2 + 2 = 4"
    assert normalise(shown, Family.GSM8K) == shown


# --------------------------------------------------------------------------------------------------- what is learned


def sums(count: int, *, start: int = 0) -> list[tuple[str, str, str]]:
    """(question, right, wrong at a line of its own)."""
    found = []
    for number in range(start, start + count):
        a, b = 10 + (37 * number) % 90, 10 + (53 * number + 11) % 90
        lines = scratchpad(a, b).splitlines()
        # The digit that is settled first, too large by one.
        settled_digit = lines[2].split(", ")[1][0]
        lines[2] = lines[2].replace(f", {settled_digit}", f", {(int(settled_digit) + 1) % 10}", 1)
        found.append((f"{a} + {b}", scratchpad(a, b), "\n".join(lines)))
    return found


def example_of(question: str, right: str, wrong: str) -> Example:
    retry = retry_of(Family.ADDITION, question, wrong, right)
    assert retry is not None
    return Example(build_prompt(Family.ADDITION, Asked(question)) + retry.beginning, retry.correction)


def test_the_mistake_and_all_before_it_are_in_no_loss_and_everything_from_the_mark_on_is():
    tokenizer = load_tokenizer(BASE)
    for one in sums(5):
        example = example_of(*one)
        row = encode(tokenizer, example)
        assert tokenizer.decode(row.ids[row.learned]) == example.completion + tokenizer.eos_token
        assert tokenizer.decode(row.ids[~row.learned]) == example.prompt
        assert example.completion.startswith(f"{MARK}\n")


@pytest.mark.slow
def test_the_committed_base_learns_to_take_back_what_it_is_led_into():
    torch.set_num_threads(1)
    loaded = load_folder(BASE)
    learned = [example_of(*one) for one in sums(64)]
    learned += [
        Example(build_prompt(Family.ADDITION, Asked(q)), completion_of(Family.ADDITION, r))
        for q, r, _ in sums(16)
    ]
    asked = sums(12, start=400)
    before = corrected(loaded, asked)
    sft(loaded, learned, Optimisation(Schedule(2e-3, 5), batch_size=16), steps=24)
    after = corrected(loaded, asked)
    assert before == 0 and after >= 8, (before, after)


def corrected(loaded: LoadedModel, asked: list[tuple[str, str, str]]) -> int:
    """How many sums a model ends rightly, after taking back a mistake that was put into its mouth."""
    prompts = [example_of(*one).prompt for one in asked]
    settings = SamplingSettings(max_new_tokens=70)
    texts = LocalSampler(loaded).sample([PromptRequest(prompt, 0) for prompt in prompts], settings)
    return sum(
        text.text.startswith(MARK)
        and grade(Family.ADDITION, text.text, gold=str(eval_sum(question))).verdict is Verdict.CORRECT
        for (question, _, _), text in zip(asked, texts, strict=True)
    )


def eval_sum(question: str) -> int:
    return sum(map(int, question.split(" + ")))
