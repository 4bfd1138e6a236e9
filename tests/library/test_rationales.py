"""Importing rationales: finding their questions, grading, replacing, adding."""

from __future__ import annotations

import pytest

from accounts.errors import InvalidInput
from ratings.library.errors import UnknownDataset, UnusableRows
from ratings.library.models import Question, QuestionRevision, Rationale
from tests.library.files import CQA, GSM8K, PLACE, SUM, TRIPLE, choices, counted, questions, rationales

pytestmark = pytest.mark.django_db

RIGHT = {"question": "sum", "source": "m", "text": "2 + 3 = 5\n#### 5"}
SOLUTIONS = {
    "question": GSM8K["question"],
    "ground_truth": "A: 5",
    "6b": {"is_correct": True, "solution": "2+3 = <<2+3=5>>5\nA: 5"},
    "175b": {"is_correct": True, "solution": "2*3 = 6\nA: 6"},
}


def stored(**which) -> Rationale:
    return Rationale.objects.get(**which)


@pytest.mark.parametrize("name", ["sum", SUM["question"]])
def test_a_question_is_named_by_its_id_or_by_exactly_its_text(name):
    questions(SUM)
    assert counted(rationales({**RIGHT, "question": name})) == (1, 0, 0)
    assert stored().question.external_id == "sum"


def test_a_question_without_an_id_is_found_by_its_text_whatever_its_white_space():
    questions({"question": "What  is\n1 + 1?", "answer": 2})
    assert counted(rationales({**RIGHT, "question": "What is 1 + 1?"})) == (1, 0, 0)


def test_a_text_that_two_questions_have_names_neither():
    questions({**SUM, "id": "a"}, {**SUM, "id": "b"})
    with pytest.raises(UnusableRows, match="several questions"):
        rationales({**RIGHT, "question": SUM["question"]})


def test_verdicts_are_counted_by_source():
    questions(SUM)
    answer = rationales(
        RIGHT,
        {**RIGHT, "text": "#### 6"},
        {**RIGHT, "text": "I do not know."},
        {**RIGHT, "text": "Because it is so.", "given": True},
        {**RIGHT, "source": "other", "text": "no number here", "answer": 5.0},
    )
    assert counted(answer) == (5, 0, 0)
    assert answer["sources"] == {
        "m": {"rationales": 4, "correct": 1, "wrong": 1, "unparsable": 1, "given": 1},
        "other": {"rationales": 1, "correct": 1, "wrong": 0, "unparsable": 0, "given": 0},
    }


def test_json_lines_only_add():
    questions(SUM)
    rationales(RIGHT)
    assert counted(rationales({**RIGHT, "text": "another\n#### 5"})) == (1, 0, 0)
    assert Rationale.objects.filter(live=True).count() == 2


def test_the_same_text_again_is_unchanged_and_new_facts_about_it_are_an_update():
    questions(SUM)
    rationales({**RIGHT, "meta": {"seed": 1}})
    assert counted(rationales(RIGHT)) == (0, 0, 1)
    assert stored().meta == {"seed": 1}
    assert counted(rationales({**RIGHT, "answer": 6})) == (0, 1, 0)
    assert (stored().verdict, stored().answer, stored().stated_answer) == ("wrong", "6", "6")
    # Without an answer, the stored one stays.
    assert counted(rationales(RIGHT)) == (0, 0, 1)
    assert stored().verdict == "wrong"


def test_equal_samples_in_one_file_are_one_rationale_and_all_are_counted():
    questions(SUM)
    rows = [{**RIGHT, "meta": {"sample": n}} for n in range(3)]
    answer = rationales(*rows)
    assert (counted(answer), answer["repeated"], answer["sources"]["m"]["rationales"]) == ((1, 0, 0), 2, 3)
    again = rationales(*rows)
    assert (counted(again), again["repeated"], again["sources"]) == ((0, 0, 1), 2, answer["sources"])
    assert stored().meta == {"sample": 0}


def test_equal_samples_far_apart_are_still_recognised():
    questions(SUM, {**SUM, "id": "b"})
    rows = [{**RIGHT, "question": "b", "text": f"{n}\n#### 5"} for n in range(1_500)]
    assert rationales(RIGHT, *rows, RIGHT)["repeated"] == 1


def test_one_text_with_two_answers_in_one_file_is_an_error():
    questions(SUM)
    with pytest.raises(UnusableRows) as caught:
        rationales({**RIGHT, "answer": 5}, {**RIGHT, "answer": 6})
    assert caught.value.details["error_rows"][0]["row"] == 2
    assert not Rationale.objects.exists()


def test_a_source_may_be_given_for_rows_that_name_none():
    questions(SUM)
    row = {"question": "sum", "text": "#### 5"}
    rationales(row, source="anna")
    assert stored().source.label == "anna"
    with pytest.raises(UnusableRows) as caught:
        rationales(row)
    assert caught.value.details["error_rows"][0]["field"] == "source"


