"""Brings ratings that were made elsewhere into a study."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand, progress
from ratings.crowd.import_ratings import import_ratings


class Command(JsonCommand):
    help = "Imports a Ratings file into a study that is not a draft: all rows or none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", help="the file, a JSON object a line")
        parser.add_argument("--format", choices=["jsonl"], required=True, help="the file's format")
        parser.add_argument("--study", required=True, help="the study's name")
        parser.add_argument(
            "--raters", choices=["human", "simulated", "model"], default="human", help="who rated"
        )
        parser.add_argument(
            "--anonymous-raters",
            action="store_true",
            help="rater names are columns, not persons: nothing clusters by them",
        )

    def run(self, **options: Any) -> dict[str, Any]:
        with open(options["path"], "rb") as file:
            return import_ratings(
                progress(file, label="ratings"),
                options["study"],
                kind=options["raters"],
                anonymous=options["anonymous_raters"],
                actor=COMMAND,
            )
