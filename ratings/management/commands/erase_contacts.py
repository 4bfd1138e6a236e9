"""Erases who raters are with their panels; votes stay."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from ratings.crowd.panels import erase_contact
from ratings.studies.selectors import get_study


class Command(JsonCommand):
    help = "Erases the panels' ids of persons and submissions of a study's raters; votes and times stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", help="the study's name")
        parser.add_argument("--rater", help="one rater's name; default: all")

    def run(self, **options: Any) -> dict[str, Any]:
        return {"erased": erase_contact(get_study(options["study"]), actor=COMMAND, rater=options["rater"])}
