"""Which texts came with a question: none that a model wrote, of whatever site, and none that nobody vouches for."""

from __future__ import annotations

import json
from importlib import import_module
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from accounts.audit import COMMAND
from accounts.errors import InvalidInput
from accounts.models import AuditEvent
from generation.runs.shots import draw_shots
from problems.types import Family
from ratings.library.models import Dataset, Question, Rationale, Source
from ratings.library.services import import_questions, import_rationales
from tests.training_runs.worlds import base, recipe
from training.figures.errors import NothingToDraw
from training.figures.making import make_source_figure
from training.runs.checking import check_inputs
from training.runs.errors import NoRationales
from training.runs.groups import groups_of
from training.runs.questions import split_questions
from training.runs.rationales import learnable
from training.runs.shots import choose_shots

ASKED = ["Two and three?", "Four and five?", "Six and seven?"]
#: One calculation each, and a right answer.
HUMAN = ["2 + 3 = <<2+3=5>>5\n#### 5", "4 + 5 = <<4+5=9>>9\n#### 9", "6 + 7 = <<6+7=13>>13\n#### 13"]
STEP = "1 + 1 = <<1+1=2>>2\n"


def lines(*rows: dict[str, Any]) -> BytesIO:
    return BytesIO("\n".join(json.dumps(row) for row in rows).encode())


def answer_of(*arguments: str) -> tuple[int, dict[str, Any]]:
    """A command's exit status and its line."""
    out, status = StringIO(), 0
    try:
        call_command(*arguments, "--json", stdout=out)
    except CommandError as error:
        status = error.returncode
    return status, json.loads(out.getvalue())


def gsm8k(name: str = "gsm8k", split: str = "test") -> Dataset:
    """Three questions with human solutions of one step, and three models that take one, two and three more."""
    rows = [{"question": text, "answer": solution} for text, solution in zip(ASKED, HUMAN, strict=True)]
    import_questions(lines(*rows), format="gsm8k", dataset=name, split=split, actor=COMMAND)
    models = [
        {
            "question": text,
            "ground_truth": solution,
            **{
                label: {"is_correct": True, "solution": STEP * more + solution}
                for label, more in (("175b_finetuning", 3), ("6b_finetuning", 1), ("a_model", 2))
            },
        }
        for text, solution in zip(ASKED, HUMAN, strict=True)
    ]
    import_rationales(lines(*models), format="gsm8k-model-solutions", dataset=name, actor=COMMAND)
    return Dataset.objects.get(name=name)


def test_a_models_solution_is_never_the_human_one(world) -> None:
    dataset = gsm8k()
    made = make_source_figure("step-counts", "gsm8k", ["6b_finetuning"], actor=COMMAND)
    head = made.result["numbers"]["head"]
    row = dict(zip(head, made.result["numbers"]["rows"][0], strict=True))
    assert (row["human_steps"], row["model_steps"], row["agreement"], row["more"]) == (1.0, 2.0, 0.0, 1.0)
    # The same with every model named, and in the groups of a run.
    every = make_source_figure("step-counts", "gsm8k", ["6b_finetuning", "a_model"], actor=COMMAND)
    assert {row[head.index("human_steps")] for row in every.result["numbers"]["rows"]} == {1.0}
    assert set(groups_of(Family.GSM8K, split_questions(dataset, "test")).values()) == {1}
    assert set(learnable(dataset, "test").values_list("source__label", flat=True)) == {"human"}
    assert learnable(dataset, "test", ["a_model"]).count() == 3
    Question.objects.update(split="prompt")
    shown = Rationale.objects.filter(pk__in=choose_shots(dataset, 3, seed=0))
    assert {one.source.label for one in [*shown, *draw_shots(dataset, 3, seed=1)]} == {"human"}


def test_of_several_human_solutions_the_one_called_human_counts_and_else_the_first_by_label(db: None) -> None:
    gsm8k()
    for label, more in (("annotators", 4), ("zoe", 5)):
        rows = [
            {"question": text, "source": label, "text": STEP * more + solution, "written_by": "people"}
            for text, solution in zip(ASKED, HUMAN, strict=True)
        ]
        import_rationales(lines(*rows), format="jsonl", dataset="gsm8k", actor=COMMAND)

    def human_steps() -> float:
        made = make_source_figure("step-counts", "gsm8k", ["a_model"], actor=COMMAND)
        numbers = made.result["numbers"]
        return float(numbers["rows"][0][numbers["head"].index("human_steps")])

    assert human_steps() == 1.0
    Rationale.objects.filter(source__label="human").update(live=False)
    assert human_steps() == 5.0


def triple(number: int, **more: Any) -> dict[str, Any]:
    texts = [
        {"source": source, "text": f"{source} {number}", **more} for source in ("human", "gpt-j", "star")
    ]
    return {
        "id": f"q{number}",
        "question": ASKED[number],
        "answer": "5",
        "split": "train",
        "rationales": texts,
    }


