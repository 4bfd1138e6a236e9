"""Imports with real commits in both worlds, PostgreSQL and SQLite, whose bulk statements differ."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from ratings.library.errors import UnusableRows
from ratings.library.models import Dataset, Question, QuestionRevision, Rationale, Source
from tests.library.files import PLACE, SUM, counted, questions, rationales


def rows(count: int, *, gold: int = 1) -> list[dict[str, Any]]:
    return [
        {
            "id": f"q{n}",
            "question": f"What is {n} + {gold} – “exactly”?\t",
            "answer": n + gold,
            "rationales": [
                {
                    "source": label,
                    "text": f"{label}: {n} + 1\\n = {n + 1}\n#### {n + 1}",
                    "meta": {"é": [n, None]},
                }
                for label in ("b", "a")
            ],
        }
        for n in range(count)
    ]


def in_a_thread(work: Callable[[], Any]) -> Any:
    try:
        return work()
    finally:
        connection.close()


def test_what_was_sent_is_what_is_stored(world):
    questions(*rows(1_100))
    stored = Rationale.objects.select_related("question", "source", "revision").order_by("pk")
    sent = [
        (row["id"], one["source"], one["text"], one["meta"])
        for row in rows(1_100)
        for one in row["rationales"]
    ]
    assert [(r.question.external_id, r.source.label, r.text, r.meta) for r in stored] == sent
    assert {(r.verdict, r.live, r.given, r.text_agrees, r.revision.number) for r in stored} == {
        ("correct", True, False, None, 1)
    }
    assert QuestionRevision.objects.get(question__external_id="q7").text == rows(8)[7]["question"]
    questions(PLACE, dataset="places")
    assert QuestionRevision.objects.get(question__external_id="place").choices == PLACE["choices"]


def test_rows_made_by_the_orm_afterwards_get_keys_of_their_own(world):
    questions(SUM)
    dataset = Dataset.objects.get()
    made = Question.objects.create(dataset=dataset, external_id="by hand")
    assert made.pk > Question.objects.get(external_id="sum").pk
    made.delete()
    questions({**SUM, "id": "next"})
    assert Question.objects.get(external_id="next").pk != made.pk


def test_again_changed_and_failed(world):
    questions(*rows(30))
    assert counted(questions(*rows(30))) == (0, 0, 30)
    answer = questions(*rows(30, gold=2))
    assert (counted(answer), answer["regraded"]) == ((0, 30, 0), 60)
    assert set(Rationale.objects.values_list("verdict", flat=True)) == {"wrong"}
    with pytest.raises(UnusableRows):
        questions(*rows(10), {"id": "bad"})
    assert set(QuestionRevision.objects.filter(current=True).values_list("number", flat=True)) == {2}


def test_imports_at_the_same_time_take_turns_and_count_every_row_once(world):
    with ThreadPoolExecutor(4) as threads:
        works = [threads.submit(in_a_thread, lambda: questions(*rows(200))) for _ in range(4)]
        answers = [work.result() for work in works]
    assert sorted(answer["created"] for answer in answers) == [0, 0, 0, 200]
    assert Question.objects.count() == 200
    assert Rationale.objects.count() == 400
    assert Source.objects.count() == 2
    extra = [{"question": f"q{n}", "source": "c", "text": f"{n} #### 1"} for n in range(200)]
    with ThreadPoolExecutor(2) as threads:
        works = [threads.submit(in_a_thread, lambda: rationales(*extra)) for _ in range(2)]
        assert sorted(counted(work.result()) for work in works) == [(0, 0, 200), (200, 0, 0)]
