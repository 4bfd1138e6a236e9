"""CSV: the project's own columns, and the files of Wiegreffe et al. 2022."""

from __future__ import annotations

import io
from typing import Any

import pytest

from ratings.library.errors import UnusableRows
from ratings.library.models import Dataset, Question, QuestionRevision, Rationale
from ratings.library.services import import_questions
from tests.library.files import TESTER, choices, counted, questions

pytestmark = pytest.mark.django_db

WORDS = "id,question,answer,split\n"
CHOICES = "id,question,choice_A,choice_B,choice_C,answer\n"
HEADER = "Input.id,Input.question,Input.answer_choices,Input.gold_label,Input.explanation,Answer.acceptable\n"
JUDGED = 'w1,"Where, then?","sea, track, bed, moon, or sun",track,"Cars race, there.",'
SAMPLED = (
    "Input.id,Input.question,Input.answer_choices,Input.gold_label,Input.source_sample_1,Input.source_sample_2,"
    "Input.explanation_1,Input.explanation_2,Input.nll_1,Input.nll_2,Answer.acceptable\n"
)


def read(text: str | bytes, *, name: str = "", **options: Any) -> dict[str, Any]:
    file = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    if name:
        file.name = name
    return import_questions(file, format="csv", dataset="d", actor=TESTER, **options)


def errors_of(text: str | bytes, **options: Any) -> list[tuple[int, str, str]]:
    with pytest.raises(UnusableRows) as caught:
        read(text, **options)
    assert not Dataset.objects.exists()
    return [(one["row"], one["field"], one["message"]) for one in caught.value.details["error_rows"]]


def test_word_problems_with_quotes_commas_and_lines_inside():
    answer = read(WORDS + 'a,"He said ""two, or\nthree"". How many?",2,test\nb,What is 1+1?,2.0,\n')
    assert counted(answer) == (2, 0, 0)
    assert (
        QuestionRevision.objects.get(question__external_id="a").text == 'He said "two, or\nthree". How many?'
    )
    assert dict(Question.objects.values_list("external_id", "split")) == {"a": "test", "b": "train"}
    assert Dataset.objects.get().family == "gsm8k"


def test_choices_stand_in_columns_and_empty_cells_are_none():
    read(CHOICES + "a,Where?,sea,track,bed,B\nb,When?,now,later,,later\n")
    stored = {r.question.external_id: r for r in QuestionRevision.objects.select_related("question")}
    assert stored["a"].choices == choices("sea", "track", "bed")
    assert (stored["b"].choices, stored["b"].answer) == (choices("now", "later"), "B")
    assert Dataset.objects.get().family == "commonsenseqa"


def test_windows_line_ends_and_a_byte_order_mark_are_fine():
    assert counted(
        read(b"\xef\xbb\xbf" + (WORDS + "a,What is 1+1?,2,\n").replace("\n", "\r\n").encode())
    ) == (1, 0, 0)


def test_a_column_that_is_absent_leaves_what_is_stored():
    read(WORDS + "a,What is 1+1?,2,test\n")
    assert counted(read("id,answer\na,3\n")) == (0, 1, 0)
    assert Question.objects.get().split == "test"


@pytest.mark.parametrize(
    ("text", "row", "field", "message"),
    [
        ("name,value\na,b\n", 1, "", "are the columns"),
        ("id;question;answer\na;b;1\n", 1, "", "are the columns"),
        ("id,id,question\na,a,b\n", 1, "", "twice"),
        (WORDS + "a,What?,2\n", 2, "", "has 3 cells; expected 4"),
        (WORDS + "a,What?,2,,\n", 2, "", "has 5 cells; expected 4"),
        (WORDS + ",,2,\n", 2, "question", "missing"),
        (WORDS + "a,What?,,\n", 2, "answer", "missing"),
        (WORDS + "a,What?,many,\n", 2, "answer", "no answer"),
        (WORDS + 'a,"What?\nReally?",2,\nb,"Cut o', 4, "", "not CSV"),
        (WORDS + 'a,"What" now?,2,\n', 2, "", "not CSV"),
        (WORDS + f"a,{'x' * 140_000},2,\n", 2, "", "field larger"),
        (WORDS + f"a,{'x' * 100_001},2,\n", 2, "question", "at most"),
        ((WORDS + "a,caf\xe9?,2,\n").encode("latin-1"), 2, "question", "UTF-8"),
        (WORDS + "a,wh\0at?,2,\n", 2, "question", "NUL"),
        (CHOICES + "a,Where?,sea,,,A\n", 2, "choice_A", "expected 2 to 26"),
        (
            CHOICES.replace("choice_C", "choice_long") + "a,Where?,sea,bed,moon,A\n",
            2,
            "choice_long",
            "letters",
        ),
    ],
)
def test_a_bad_csv_file_is_named_by_line_and_column(text, row, field, message):
    errors = errors_of(text)
    assert errors[0][:2] == (row, field)
    assert message in errors[0][2]


