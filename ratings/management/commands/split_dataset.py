"""`manage.py split_dataset`: divides a dataset's questions into train, verifier and test."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from ratings.library.services import split_dataset


class Command(JsonCommand):
    help = "Divide a dataset's questions into splits by hash of seed and id; few-shot questions (split prompt) stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the dataset's name")
        parser.add_argument("--train", type=float, default=0.8, help="share of the questions")
        parser.add_argument("--verifier", type=float, default=0.1, help="share of the questions")
        parser.add_argument("--test", type=float, default=0.1, help="share of the questions")
        parser.add_argument("--seed", type=int, default=0, help="another seed gives other splits")

    def run(self, *, name: str, **options: Any) -> dict[str, Any]:
        return split_dataset(name, **options, actor=COMMAND)
