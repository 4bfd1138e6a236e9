"""Makes raters of one study, with their links."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from ratings.crowd.raters import create_raters


class Command(JsonCommand):
    help = "Makes a rater NAME, or with --count the raters NAME-1 to NAME-N; their links are shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the rater's name within the study (a slug)")
        parser.add_argument("--study", required=True, help="the study's name")
        parser.add_argument("--pool", default="", help="one of the study's pools")
        parser.add_argument("--count", type=int, help="make this many, numbered from 1")

    def run(self, **options: Any) -> dict[str, Any]:
        raters = create_raters(
            options["study"],
            options["name"],
            count=options["count"],
            pool=options["pool"],
            actor=COMMAND,
        )
        return {"raters": [asdict(rater) for rater in raters]}
