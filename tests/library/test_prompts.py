"""The worked examples of few-shot prompts: right, ours, in the paper's formats, and shown to models by the commands."""

from __future__ import annotations

import json
import re
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.audit import COMMAND
from accounts.errors import InvalidInput
from generation.prompts import Asked, Shot, build_prompt
from generation.runs.shots import draw_shots
from problems.grading import grade
from problems.types import Choice, Family, Verdict
from ratings.library.datasets import get_dataset
from ratings.library.errors import UnknownDataset
from ratings.library.making import make_word_problems
from ratings.library.models import Question, Rationale
from ratings.library.prompting import FILES, FOLDER, WORKED_EXAMPLE, import_prompts
from ratings.library.splitting import PROMPT_SPLIT, split_dataset
from tests.problems.real_data import needs_real_data, rows_of
from training.runs.shots import choose_shots

_MARK = re.compile(r"<<([^<>=]+)=([^<>=]+)>>")


def examples(family: Family) -> list[dict[str, Any]]:
    lines = (FOLDER / FILES[family]).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def solution(example: dict[str, Any]) -> str:
    (only,) = example["rationales"]
    assert only["source"] == WORKED_EXAMPLE
    return str(only["text"])


def asked(example: dict[str, Any]) -> Asked:
    choices = tuple(Choice(one["label"], one["text"]) for one in example.get("choices", ()))
    return Asked(example["question"], choices, example["answer"])


@pytest.mark.parametrize("family", list(FILES))
def test_every_example_is_right_and_of_split_prompt(family: Family) -> None:
    found = examples(family)
    assert len(found) == 10 and len({one["id"] for one in found}) == 10
    for one in found:
        question = asked(one)
        verdict = grade(family, solution(one), gold=question.answer, choices=question.choices)
        assert (verdict.verdict, verdict.text_agrees) in [(Verdict.CORRECT, None), (Verdict.CORRECT, True)]
        assert one["split"] == PROMPT_SPLIT


def test_calculator_marks_are_right_and_stand_where_gsm8k_has_them() -> None:
    for one in examples(Family.GSM8K):
        *steps, last = solution(one).split("\n")
        assert last == f"#### {one['answer']}" and 3 <= len(steps) <= 4
        for step in steps:
            # One mark a step, its computation before it in words that people read, its result behind it.
            ((computed, result),) = _MARK.findall(step)
            assert _exact(computed) == Fraction(result)
            before, _, behind = re.sub(r"<<[^>]*>>", "|", step).partition("|")
            assert behind.startswith(result)
            assert before.replace(" ", "").removesuffix("$").endswith(computed + "=")


def _exact(computed: str) -> Fraction:
    """Left to right; no example mixes products and sums."""
    assert not (set(computed) & set("+-") and set(computed) & set("*/"))
    first, *rest = re.findall(r"[-+*/]|[\d.]+", computed)
    value = Fraction(first)
    for operator, number in zip(rest[::2], rest[1::2], strict=True):
        right = Fraction(number)
        value = {"+": value + right, "-": value - right, "*": value * right, "/": value / right}[operator]
    return value


def test_every_letter_is_right_twice_and_no_choice_gives_itself_away() -> None:
    found = examples(Family.COMMONSENSEQA)
    assert Counter(one["answer"] for one in found) == dict.fromkeys("ABCDE", 2)
    for one in found:
        assert [choice["label"] for choice in one["choices"]] == list("ABCDE")
        assert len({choice["text"] for choice in one["choices"]}) == 5
        text = solution(one)
        right = next(choice["text"] for choice in one["choices"] if choice["label"] == one["answer"])
        assert text.startswith("The answer must be ")
        assert text.endswith(f" Therefore, the answer is {right} ({one['answer'].lower()}).")
        assert right.lower() not in one["question"].lower()


