"""`manage.py make_addition`: sums with their scratchpads."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand, progress
from problems.addition import ANSWER_ORDERS, WRITTEN_ORDER
from ratings.library.making import MAX_DIGITS, make_addition
from ratings.library.shares import add_shares, shares_of


class Command(JsonCommand):
    help = (
        "Make sums of two numbers with the scratchpads of the STaR paper (source: scratchpad). "
        "The same seed makes the same questions; making them again changes nothing. All or nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--digits",
            type=_lengths,
            default="1-5",
            help="digits of each number: 3, or 1-5 for all lengths between",
        )
        parser.add_argument("--count", type=int, required=True, help="how many questions")
        parser.add_argument("--seed", type=int, default=0, help="another seed makes other questions")
        parser.add_argument("--dataset", required=True, help="the dataset's name; it is made if missing")
        parser.add_argument(
            "--answer-order",
            choices=ANSWER_ORDERS,
            default=WRITTEN_ORDER,
            help="reversed: the sum's last digit first",
        )
        add_shares(parser)

    def run(self, *, dataset: str, split: list[tuple[str, float]] | None, **options: Any) -> dict[str, Any]:
        watched = partial(progress, label="questions", total=options["count"])
        return make_addition(dataset, shares=shares_of(split), **options, actor=COMMAND, progress=watched)


def _lengths(text: str) -> list[int]:
    first, dash, last = text.partition("-")
    try:
        lowest, highest = int(first), int(last if dash else first)
        # Longer ones are refused where they are made; a range of a thousand million is not written out first.
        lengths = list(range(lowest, min(highest, lowest + MAX_DIGITS) + 1))
    except ValueError:
        lengths = []
    if not lengths:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of digits and no range such as 1-5")
    return lengths
