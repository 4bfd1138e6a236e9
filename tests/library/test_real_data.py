"""The real files beside the checkout, where they are: every one imports, and imports again as unchanged."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from ratings.library.digests import derived_id
from ratings.library.models import Question, QuestionRevision, Rationale
from ratings.library.services import import_questions, import_rationales
from tests.library.files import TESTER, counted

pytestmark = pytest.mark.django_db

CSV_FILES = {
    "acceptability_annotations_commonsenseqa_train": (
        991,
        {f"gpt3_sample_{n}" for n in range(4)} | {"gpt3_greedy"},
    ),
    "fine_grained_absolute_quality_annotations_commonsenseqa_cose": (150, {"cose"}),
    "fine_grained_absolute_quality_annotations_commonsenseqa_ecqa": (150, {"ecqa"}),
    "fine_grained_absolute_quality_annotations_commonsenseqa_gpt3_greedy": (150, {"gpt3_greedy"}),
}


def bring(path: Path, format: str, dataset: str, **options: Any) -> dict[str, Any]:
    return import_questions(path, format=format, dataset=dataset, actor=TESTER, **options)


def add(path: Path, format: str, dataset: str, **options: Any) -> dict[str, Any]:
    return import_rationales(path, format=format, dataset=dataset, actor=TESTER, **options)


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    ("split", "count"), [("test", 1_319), pytest.param("train", 7_473, marks=pytest.mark.slow)]
)
def test_gsm8k_imports_whole_and_again_unchanged(shared_data, split, count):
    path = shared_data / "gsm8k" / f"{split}.jsonl"
    answer = bring(path, "gsm8k", "gsm8k", split=split)
    assert (counted(answer), answer["errors"], answer["human_rationales"]) == ((count, 0, 0), 0, count)
    assert answer["sources"]["human"]["correct"] == count
    assert counted(bring(path, "gsm8k", "gsm8k", split=split)) == (0, 0, count)
    # What stands behind the last ####, read here without the product.
    ends = {
        derived_id(row["question"]): row["answer"].rpartition("####")[2].replace(",", "")
        for row in rows_of(path)
    }
    stored = dict(QuestionRevision.objects.values_list("question__external_id", "answer"))
    assert {key: float(value) for key, value in stored.items()} == {
        key: float(value) for key, value in ends.items()
    }


def test_model_solutions_get_the_files_own_verdict_on_every_single_row(shared_data):
    bring(shared_data / "gsm8k" / "test.jsonl", "gsm8k", "gsm8k", split="test")
    path = shared_data / "gsm8k" / "example_model_solutions.jsonl"
    answer = add(path, "gsm8k-model-solutions", "gsm8k")
    assert counted(answer) == (2_800, 0, 0)
    verdicts = {
        key[:2]: key[2] == "correct"
        for key in Rationale.objects.exclude(source__label="human").values_list(
            "question__external_id", "source__label", "verdict"
        )
    }
    labels = {
        (derived_id(row["question"]), model): value["is_correct"]
        for row in rows_of(path)
        for model, value in row.items()
        if isinstance(value, dict)
    }
    assert len(labels) == 2_800
    assert {key for key in labels if labels[key] != verdicts[key]} == set()
    for model, counts in answer["sources"].items():
        assert counts["correct"] == sum(right for (_, name), right in labels.items() if name == model)
    assert counted(add(path, "gsm8k-model-solutions", "gsm8k")) == (0, 0, 2_800)


@pytest.mark.slow
def test_commonsenseqa_cose_and_triples_share_a_dataset(shared_data):
    path = shared_data / "commonsenseqa" / "train_rand_split.jsonl"
    assert counted(bring(path, "commonsenseqa", "cqa")) == (9_741, 0, 0)
    keys = {row["id"]: row["answerKey"] for row in rows_of(path)}
    assert dict(QuestionRevision.objects.values_list("question__external_id", "answer")) == keys
    answer = add(shared_data / "cose" / "cose_train_v1.11_processed.jsonl", "cose", "cqa")
    assert counted(answer) == (9_741, 0, 0)
    assert answer["sources"]["human"]["unparsable"] == 0
    answer = add(shared_data / "few_shot_explanations" / "triples.jsonl", "triples", "cqa")
    assert (counted(answer), answer["questions"]["created"]) == ((450, 0, 0), 150)
    assert set(answer["sources"]) == {"cose_human", "ecqa_human", "gpt3_greedy"}
    assert Question.objects.filter(split="dev").count() == 150
    assert counted(bring(path, "commonsenseqa", "cqa")) == (0, 0, 9_741)


@pytest.mark.parametrize("stem", CSV_FILES)
def test_the_judgement_files_bring_questions_and_rationales(shared_data, stem):
    path = shared_data / "few_shot_explanations" / f"{stem}.csv"
    count, sources = CSV_FILES[stem]
    answer = bring(path, "csv", "csv")
    assert (counted(answer), answer["repeated"], set(answer["sources"])) == (
        (count, 0, 0),
        2 * count,
        sources,
    )
    with path.open(encoding="utf-8", newline="") as file:
        gold = {row["Input.id"]: row["Input.gold_label"] for row in csv.DictReader(file)}
    for revision in QuestionRevision.objects.select_related("question"):
        texts = {choice["label"]: choice["text"] for choice in revision.choices}
        assert texts[revision.answer] == gold[revision.question.external_id]
    assert counted(bring(path, "csv", "csv")) == (0, 0, count)


def test_the_judgement_files_join_what_is_there_without_changing_it(shared_data):
    folder = shared_data / "few_shot_explanations"
    add(folder / "triples.jsonl", "triples", "cqa")
    before = list(QuestionRevision.objects.values())
    for stem in list(CSV_FILES)[1:]:
        assert counted(bring(folder / f"{stem}.csv", "csv", "cqa")) == (0, 0, 150)
    assert list(QuestionRevision.objects.values()) == before
