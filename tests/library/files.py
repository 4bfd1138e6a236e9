"""Small files of every format, and imports of them, for the tests of the library."""

from __future__ import annotations

import io
import json
from typing import Any

from accounts.audit import Actor
from ratings.library.services import import_questions, import_rationales

TESTER = Actor(label="tester")


def lines(*records: object) -> io.BytesIO:
    """Records as JSON lines; bytes and text stand as they are."""
    file = io.BytesIO()
    for record in records:
        if isinstance(record, str):
            record = record.encode()
        file.write(record if isinstance(record, bytes) else json.dumps(record).encode())
        file.write(b"\n")
    file.seek(0)
    return file


def questions(*records: object, format: str = "jsonl", dataset: str = "d", **options: Any) -> dict[str, Any]:
    return import_questions(lines(*records), format=format, dataset=dataset, actor=TESTER, **options)


def rationales(*records: object, format: str = "jsonl", dataset: str = "d", **options: Any) -> dict[str, Any]:
    return import_rationales(lines(*records), format=format, dataset=dataset, actor=TESTER, **options)


def counted(answer: dict[str, Any]) -> tuple[int, int, int]:
    return answer["created"], answer["updated"], answer["unchanged"]


def choices(*texts: str) -> list[dict[str, str]]:
    return [
        {"label": label, "text": text}
        for label, text in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", texts, strict=False)
    ]


SUM: dict[str, Any] = {"id": "sum", "question": "What is 2 + 3?", "answer": "5"}
PLACE: dict[str, Any] = {
    "id": "place",
    "question": "Where do cars race?",
    "choices": choices("sea", "track", "bed"),
    "answer": "B",
}
GSM8K: dict[str, Any] = {
    "question": "Tom has 2 pens\nand buys 3. How many?",
    "answer": "2 + 3 = <<2+3=5>>5 pens.\n#### 5",
}
CQA: dict[str, Any] = {
    "id": "c1",
    "answerKey": "B",
    "question": {
        "stem": "Where do cars race?",
        "question_concept": "car",
        "choices": choices("sea", "track", "bed"),
    },
}
TRIPLE: dict[str, Any] = {
    "id": "t1",
    "split": "dev",
    "question": "Where do cars race?",
    "choices": choices("sea", "track", "bed"),
    "answer_key": "B",
    "answer": "track",
    "rationales": [
        {"source": "cose", "text": "cars are fast", "acceptable_rate": 0.5},
        {"source": "ecqa", "text": "A track is made for racing."},
        {"source": "gpt3", "text": "Fish swim. So the answer is sea (A)."},
    ],
}