def test_model_solutions_get_our_grader_s_verdict_and_keep_the_file_s_beside_it():
    questions(GSM8K, format="gsm8k")
    answer = rationales(SOLUTIONS, format="gsm8k-model-solutions")
    assert counted(answer) == (2, 0, 0)
    assert (stored(source__label="6b").verdict, stored(source__label="175b").verdict) == ("correct", "wrong")
    assert stored(source__label="175b").meta == {"is_correct": True}
    assert stored(source__label="6b").normalised == "2+3 = 5"
    assert counted(rationales(SOLUTIONS, format="gsm8k-model-solutions")) == (0, 0, 2)


def test_cose_is_given_where_it_names_no_answer_and_graded_where_it_does():
    questions(CQA, {**CQA, "id": "c2"}, format="commonsenseqa")
    explained = {"open-ended": "cars are fast", "selected": "cars"}
    concluded = {"open-ended": "The answer is (A).", "selected": ""}
    answer = rationales(
        {"id": "c1", "explanation": explained}, {"id": "c2", "explanation": concluded}, format="cose"
    )
    assert answer["sources"] == {
        "human": {"rationales": 2, "correct": 0, "wrong": 1, "unparsable": 0, "given": 1}
    }
    assert stored(question__external_id="c1").given
    again = rationales({"id": "c1", "explanation": {"open-ended": "speed"}}, format="cose")
    assert counted(again) == (0, 1, 0)
    assert not stored(text="cars are fast").live


def test_cose_takes_another_name_for_its_people():
    questions(CQA, format="commonsenseqa")
    row = {"id": "c1", "explanation": {"open-ended": "cars are fast"}}
    assert set(rationales(row, format="cose", source="crowd")["sources"]) == {"crowd"}


def test_triples_bring_their_questions_and_keep_numbers_as_meta():
    answer = rationales(TRIPLE, format="triples")
    assert counted(answer) == (3, 0, 0)
    assert answer["questions"]["created"] == 1
    question = Question.objects.get()
    assert (question.external_id, question.split, question.dataset.family) == ("t1", "dev", "commonsenseqa")
    verdicts = dict(Rationale.objects.values_list("source__label", "verdict"))
    assert verdicts == {"cose": "given", "ecqa": "given", "gpt3": "wrong"}
    assert stored(source__label="cose").meta == {"acceptable_rate": 0.5}
    assert counted(rationales(TRIPLE, format="triples")) == (0, 0, 3)


def test_the_answer_key_of_a_triple_decides():
    bars = {**TRIPLE, "choices": choices("bar", "sea", "bar"), "answer": "bar", "answer_key": "C"}
    rationales(bars, format="triples")
    assert QuestionRevision.objects.get().answer == "C"
    rationales({key: value for key, value in bars.items() if key != "answer_key"}, format="triples")
    assert QuestionRevision.objects.get(current=True).answer == "A"


def test_triples_without_choices_are_word_problems():
    texts = [{"source": label, "text": "2 + 3 = 5"} for label in "abc"]
    rationales({**SUM, "rationales": texts}, format="triples", split="dev")
    question = Question.objects.get()
    assert (question.dataset.family, question.split) == ("gsm8k", "dev")


def test_a_changed_triple_replaces_question_and_rationales():
    rationales(TRIPLE, format="triples")
    texts = [{**one, "text": one["text"] + " Indeed."} for one in TRIPLE["rationales"]]
    answer = rationales({**TRIPLE, "answer_key": "A", "rationales": texts}, format="triples")
    assert (counted(answer), answer["questions"]["updated"]) == ((0, 3, 0), 1)
    assert Rationale.objects.filter(live=True).count() == 3


def test_a_dry_run_of_rationales_writes_nothing():
    questions(SUM)
    assert counted(rationales(RIGHT, dry_run=True)) == (1, 0, 0)
    assert not Rationale.objects.exists()


def test_rationales_of_an_unknown_dataset_are_refused():
    with pytest.raises(UnknownDataset):
        rationales(RIGHT)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"format": "gsm8k-model-solutions", "source": "s"}, "source"),
        ({"format": "triples", "source": "s"}, "source"),
        ({"split": "dev"}, "split"),
        ({"family": "open"}, "family"),
        ({"format": "csv"}, "format"),
    ],
)
def test_options_that_a_format_has_no_use_for_are_refused(options, field):
    questions(SUM)
    with pytest.raises(InvalidInput) as caught:
        rationales(RIGHT, **options)
    assert caught.value.details["field"] == field


def test_equal_texts_of_two_questions_are_no_duplicates():
    questions(SUM, {**SUM, "id": "b"})
    assert counted(rationales(RIGHT, {**RIGHT, "question": "b"})) == (2, 0, 0)


def test_a_rationale_is_kept_byte_for_byte():
    questions(PLACE)
    text = "  A “track” —\r\n\tof course! \n\n\n\n<b>So</b> the answer is track (B).  "
    rationales({"question": "place", "source": "s", "text": text})
    assert stored().text == text
    assert (stored().text_agrees, stored().answer) == (True, "B")
