"""`manage.py import_prompts`: the project's own worked examples for few-shot prompts."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from ratings.library.prompting import import_prompts


class Command(JsonCommand):
    help = (
        "Put worked examples, written for this project, into a GSM8K or CommonsenseQA dataset: questions of split "
        "prompt, which are shown by --shots and never asked, drawn or trained on. Doing it again changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dataset", required=True, help="the dataset's name")
        parser.add_argument(
            "--dry-run", action="store_true", help="check and count everything, write nothing"
        )

    def run(self, *, dataset: str, **options: Any) -> dict[str, Any]:
        return import_prompts(dataset, **options, actor=COMMAND)
