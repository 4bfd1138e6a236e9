"""Dividing a dataset: shares to the nearest question, the same for the same seed, few-shot questions left alone."""

from __future__ import annotations

import pytest

from accounts.errors import InvalidInput
from accounts.models import AuditEvent
from ratings.library.errors import UnknownDataset
from ratings.library.models import Question
from ratings.library.services import split_dataset
from tests.library.files import TESTER, questions

pytestmark = pytest.mark.django_db


def fill(count: int, *, dataset: str = "d", **fields: object) -> None:
    questions(
        *({"id": f"q{n}", "question": f"What is {n}?", "answer": n, **fields} for n in range(count)),
        dataset=dataset,
    )


def divide(name: str = "d", **changes) -> dict[str, int]:
    options = {"train": 0.8, "verifier": 0.1, "test": 0.1, "seed": 0, **changes}
    return split_dataset(name, actor=TESTER, **options)["splits"]


def placed(dataset: str = "d") -> dict[str, str]:
    return dict(Question.objects.filter(dataset__name=dataset).values_list("external_id", "split"))


def test_each_split_gets_its_share():
    fill(60)
    assert divide() == {"train": 48, "verifier": 6, "test": 6}
    assert divide(train=0.5, verifier=0.0, test=0.5) == {"train": 30, "test": 30}


def test_the_same_seed_gives_the_same_splits_in_any_database_order_and_another_seed_others():
    fill(60)
    divide()
    first = placed()
    divide(train=0.2, verifier=0.4, test=0.4)
    divide()
    assert placed() == first
    questions(*({"id": f"q{n}", "question": "?", "answer": n} for n in reversed(range(60))), dataset="e")
    divide("e")
    assert placed("e") == first
    divide(seed=1)
    assert placed() != first


def test_few_shot_questions_stay():
    fill(20)
    questions({"id": "p", "question": "Prompt?", "answer": 1, "split": "prompt"})
    assert divide(train=0.5, verifier=0.25, test=0.25) == {"prompt": 1, "train": 10, "verifier": 5, "test": 5}
    assert Question.objects.get(external_id="p").split == "prompt"


def test_questions_of_other_splits_are_divided_too():
    fill(10, split="dev")
    assert divide(train=0.6, verifier=0.2, test=0.2) == {"train": 6, "verifier": 2, "test": 2}


def test_an_empty_share_of_few_questions_is_said():
    fill(1)
    assert divide() == {"train": 1, "verifier": 0, "test": 0}


def test_it_is_audited():
    fill(10)
    divide(seed=7)
    event = AuditEvent.objects.get(act="dataset.split")
    assert (event.subject, event.details["seed"]) == ("d", 7)


@pytest.mark.parametrize(
    "shares",
    [{"train": 0.9}, {"train": 1.2, "verifier": -0.1, "test": -0.1}, {"train": float("nan")}, {"train": 80}],
)
def test_shares_that_are_none_are_refused(shares):
    fill(10)
    with pytest.raises(InvalidInput):
        divide(**shares)
    assert set(placed().values()) == {"train"}


def test_an_unknown_dataset_is_an_error():
    with pytest.raises(UnknownDataset):
        divide("nobody")