def test_of_texts_that_nobody_vouches_for_none_is_taken_for_the_questions_own(db: None) -> None:
    answer = import_rationales(
        lines(triple(0), triple(1)), format="triples", dataset="gsm8k", family="gsm8k", actor=COMMAND
    )
    assert answer["written_by"] == {"gpt-j": "", "human": "people", "star": ""}
    dataset = Dataset.objects.get(name="gsm8k")
    assert set(learnable(dataset, "train").values_list("source__label", flat=True)) == {"human"}
    Rationale.objects.filter(source__label="human").update(live=False)
    base()
    with pytest.raises(
        NoRationales, match="came with its questions; who wrote 'gpt-j', 'star' nobody has said"
    ):
        check_inputs(recipe("sft", dataset="gsm8k", validation_split="").values)
    with pytest.raises(NothingToDraw, match=r"its questions; who wrote 'gpt-j' nobody has said \(if people"):
        make_source_figure("step-counts", "gsm8k", ["star"], actor=COMMAND)
    # Said later, it is known; what it contradicts is refused and changes nothing.
    file = lines({"question": "q0", "source": "gpt-j", "text": "gpt-j 0"})
    import_rationales(file, format="jsonl", dataset="gsm8k", written_by="people", actor=COMMAND)
    assert set(learnable(dataset, "train").values_list("source__label", flat=True)) == {"gpt-j"}
    with pytest.raises(InvalidInput, match="written_by: 'model' is not usable for source 'gpt-j'") as caught:
        file.seek(0)
        import_rationales(file, format="jsonl", dataset="gsm8k", written_by="model", actor=COMMAND)
    assert caught.value.details["expected"] == "people"
    # Where the first word was wrong it is corrected, with a line in the audit log; then the same file comes in.
    status, answer = answer_of("set_writer", "gpt-j", "model")
    assert (status, answer) == (
        0,
        {"source": "gpt-j", "written_by": "model", "before": "people", "rationales": 2},
    )
    assert AuditEvent.objects.get(act="source.set_writer").details == {
        "before": "people",
        "written_by": "model",
    }
    file.seek(0)
    import_rationales(file, format="jsonl", dataset="gsm8k", written_by="model", actor=COMMAND)
    status, answer = answer_of("set_writer", "nobody", "people")
    assert (status, answer["error"]["code"], answer["error"]["details"]["value"]) == (
        1,
        "unknown_source",
        "nobody",
    )


def test_the_only_human_source_is_not_compared_with_itself_and_one_of_several_is(db: None) -> None:
    gsm8k()
    with pytest.raises(NothingToDraw, match="source: 'human' holds the human solutions") as caught:
        make_source_figure("step-counts", "gsm8k", ["a_model", "human"], actor=COMMAND)
    assert (caught.value.details["field"], caught.value.details["value"]) == ("source", "human")
    rows = [{"question": text, "source": "zoe", "text": STEP + HUMAN[0]} for text in ASKED]
    import_rationales(lines(*rows), format="jsonl", dataset="gsm8k", written_by="people", actor=COMMAND)
    made = make_source_figure("step-counts", "gsm8k", ["a_model", "human"], actor=COMMAND)
    numbers = made.result["numbers"]
    assert {row[numbers["head"].index("human_steps")] for row in numbers["rows"]} == {2.0}


def test_a_models_solutions_beside_the_questions_are_no_human_ones(db: None) -> None:
    row = {"question": ASKED[0], "answer": HUMAN[0]}
    told = import_questions(
        lines(row), format="gsm8k", dataset="g", source="robot", written_by="model", actor=COMMAND
    )
    assert (told["sources"]["robot"]["rationales"], told["human_rationales"]) == (1, 0)


def test_the_one_solution_beside_a_question_in_its_file_is_peoples_unless_it_says_otherwise(db: None) -> None:
    one: dict[str, Any] = {
        "question": "One?",
        "answer": "1",
        "rationales": [{"source": "mine", "text": "It is 1\n#### 1"}],
    }
    assert import_questions(lines(one), format="jsonl", dataset="a", actor=COMMAND)["written_by"] == {
        "mine": "people"
    }
    one["rationales"][0] |= {"source": "robot", "written_by": "model"}
    import_questions(lines(one), format="jsonl", dataset="a", actor=COMMAND)
    labels = learnable(Dataset.objects.get(name="a"), "train").values_list("source__label", flat=True)
    assert list(labels) == ["mine"]
    one["rationales"][0]["written_by"] = "nobody"
    with pytest.raises(InvalidInput, match=r"rationales\[0\].written_by: 'nobody' expected one of people"):
        import_questions(lines(one), format="jsonl", dataset="a", actor=COMMAND)


def test_an_older_database_is_told_what_its_labels_and_files_say(world) -> None:
    gsm8k()
    import_rationales(
        lines({"question": ASKED[0], "source": "who", "text": "?"}),
        format="jsonl",
        dataset="gsm8k",
        actor=COMMAND,
    )
    beside = {"question": "One?", "answer": "1", "rationales": [{"source": "expert", "text": "#### 1"}]}
    import_questions(lines(beside), format="jsonl", dataset="alone", actor=COMMAND)
    import_rationales(lines(triple(0)), format="triples", dataset="three", family="gsm8k", actor=COMMAND)
    Source.objects.update(written_by="")
    import_module("ratings.migrations.0014_who_wrote_a_source").say_what_is_known(apps, None)
    import_module("ratings.migrations.0015_what_imports_said_of_writers").say_what_imports_said(apps, None)
    assert dict(Source.objects.values_list("label", "written_by")) == {
        "human": "people",
        "6b_finetuning": "model",
        "175b_finetuning": "model",
        "a_model": "model",
        "who": "",
        "expert": "people",
        "gpt-j": "",
        "star": "",
    }