@needs_real_data
def test_no_example_is_of_the_data_sets() -> None:
    ours = {one["question"] for family in FILES for one in examples(family)}
    theirs = {row["question"] for name in ("train", "test") for row in rows_of(f"gsm8k/{name}.jsonl")}
    theirs |= {row["question"]["stem"] for row in rows_of("commonsenseqa/train_rand_split.jsonl")}
    assert not {_words(text) for text in ours} & {_words(text) for text in theirs}


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def test_prompt_and_hint_of_the_examples_are_the_papers_to_the_letter() -> None:
    rows = examples(Family.COMMONSENSEQA)[:2]
    shots = [Shot(asked(one), solution(one)) for one in rows[:1]]
    prompt = build_prompt(Family.COMMONSENSEQA, asked(rows[1]), shots, hint=True)
    assert prompt == (
        "Q: Where would a gardener put a wheelbarrow when winter comes?\nAnswer Choices:\n(a) kitchen\n"
        "(b) tool shed (CORRECT)\n(c) flower bed\n(d) swimming pool\n(e) roof\nA: The answer must be a dry place "
        "outside the house where large garden tools stay while nobody uses them. A flower bed is in the garden but not "
        "dry, and only a tool shed is made for keeping tools. Therefore, the answer is tool shed (b).\n\n"
        "Q: What does a person need the most who has not slept for two nights?\nAnswer Choices:\n(a) rest (CORRECT)\n"
        "(b) loud music\n(c) alarm clock\n(d) applause\n(e) long walk\nA:"
    )
    rows = examples(Family.GSM8K)
    shots = [Shot(asked(rows[4]), solution(rows[4]))]
    assert build_prompt(Family.GSM8K, asked(rows[0]), shots, hint=True) == (
        "Q: Elena is 6 years older than her brother Marek. In 4 years, Marek will be 20. How old will Elena be in 10 "
        "years? (32)\nA: Marek is 20 - 4 = <<20-4=16>>16 years old now.\n"
        "Elena is 16 + 6 = <<16+6=22>>22 years old now.\n"
        "In 10 years she will be 22 + 10 = <<22+10=32>>32.\n#### 32\n\n"
        f"Q: {rows[0]['question']} (35)\nA:"
    )


def _dataset(name: str, family: str) -> None:
    from ratings.library.models import Dataset

    Dataset.objects.create(name=name, family=family)


def test_they_are_imported_once_by_the_command_and_shown_by_the_seed(db: None, capsys) -> None:
    _dataset("sums", "gsm8k")
    with pytest.raises(InvalidInput, match="import_prompts --dataset sums brings"):
        draw_shots(get_dataset("sums"), 1, seed=0)
    call_command("import_prompts", "--dataset", "sums", "--json")
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (answer["created"], answer["updated"], answer["unchanged"], answer["errors"]) == (10, 0, 0, 0)
    assert import_prompts("sums", actor=COMMAND)["unchanged"] == 10
    assert set(Question.objects.values_list("split", flat=True)) == {PROMPT_SPLIT}
    assert set(Rationale.objects.values_list("source__label", "verdict")) == {(WORKED_EXAMPLE, "correct")}
    dataset = get_dataset("sums")
    first, again, other = (draw_shots(dataset, 6, seed=seed) for seed in (1, 1, 2))
    assert [one.pk for one in first] == [one.pk for one in again] == choose_shots(dataset, 6, seed=1)
    assert [one.pk for one in first] != [one.pk for one in other]
    # Splitting the dataset leaves them where they are.
    with pytest.raises(InvalidInput, match="10"):
        draw_shots(dataset, 11, seed=0)


def test_splitting_leaves_them_alone_and_a_dry_run_writes_nothing(db: None) -> None:
    _dataset("sense", "commonsenseqa")
    assert import_prompts("sense", dry_run=True, actor=COMMAND)["created"] == 10
    assert not Question.objects.exists()
    import_prompts("sense", actor=COMMAND)
    split_dataset("sense", train=0.8, verifier=0.1, test=0.1, seed=0, actor=COMMAND)
    assert set(Question.objects.values_list("split", flat=True)) == {PROMPT_SPLIT}


def test_a_family_without_examples_and_an_unknown_dataset_are_told(db: None) -> None:
    make_word_problems("stories", count=5, seed=0, actor=COMMAND)
    with pytest.raises(InvalidInput) as refused:
        import_prompts("stories", actor=COMMAND)
    assert refused.value.details["expected"].startswith("one of family gsm8k or commonsenseqa")
    with pytest.raises(UnknownDataset):
        import_prompts("nowhere", actor=COMMAND)
    with pytest.raises(CommandError):
        call_command("import_prompts", "--dataset", "nowhere")
