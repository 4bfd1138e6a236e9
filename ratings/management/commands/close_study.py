"""Closes a study."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from ratings.studies.services import close_study


class Command(JsonCommand):
    help = "Closes a study for good: no more ratings; results become visible in pages and API."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the study's name")

    def run(self, **options: Any) -> dict[str, Any]:
        study = close_study(options["name"], actor=COMMAND)
        return {"study": study.name, "state": study.state}
