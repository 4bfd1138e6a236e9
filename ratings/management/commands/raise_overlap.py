"""Plans more ratings of each triple of a study that runs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from ratings.slots.overlap import raise_overlap


class Command(JsonCommand):
    help = (
        "Raises the planned ratings of each triple of an open or paused study while raters rate. It is logged as a "
        "deviation from the study's protocol."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", help="the study's name")
        parser.add_argument(
            "--to", type=int, required=True, help="planned ratings of each triple from now on"
        )
        parser.add_argument("--reason", required=True, help="why; kept with the study")

    def run(self, **options: Any) -> dict[str, Any]:
        study, made = raise_overlap(
            options["study"], to=options["to"], reason=options["reason"], actor=COMMAND
        )
        return {
            "study": study.name,
            "state": study.state,
            "ratings_per_triple": study.ratings_per_triple,
            "slots": made,
        }
