"""`manage.py make_word_problems`: word problems with written rationales."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand, progress
from ratings.library.making import make_word_problems
from ratings.library.shares import add_shares, shares_of


class Command(JsonCommand):
    help = (
        "Make word problems from templates, with a sentence and a computation for each step (source: written). "
        "The same seed makes the same questions; making them again changes nothing. All or nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--count", type=int, required=True, help="how many questions")
        parser.add_argument("--seed", type=int, default=0, help="another seed makes other questions")
        parser.add_argument("--dataset", required=True, help="the dataset's name; it is made if missing")
        add_shares(parser)

    def run(self, *, dataset: str, split: list[tuple[str, float]] | None, **options: Any) -> dict[str, Any]:
        watched = partial(progress, label="questions", total=options["count"])
        return make_word_problems(
            dataset, shares=shares_of(split), **options, actor=COMMAND, progress=watched
        )
