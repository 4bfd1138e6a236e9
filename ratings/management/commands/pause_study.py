"""Pauses a study."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from ratings.studies.services import pause_study


class Command(JsonCommand):
    help = "Pauses an open study: no new assignments, held ones may still be rated."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the study's name")

    def run(self, **options: Any) -> dict[str, Any]:
        study = pause_study(options["name"], actor=COMMAND)
        return {"study": study.name, "state": study.state}
