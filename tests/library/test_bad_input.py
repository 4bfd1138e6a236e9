"""Everything that a file can get wrong: named by row, field and value, and nothing is written."""

from __future__ import annotations

import io
import json

import pytest

from accounts.audit import Actor
from ratings.library.errors import EmptyFile, UnreadableFile, UnusableRows
from ratings.library.models import Dataset, Question, Rationale, Source
from ratings.library.services import import_questions
from tests.library.files import CQA, GSM8K, PLACE, SUM, TESTER, TRIPLE, choices, lines, questions, rationales

pytestmark = pytest.mark.django_db

LONG = "x" * 100_001
DEEP = "[" * 100_000 + "]" * 100_000

#: What is wrong: (format, the row, the field, part of the message).
QUESTIONS = {
    "no JSON": ("jsonl", "hello", "", "not JSON"),
    "cut off": ("jsonl", json.dumps(SUM)[:-9], "", "not JSON"),
    "a list": ("jsonl", [1], "", "is a list"),
    "a number": ("jsonl", "3", "", "is a number"),
    "null": ("jsonl", "null", "", "is null"),
    "not a number": ("jsonl", '{"question": "q", "answer": NaN}', "", "NaN"),
    "binary": ("jsonl", b"\x89PNG\x0d\x1a\xff\xfe", "", "not UTF-8"),
    "latin-1": ("jsonl", '{"question": "café", "answer": 1}'.encode("latin-1"), "", "not UTF-8"),
    "a NUL byte": ("jsonl", b'{"question": "a\x00b", "answer": 1}', "", "NUL"),
    "an escaped NUL": ("jsonl", {**SUM, "question": "a\0b"}, "question", "NUL"),
    "a lone surrogate": ("jsonl", '{"question": "\\ud800", "answer": 1}', "question", "UTF-8"),
    "too deep": ("jsonl", '{"question": ' + DEEP + "}", "", "too deeply"),
    "too many digits": ("jsonl", '{"question": "q", "answer": ' + "9" * 5_000 + "}", "", "not usable JSON"),
    "no question": ("jsonl", {"text": "q", "answer": 1}, "question", "the row has text, answer"),
    "an empty question": ("jsonl", {**SUM, "question": " \n"}, "question", "is empty"),
    "a numeric question": ("jsonl", {**SUM, "question": 5}, "question", "is a number"),
    "an endless question": ("jsonl", {**SUM, "question": LONG}, "question", "at most 100000"),
    "an endless id": ("jsonl", {**SUM, "id": "i" * 201}, "id", "at most 200"),
    "an id of two lines": ("jsonl", {**SUM, "id": "a\nb"}, "id", "control"),
    "an id that is a truth": ("jsonl", {**SUM, "id": True}, "id", "true or false"),
    "no gold answer": ("jsonl", {"question": "q"}, "answer", "is missing"),
    "an empty gold answer": ("jsonl", {**SUM, "answer": ""}, "answer", "is missing"),
    "gold that is no number": ("jsonl", {**SUM, "answer": "many"}, "answer", "no answer of family 'gsm8k'"),
    "gold that is a truth": ("jsonl", {**SUM, "answer": True}, "answer", "true or false"),
    "gold that is a list": ("jsonl", {**SUM, "answer": [5]}, "answer", "is a list"),
    "gold without an end": ("jsonl", '{"question": "q", "answer": 1e999}', "answer", "is a number"),
    "gold that is no choice": ("jsonl", {**PLACE, "answer": "D"}, "answer", "choice's label"),
    "27 choices": (
        "jsonl",
        {**PLACE, "choices": [{"label": str(n), "text": "t"} for n in range(27)]},
        "choices",
        "27",
    ),
    "one choice": ("jsonl", {**PLACE, "choices": choices("a")}, "choices", "expected 2 to 26"),
    "equal labels": ("jsonl", {**PLACE, "choices": choices("a") * 2}, "choices", "different labels"),
    "choices as text": ("jsonl", {**PLACE, "choices": "a, b"}, "choices", "is text"),
    "a choice as text": ("jsonl", {**PLACE, "choices": ["a", "b"]}, "choices[0]", "is text"),
    "a choice without text": (
        "jsonl",
        {**PLACE, "choices": [{"label": "A"}] * 2},
        "choices[0].text",
        "is null",
    ),
    "a choice's numeric text": (
        "jsonl",
        {**PLACE, "choices": [{"label": "A", "text": 1}] * 2},
        "choices[0].text",
        "number",
    ),
    "a long label": (
        "jsonl",
        {**PLACE, "choices": [{"label": "AAA", "text": "a"}] * 2},
        "choices[0].label",
        "letters",
    ),
    "a split with a slash": ("jsonl", {**SUM, "split": "a/b"}, "split", "letters, digits"),
    "a numeric split": ("jsonl", {**SUM, "split": 1}, "split", "is a number"),
    "rationales as text": ("jsonl", {**SUM, "rationales": "t"}, "rationales", "is text"),
    "a rationale as text": ("jsonl", {**SUM, "rationales": ["t"]}, "rationales[0]", "is text"),
    "an empty rationale": (
        "jsonl",
        {**SUM, "rationales": [{"source": "s", "text": ""}]},
        "rationales[0].text",
        "empty",
    ),
    "no source": ("jsonl", {**SUM, "rationales": [{"text": "t"}]}, "rationales[0].source", "missing"),
    "a source with a space": (
        "jsonl",
        {**SUM, "rationales": [{"source": "a b", "text": "t"}]},
        "rationales[0].source",
        "-",
    ),
    "one source twice": (
        "jsonl",
        {**SUM, "rationales": [{"source": "s", "text": t} for t in "ab"]},
        "rationales",
        "each",
    ),
    "a solution without end": ("gsm8k", {**GSM8K, "answer": "So 5."}, "answer", "#### number"),
    "no solution": ("gsm8k", {"question": "q"}, "answer", "missing"),
    "no question object": ("commonsenseqa", SUM, "question", "is text"),
    "no stem": (
        "commonsenseqa",
        {**CQA, "question": {"choices": choices("a", "b")}},
        "question.stem",
        "missing",
    ),
    "no choices": ("commonsenseqa", {**CQA, "question": {"stem": "s"}}, "question.choices", "missing"),
    "no key": ("commonsenseqa", {key: CQA[key] for key in ("id", "question")}, "answerKey", "missing"),
    "a foreign key": ("commonsenseqa", {**CQA, "answerKey": "E"}, "answerKey", "no answer of family"),
}


