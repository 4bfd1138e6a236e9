"""Questions that the project makes itself: `make_addition` and `make_word_problems`."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.errors import InvalidInput
from accounts.models import AuditEvent
from problems.addition import is_valid_scratchpad, read_question
from problems.word_problems import Style, style_of
from ratings.library.making import make_addition, make_word_problems
from ratings.library.models import Dataset, Question, Rationale
from tests.library.files import TESTER, questions

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> dict:
    out = StringIO()
    call_command(*arguments, "--json", stdout=out)
    (line,) = out.getvalue().splitlines()
    answer: dict = json.loads(line)
    return answer


def placed(dataset: str) -> dict[str, str]:
    return dict(Question.objects.filter(dataset__name=dataset).values_list("external_id", "split"))


def test_make_addition_says_what_the_contract_promises():
    answer = run("make_addition", "--digits", "1-5", "--count", "200", "--seed", "1", "--dataset", "sums")
    splits = {"test": 20, "validation": 10, "verifier": 20, "prompt": 10, "train": 140}
    assert (answer["created"], answer["splits"]) == (200, splits)
    assert Dataset.objects.get(name="sums").family == "addition"
    event = AuditEvent.objects.get(act="dataset.make_addition")
    assert (event.actor_label, event.subject, event.details["seed"]) == ("command", "sums", 1)


def test_make_word_problems_says_what_the_contract_promises():
    answer = run("make_word_problems", "--count", "60", "--seed", "1", "--dataset", "stories")
    assert answer["created"] == sum(answer["splits"].values()) == 60
    assert Dataset.objects.get(name="stories").family == "word_problem"
    assert AuditEvent.objects.get().act == "dataset.make_word_problem"


def test_each_sum_has_its_gold_answer_and_a_scratchpad_without_a_wrong_line():
    make_addition("sums", digits=[2, 3], count=50, seed=0, actor=TESTER)
    for rationale in Rationale.objects.select_related("revision", "source"):
        text = rationale.revision.text
        asked = read_question(text)
        assert asked is not None and asked.answer == rationale.revision.answer
        assert is_valid_scratchpad(text, rationale.text)
        assert (rationale.source.label, rationale.verdict) == ("scratchpad", "correct")
        assert "scratch>" not in rationale.normalised and ", carry " in rationale.normalised
    assert Rationale.objects.count() == 50
    lengths = [len(text.split()[0]) for text in Question.objects.values_list("revisions__text", flat=True)]
    assert 10 <= lengths.count(2) <= 40


def test_each_word_problem_has_an_explicit_rationale_that_is_right():
    make_word_problems("stories", count=40, seed=0, actor=TESTER)
    written = list(Rationale.objects.select_related("source"))
    assert len(written) == 40
    for rationale in written:
        assert (rationale.source.label, rationale.verdict) == ("written", "correct")
        assert style_of(rationale.normalised) is Style.EXPLICIT and "<<" not in rationale.normalised


def test_the_digits_of_a_reversed_sum_keep_their_leading_zeros():
    answer = run(
        "make_addition", "--digits", "1", "--count", "100", "--dataset", "back", "--answer-order", "reversed"
    )
    assert answer["created"] == 100
    answers = dict(Question.objects.values_list("revisions__text", "revisions__answer"))
    assert answers["9 + 1, digits of the sum reversed"] == "01"
    assert set(Rationale.objects.values_list("verdict", flat=True)) == {"correct"}


def test_the_same_again_changes_nothing_and_another_seed_only_adds():
    first = make_addition("sums", digits=[1, 2], count=80, seed=0, actor=TESTER)
    before = placed("sums")
    again = make_addition("sums", digits=[1, 2], count=80, seed=0, actor=TESTER)
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 80)
    assert again["splits"] == first["splits"] and placed("sums") == before
    more = make_addition("sums", digits=[1, 2], count=80, seed=1, actor=TESTER)
    assert more["created"] + more["unchanged"] == 80 and more["updated"] == 0
    assert before.items() <= placed("sums").items()


def test_a_question_falls_into_the_same_split_in_every_dataset():
    make_word_problems("one", count=100, seed=0, actor=TESTER)
    make_word_problems("two", count=300, seed=0, actor=TESTER)
    one, two = placed("one"), placed("two")
    shared = one.keys() & two.keys()
    assert len(shared) > 50 and all(one[key] == two[key] for key in shared)
    make_addition("small", digits=[1], count=60, seed=0, actor=TESTER)
    make_addition("whole", digits=[1], count=60, seed=1, actor=TESTER)
    small, whole = placed("small"), placed("whole")
    assert all(small[key] == whole[key] for key in small.keys() & whole.keys())


def test_shares_can_be_asked_for():
    answer = run("make_word_problems", "--count", "50", "--dataset", "d", "--split", "train=0.5", "test=0.5")
    assert answer["splits"] == {"test": 25, "train": 25}


def test_no_more_questions_than_there_are():
    assert make_addition("d", digits=[1], count=100, seed=0, actor=TESTER)["created"] == 100
    with pytest.raises(InvalidInput) as caught:
        make_addition("e", digits=[1], count=101, seed=0, actor=TESTER)
    assert caught.value.details["field"] == "count"
    assert caught.value.details["expected"].startswith("at most 100,")
    assert not Dataset.objects.filter(name="e").exists()


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"count": 0}, "count"),
        ({"count": 1_000_001}, "count"),
        ({"digits": []}, "digits"),
        ({"digits": [0, 1]}, "digits"),
        ({"digits": [21]}, "digits"),
        ({"dataset": "no spaces"}, "dataset"),
        ({"answer_order": "sideways"}, "answer_order"),
        ({"shares": {"train": 0.5}}, "split"),
        ({"shares": {"train": 1.5, "test": -0.5}}, "split"),
        ({"shares": {"a b": 1.0}}, "split"),
    ],
)
def test_options_that_mean_nothing_are_refused_by_name(options, field):
    with pytest.raises(InvalidInput) as caught:
        make_addition(**{"dataset": "d", "digits": [2], "count": 5, "seed": 0, "actor": TESTER, **options})
    assert caught.value.details["field"] == field
    assert not Dataset.objects.exists() and not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--digits", "one"),
        ("--digits", "1-"),
        ("--split", "train"),
        ("--answer-order", "sideways"),
        ("--count", "x"),
    ],
)
def test_arguments_that_cannot_be_read_leave_the_command_with_two(arguments):
    with pytest.raises(CommandError) as caught:
        call_command("make_addition", "--dataset", "d", "--count", "5", *arguments)
    assert caught.value.returncode == 2


def test_a_dataset_of_another_family_is_left_alone():
    questions({"id": "q", "question": "What is 2 + 3?", "answer": "5"}, dataset="g")
    with pytest.raises(InvalidInput) as caught:
        make_word_problems("g", count=5, seed=0, actor=TESTER)
    assert caught.value.details["field"] == "family"
    assert Question.objects.count() == 1