def test_the_rows_after_a_bad_one_are_still_checked():
    errors = errors_of(WORDS + "a,What?,no,\nb,Fine?,1,\nc,What?,no,\n")
    assert [error[0] for error in errors] == [2, 4]


def test_judgements_of_three_annotators_are_one_question_and_one_rationale():
    name = "fine_grained_absolute_quality_annotations_commonsenseqa_cose.csv"
    answer = read(HEADER + "".join(f"{JUDGED}{judged}\n" for judged in (-1, 1, "")), name=name)
    assert (counted(answer), answer["repeated"]) == ((1, 0, 0), 2)
    revision = QuestionRevision.objects.get()
    assert (revision.text, revision.answer) == ("Where, then?", "B")
    assert revision.choices == choices("sea", "track", "bed", "moon", "sun")
    rationale = Rationale.objects.get()
    assert (rationale.source.label, rationale.text, rationale.verdict) == (
        "cose",
        "Cars race, there.",
        "given",
    )


def test_the_source_may_be_named_and_must_be_where_the_file_has_no_name():
    assert errors_of(HEADER + JUDGED + "1\n")[0][:2] == (1, "--source")
    read(HEADER + JUDGED + "1\n", source="ecqa_human")
    assert Rationale.objects.get().source.label == "ecqa_human"


def test_shuffled_samples_are_sources_by_their_own_number():
    row = 'w1,Where?,"sea, track, bed, moon, or sun",sun,2,greedy,The sun is hot.,Suns shine.,1.5,0.5,1|2\n'
    answer = read(SAMPLED + row + row)
    assert set(answer["sources"]) == {"gpt3_sample_2", "gpt3_greedy"}
    rationale = Rationale.objects.get(source__label="gpt3_greedy")
    assert (rationale.text, rationale.meta) == ("Suns shine.", {"nll": 0.5})


def test_the_same_choices_in_another_order_are_no_change_where_a_file_has_no_labels():
    stored = {
        "id": "w1",
        "question": "Where, then?",
        "choices": choices("moon", "track", "sun", "bed", "sea"),
        "answer": "B",
    }
    questions(stored)
    assert counted(read(HEADER + JUDGED + "1\n", source="s")) == (0, 0, 1)
    assert QuestionRevision.objects.get().choices == stored["choices"]
    assert Rationale.objects.get().revision == QuestionRevision.objects.get()
    # Another gold answer is a change.
    assert counted(read(HEADER + JUDGED.replace(",track,", ",bed,") + "1\n", source="s")) == (0, 1, 0)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ('w1,Where?,"sea, track, bed, or moon",sea,t,1\n', "Input.answer_choices"),
        ('w1,Where?,"a, b, of c, d, e, or f",a,t,1\n', "Input.answer_choices"),
        ('w1,Where?,"sea, track, bed, moon, or sun",Sea,t,1\n', "Input.gold_label"),
        ('w1,,"sea, track, bed, moon, or sun",sea,t,1\n', "Input.question"),
        (',Where?,"sea, track, bed, moon, or sun",sea,t,1\n', "Input.id"),
    ],
)
def test_a_bad_row_of_the_explanation_files_is_named(row, field):
    assert errors_of(HEADER + row, source="s")[0][:2] == (2, field)