@pytest.mark.parametrize(("format", "row", "field", "message"), QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize("place", ["alone", "second"])
def test_a_bad_question_is_named_and_nothing_is_written(format, row, field, message, place):
    good = {
        "jsonl": {**SUM, "id": "good"},
        "gsm8k": {**GSM8K, "question": "good"},
        "commonsenseqa": {**CQA, "id": "good"},
    }[format]
    if place == "second" and isinstance(row, dict) and row.get("choices") and format == "jsonl":
        good = {**PLACE, "id": "good"}
    rows = [row] if place == "alone" else [good, row]
    with pytest.raises(UnusableRows) as caught:
        questions(*rows, format=format)
    error = caught.value.details["error_rows"][0]
    assert caught.value.details["errors"] == 1
    assert (error["row"], error["field"]) == (len(rows), field)
    assert message in error["message"]
    assert caught.value.code == "row_errors"
    assert len(error["value"] or "") <= 200
    json.dumps(error).encode()
    assert not Dataset.objects.exists()
    assert not Source.objects.exists()


RATIONALES = {
    "an unknown question": (
        "jsonl",
        {"question": "x", "source": "s", "text": "t"},
        "question",
        "no id and no text",
    ),
    "no question": ("jsonl", {"source": "s", "text": "t"}, "question", "missing"),
    "a question that is a list": (
        "jsonl",
        {"question": [], "source": "s", "text": "t"},
        "question",
        "is a list",
    ),
    "no source": ("jsonl", {"question": "sum", "text": "t"}, "source", "--source"),
    "a source that is a number": (
        "jsonl",
        {"question": "sum", "source": 5, "text": "t"},
        "source",
        "is a number",
    ),
    "no text": ("jsonl", {"question": "sum", "source": "s"}, "text", "missing"),
    "an endless text": ("jsonl", {"question": "sum", "source": "s", "text": LONG}, "text", "at most"),
    "given in words": (
        "jsonl",
        {"question": "sum", "source": "s", "text": "t", "given": "yes"},
        "given",
        "is text",
    ),
    "meta as text": (
        "jsonl",
        {"question": "sum", "source": "s", "text": "t", "meta": "m"},
        "meta",
        "is text",
    ),
    "meta without end": (
        "jsonl",
        '{"question": "sum", "source": "s", "text": "t", "meta": {"a": 1e999}}',
        "meta",
        "finite",
    ),
    "meta with a NUL": (
        "jsonl",
        {"question": "sum", "source": "s", "text": "t", "meta": {"a": ["\0"]}},
        "meta",
        "NUL",
    ),
    "meta too deep": (
        "jsonl",
        '{"question": "sum", "source": "s", "text": "t", "meta": {"a": ' + "[" * 50 + "]" * 50 + "}}",
        "meta",
        "too deeply",
    ),
    "meta too large": (
        "jsonl",
        {"question": "sum", "source": "s", "text": "t", "meta": {"a": LONG}},
        "meta",
        "too large",
    ),
    "solutions of an unknown question": (
        "gsm8k-model-solutions",
        {"question": "What?", "6b": {"solution": "A: 5"}},
        "question",
        "no id and no text",
    ),
    "no models": ("gsm8k-model-solutions", {"question": SUM["question"]}, "", "are the keys"),
    "a model without solution": (
        "gsm8k-model-solutions",
        {"question": "q", "6b": {}},
        "6b.solution",
        "missing",
    ),
    "a model with a space": (
        "gsm8k-model-solutions",
        {"question": "q", "6 b": {"solution": "s"}},
        "source",
        "letters",
    ),
    "an unsure verdict": (
        "gsm8k-model-solutions",
        {"question": "q", "6b": {"solution": "s", "is_correct": "yes"}},
        "6b.is_correct",
        "true or false",
    ),
    "cose of an unknown id": (
        "cose",
        {"id": "x", "explanation": {"open-ended": "t"}},
        "id",
        "no id and no text",
    ),
    "cose without id": ("cose", {"explanation": {"open-ended": "t"}}, "id", "missing"),
    "cose without explanation": ("cose", {"id": "sum"}, "explanation", "is null"),
    "an empty explanation": (
        "cose",
        {"id": "sum", "explanation": {"open-ended": " "}},
        "explanation.open-ended",
        "empty",
    ),
    "two of three": (
        "triples",
        {**TRIPLE, "rationales": TRIPLE["rationales"][:2]},
        "rationales",
        "has 2; expected 3",
    ),
    "one source thrice": (
        "triples",
        {**TRIPLE, "rationales": TRIPLE["rationales"][:1] * 3},
        "rationales",
        "each",
    ),
    "a key that is no label": ("triples", {**TRIPLE, "answer_key": "track"}, "answer_key", "A, B, C"),
    "an answer that is no choice": (
        "triples",
        {**{k: v for k, v in TRIPLE.items() if k != "answer_key"}, "answer": "moon"},
        "answer",
        "choice's label",
    ),
}


@pytest.mark.parametrize(("format", "row", "field", "message"), RATIONALES.values(), ids=RATIONALES)
def test_a_bad_rationale_is_named_and_nothing_is_written(format, row, field, message):
    dataset = "new" if format == "triples" else "d"
    questions(SUM)
    good = {"jsonl": {"question": "sum", "source": "s", "text": "#### 5"}}.get(format)
    rows = [good, row] if good else [row]
    with pytest.raises(UnusableRows) as caught:
        rationales(*rows, format=format, dataset=dataset)
    error = caught.value.details["error_rows"][0]
    assert (error["row"], error["field"]) == (len(rows), field)
    assert message in error["message"]
    assert not Rationale.objects.exists()
    assert Question.objects.count() == 1
    assert not Dataset.objects.filter(name="new").exists()


def test_one_id_with_two_contents_is_an_error_however_far_apart():
    between = [{"id": f"q{n}", "question": f"{n}?", "answer": n} for n in range(1_200)]
    with pytest.raises(UnusableRows) as caught:
        questions(SUM, *between, {**SUM, "answer": 6})
    error = caught.value.details["error_rows"][0]
    assert (error["row"], error["field"], error["value"]) == (1_202, "id", "sum")
    assert not Question.objects.exists()


def test_one_question_twice_in_a_file_of_one_rationale_each_is_an_error():
    questions(CQA, format="commonsenseqa")
    rows = [{"id": "c1", "explanation": {"open-ended": text}} for text in ("fast", "slow")]
    with pytest.raises(UnusableRows, match="earlier row"):
        rationales(*rows, format="cose")
    assert not Rationale.objects.exists()


def test_all_errors_are_counted_and_the_first_hundred_are_shown_in_the_order_of_rows():
    rows = [{**SUM, "id": f"q{n}", "answer": "no" if n % 2 else 1} for n in range(500)]
    with pytest.raises(UnusableRows) as caught:
        questions(*rows)
    details = caught.value.details
    assert (details["errors"], len(details["error_rows"])) == (250, 100)
    assert [error["row"] for error in details["error_rows"]] == list(range(2, 202, 2))


def test_choices_in_a_dataset_of_numbers_are_an_error():
    questions(SUM)
    with pytest.raises(UnusableRows, match="expected none"):
        questions(PLACE)


def test_a_line_without_end_costs_no_memory():
    class Endless(io.RawIOBase):
        left = 40 * 1024 * 1024

        def readable(self) -> bool:
            return True

        def readinto(self, buffer) -> int:
            size = min(len(buffer), self.left)
            buffer[:size] = b"x" * size
            self.left -= size
            return size

    with pytest.raises(UnusableRows, match="longer than"):
        import_questions(io.BufferedReader(Endless()), format="jsonl", dataset="d", actor=TESTER)


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("format", ["jsonl", "gsm8k", "commonsenseqa", "csv"])
def test_an_empty_file_is_an_error(content, format):
    with pytest.raises(EmptyFile):
        import_questions(io.BytesIO(content), format=format, dataset="d", actor=TESTER)


def test_a_file_that_is_missing_or_a_folder_is_an_error(tmp_path):
    for path in (tmp_path / "missing.jsonl", tmp_path, "a\0b"):
        with pytest.raises(UnreadableFile):
            import_questions(path, format="jsonl", dataset="d", actor=Actor(label="tester"))
    assert not Dataset.objects.exists()


def test_a_failed_import_leaves_what_was_there():
    questions(SUM)
    with pytest.raises(UnusableRows):
        questions({**SUM, "answer": 6}, {"id": "new", "question": "q"})
    assert Question.objects.get().revisions.get().answer == "5"


def test_the_stream_of_the_caller_stays_open():
    stream = lines(SUM)
    import_questions(stream, format="jsonl", dataset="d", actor=TESTER)
    assert not stream.closed
