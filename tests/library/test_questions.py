"""Importing questions: what is made, what a second import changes, and what it leaves alone."""

from __future__ import annotations

import hashlib

import pytest

from accounts.errors import InvalidInput
from accounts.models import AuditEvent
from ratings.library.models import Dataset, Question, QuestionRevision, Rationale
from tests.library.files import CQA, GSM8K, PLACE, SUM, choices, counted, questions, rationales

pytestmark = pytest.mark.django_db


def current(external_id: str) -> QuestionRevision:
    return QuestionRevision.objects.get(question__external_id=external_id, current=True)


def test_a_gsm8k_file_brings_questions_gold_answers_and_human_solutions():
    answer = questions(GSM8K, format="gsm8k", split="test")
    assert (counted(answer), answer["errors"], answer["human_rationales"]) == ((1, 0, 0), 0, 1)
    digest = hashlib.sha256(b"Tom has 2 pens and buys 3. How many?").hexdigest()
    question = Question.objects.get(external_id=digest[:16])
    assert (question.split, question.dataset.family) == ("test", "gsm8k")
    assert (current(digest[:16]).text, current(digest[:16]).answer) == (GSM8K["question"], "5")
    rationale = Rationale.objects.get()
    assert (rationale.source.label, rationale.verdict, rationale.answer) == ("human", "correct", "5")
    assert (rationale.text, rationale.normalised) == (GSM8K["answer"], "2 + 3 = 5 pens.")


def test_the_people_behind_a_gsm8k_file_may_be_named():
    assert questions(GSM8K, format="gsm8k", source="teachers")["human_rationales"] == 1
    assert Rationale.objects.get().source.label == "teachers"


def test_a_commonsenseqa_file_brings_choices_and_the_key():
    assert counted(questions(CQA, format="commonsenseqa")) == (1, 0, 0)
    assert Dataset.objects.get().family == "commonsenseqa"
    assert current("c1").answer == "B"
    assert current("c1").choices == choices("sea", "track", "bed")
    assert Question.objects.get().split == "train"


def test_the_same_file_again_changes_nothing():
    questions(GSM8K, format="gsm8k")
    before = list(Rationale.objects.values()), list(QuestionRevision.objects.values())
    answer = questions(GSM8K, format="gsm8k")
    assert counted(answer) == (0, 0, 1)
    assert answer["rationales"] == {"created": 0, "updated": 0, "unchanged": 1, "repeated": 0}
    assert before == (list(Rationale.objects.values()), list(QuestionRevision.objects.values()))


def test_a_changed_gold_answer_is_a_new_revision_and_the_rationales_are_graded_again():
    questions(SUM)
    texts = {"a": "2 + 3 = 5\n#### 5", "b": "2 + 3 = 6\n#### 6"}
    rationales(*({"question": "sum", "source": label, "text": text} for label, text in texts.items()))
    answer = questions({**SUM, "answer": 6})
    assert (counted(answer), answer["regraded"]) == ((0, 1, 0), 2)
    assert list(QuestionRevision.objects.order_by("number").values_list("number", "current", "answer")) == [
        (1, False, "5"),
        (2, True, "6"),
    ]
    graded = dict(Rationale.objects.values_list("source__label", "verdict"))
    assert graded == {"a": "wrong", "b": "correct"}
    assert set(Rationale.objects.values_list("revision__number", flat=True)) == {2}


def test_reordered_choices_regrade_what_states_its_answer_in_words():
    questions(PLACE)
    rationales({"question": "place", "source": "s", "text": "Cars are fast.", "answer": "track"})
    assert Rationale.objects.get().answer == "B"
    questions({**PLACE, "choices": choices("track", "sea", "bed"), "answer": "track"})
    again = Rationale.objects.get()
    assert (again.answer, again.verdict) == ("A", "correct")


def test_absent_fields_leave_what_is_stored():
    questions({**PLACE, "split": "test"})
    assert counted(questions({"id": "place", "question": PLACE["question"]})) == (0, 0, 1)
    assert counted(questions({"id": "place", "answer": "A"})) == (0, 1, 0)
    assert (current("place").text, current("place").answer, current("place").number) == (
        PLACE["question"],
        "A",
        2,
    )
    assert Question.objects.get().split == "test"


@pytest.mark.parametrize(
    ("row_split", "option", "expected"),
    [("dev", "test", "dev"), (None, "test", "test"), (None, None, "train")],
)
def test_a_new_questions_split_is_the_rows_else_the_options_else_train(row_split, option, expected):
    questions({**SUM, **({"split": row_split} if row_split else {})}, split=option)
    assert Question.objects.get().split == expected


def test_an_existing_question_moves_only_where_a_split_is_stated():
    questions({**SUM, "split": "dev"})
    assert counted(questions(SUM)) == (0, 0, 1)
    assert Question.objects.get().split == "dev"
    assert counted(questions(SUM, split="test")) == (0, 1, 0)
    assert Question.objects.get().split == "test"
    assert QuestionRevision.objects.count() == 1


