"""Self-correction where only people can tell: CommonsenseQA, from the steps that raters of a closed study marked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from accounts.errors import StarchamberError
from tests.training_runs.test_commands import call
from tests.training_runs.worlds import done, recipe
from training.recipes.schema import Sft
from training.runs.models import Fate, Origin, TrainingRun
from training.runs.retrying import gathered_retries

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]

CHOICES = {"A": "desk", "B": "window", "C": "cellar"}
ASKED = "Where does a plant get light?"
PROMPT = f"Q: {ASKED}\nAnswer Choices:\n(a) desk\n(b) window\n(c) cellar\nA:"
GOOD = "A plant gets light from the sun. Sunlight comes through a window."
WRONG = "A plant needs light. A desk is always bright. So it is put there. Therefore, the answer is desk (a)."
#: Right by its answer; its middle makes no sense.
ODD = "A plant needs light. Windows are made of plants. Therefore, the answer is window (b)."


def import_lines(command: str, path: Path, rows: list[dict[str, Any]], *arguments: str) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    call(command, str(path), "--format", "jsonl", *arguments)


def judged(folder: Path, marks: list[dict[str, int]]) -> None:
    """One question with a human text and two models' texts in a closed study; each rater marked these steps."""
    choices = [{"label": label, "text": text} for label, text in CHOICES.items()]
    question = {"id": "plant", "question": ASKED, "choices": choices, "answer": "B", "split": "train"}
    import_lines("import_questions", folder / "questions.jsonl", [question], "--dataset", "plants")
    texts = {"human": GOOD, "few-shot": WRONG, "star": ODD}
    rows = [
        {"question": "plant", "source": source, "text": text, "given": source == "human"}
        for source, text in texts.items()
    ]
    import_lines("import_rationales", folder / "rationales.jsonl", rows, "--dataset", "plants")
    call(
        "create_study", "trial", "--dataset", "plants", "--sources", *texts, "--questions", "1", "--any-answer",
        "--open", "--override", "short texts on purpose",
    )  # fmt: skip
    call("close_study", "trial")
    ratings = [
        {"rater": f"rater-{n}", "question": "plant", "ranking": [["human"], ["star"], ["few-shot"]],
         "first_wrong_step": steps}
        for n, steps in enumerate(marks)
    ]  # fmt: skip
    import_lines("import_ratings", folder / "ratings.jsonl", ratings, "--study", "trial")


def corrected(**changes: Any) -> TrainingRun:
    usual = {
        "dataset": "plants",
        "learn": "retries",
        "studies": ["trial"],
        "validation_split": "",
        "steps": 2,
    }
    return done("sft", **{**usual, **changes})


def retries_of(run: TrainingRun) -> set[tuple[str, str]]:
    rows = run.examples.filter(origin=Origin.RETRY)
    assert {(row.verdict, row.fate) for row in rows} <= {("correct", Fate.KEPT)}
    return set(rows.values_list("training_prompt", "completion"))


def test_a_text_is_taken_back_at_the_step_that_most_raters_marked(tmp_path) -> None:
    judged(tmp_path, [{"few-shot": 1, "star": 1}, {"few-shot": 1}, {"few-shot": 2}])
    run = corrected()
    correction = f"<retry>\n{GOOD} Therefore, the answer is window (b)."
    assert retries_of(run) == {
        (f"{PROMPT} A plant needs light. A desk is always bright.\n", correction),
        (f"{PROMPT} A plant needs light. Windows are made of plants.\n", correction),
    }
    # Beside them what is right, but not the text in which people found something wrong.
    solutions = run.examples.filter(origin=Origin.SFT)
    assert set(solutions.values_list("training_prompt", "completion")) == {
        (PROMPT, f" {GOOD} Therefore, the answer is window (b).")
    }
    assert run.iterations.get(number=1).counts["retries"] == 2
    once = recipe("sft", dataset="plants", learn="retries", studies=["trial"], retries_per_question=1).values
    assert isinstance(once, Sft)
    assert len(gathered_retries(run.dataset, list(run.studies.all()), once)) == 1


def test_a_human_text_that_raters_found_wrong_corrects_nothing_and_is_corrected_by_another(tmp_path) -> None:
    judged(tmp_path, [{"human": 0}])
    run = corrected(sources=["human"])
    correction = f"<retry>\n{ODD}"
    assert retries_of(run) == {(f"{PROMPT} A plant gets light from the sun.\n", correction)}


def test_without_marks_of_the_raters_that_count_nothing_is_known_to_be_wrong(tmp_path) -> None:
    judged(tmp_path, [{}])
    with pytest.raises(StarchamberError, match="has a step that is known to be wrong"):
        corrected()
    with pytest.raises(StarchamberError, match="has a step that is known to be wrong"):
        corrected(label="simulated", raters="simulated")
