"""`manage.py import_questions`: questions from a file into a dataset."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand, progress
from problems.types import Family
from ratings.library.formats import QUESTION_FORMATS
from ratings.library.records import Writer
from ratings.library.services import import_questions


class Command(JsonCommand):
    help = "Import questions, with their gold answers and human rationales, into a dataset. All or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", help="the file")
        parser.add_argument(
            "--format", required=True, choices=list(QUESTION_FORMATS), help="the file's format"
        )
        parser.add_argument("--dataset", required=True, help="the dataset's name; it is made if missing")
        parser.add_argument(
            "--family",
            choices=[family.value for family in Family],
            help="the problem family of a new dataset; by default the format's, else commonsenseqa if there are "
            "choices, else gsm8k",
        )
        parser.add_argument(
            "--split", help="the split of rows that state none; by default train for new questions"
        )
        parser.add_argument(
            "--source", help="the source of the people who wrote the file's solutions (else human)"
        )
        parser.add_argument(
            "--written-by",
            choices=list(Writer),
            help="who wrote the rationales, where the rows (`written_by`) and the format do not say",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="check and count everything, write nothing"
        )

    def run(self, *, path: str, **options: Any) -> dict[str, Any]:
        return import_questions(path, **options, actor=COMMAND, progress=partial(progress, label="questions"))