def test_inline_rationales_come_along_and_a_new_text_retires_the_old_one():
    row = {**SUM, "rationales": [{"source": "a", "text": "#### 5"}, {"source": "b", "text": "#### 6"}]}
    answer = questions(row)
    assert answer["sources"]["a"] == {"rationales": 1, "correct": 1, "wrong": 0, "unparsable": 0, "given": 0}
    assert answer["sources"]["b"]["wrong"] == 1
    row["rationales"] = [{"source": "a", "text": "It is five.\n#### 5"}]
    assert questions(row)["rationales"] == {"created": 0, "updated": 1, "unchanged": 0, "repeated": 0}
    assert dict(Rationale.objects.filter(source__label="a").values_list("text", "live")) == {
        "#### 5": False,
        "It is five.\n#### 5": True,
    }
    # The old text again: it comes back, no third row is made.
    row["rationales"] = [{"source": "a", "text": "#### 5"}]
    assert questions(row)["rationales"]["updated"] == 1
    assert dict(Rationale.objects.filter(source__label="a").values_list("text", "live")) == {
        "#### 5": True,
        "It is five.\n#### 5": False,
    }


@pytest.mark.parametrize("gold", [0, 18, 18.0, "18.0", "1,800", "-3", "#### 7"])
def test_gold_answers_may_be_numbers_and_are_stored_canonically(gold):
    questions({**SUM, "answer": gold})
    expected = {0: "0", 18: "18", "18.0": "18", "1,800": "1800", "-3": "-3", "#### 7": "7"}
    assert current("sum").answer == expected[gold]


def test_open_questions_need_no_answer_and_are_never_graded():
    row = {
        "id": "o",
        "question": "Is it right to lie?",
        "rationales": [{"source": "s", "text": "No. #### 5"}],
    }
    answer = questions(row, family="open")
    assert answer["sources"]["s"]["given"] == 1
    assert (current("o").answer, Dataset.objects.get().family) == ("", "open")


def test_the_gold_answer_may_be_a_choices_exact_text_and_equal_texts_are_allowed():
    questions({**PLACE, "choices": choices("bar", "track", "bar"), "answer": "bar"})
    assert current("place").answer == "A"


def test_a_byte_order_mark_blank_lines_and_unknown_keys_do_no_harm():
    answer = questions(
        b"\xef\xbb\xbf" + b'{"id": 7, "question": "1+1?", "answer": 2, "extra": {"x": [1]}}', "", "  "
    )
    assert counted(answer) == (1, 0, 0)
    assert Question.objects.get().external_id == "7"


def test_a_row_repeated_word_for_word_counts_once():
    answer = questions(SUM, SUM)
    assert (counted(answer), answer["repeated"]) == ((1, 0, 0), 1)


def test_a_dry_run_counts_everything_and_writes_nothing():
    answer = questions(GSM8K, format="gsm8k", dry_run=True)
    assert (counted(answer), answer["human_rationales"], answer["dry_run"]) == ((1, 0, 0), 1, True)
    assert not Dataset.objects.exists()
    assert not Rationale.objects.exists()
    assert not AuditEvent.objects.exists()


def test_an_import_is_audited():
    questions(SUM)
    event = AuditEvent.objects.get()
    assert (event.actor_label, event.act, event.subject) == ("tester", "dataset.import_questions", "d")
    assert event.details["created"] == 1


def test_more_rows_than_a_batch_holds_arrive_whole():
    rows = [{"id": f"q{n}", "question": f"What is {n} + 1?", "answer": n + 1} for n in range(2_345)]
    assert counted(questions(*rows)) == (2_345, 0, 0)
    assert counted(questions(*rows[:-1], {**rows[-1], "answer": 0})) == (0, 1, 2_344)


def test_statements_grow_with_batches_and_not_with_rows(django_assert_max_num_queries):
    rows = [
        {"id": f"q{n}", "question": f"{n} + 1?", "answer": 1, "rationales": [{"source": "s", "text": f"{n}"}]}
        for n in range(900)
    ]
    with django_assert_max_num_queries(30):
        questions(*rows)
    with django_assert_max_num_queries(30):
        questions(*rows)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"dataset": "no spaces"}, "dataset"),
        ({"dataset": "x" * 101}, "dataset"),
        ({"split": "a/b"}, "split"),
        ({"family": "astrology"}, "family"),
        ({"format": "parquet"}, "format"),
        ({"format": "gsm8k", "family": "open"}, "family"),
        ({"source": "s"}, "source"),
    ],
)
def test_options_that_mean_nothing_are_refused_by_name(options, field):
    with pytest.raises(InvalidInput) as caught:
        questions(SUM, **options)
    assert caught.value.details["field"] == field
    assert not Dataset.objects.exists()


def test_a_dataset_keeps_its_family():
    questions(SUM)
    with pytest.raises(InvalidInput, match="family of dataset"):
        questions(CQA, format="commonsenseqa")
    assert Question.objects.count() == 1
