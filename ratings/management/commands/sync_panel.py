"""Asks a panel's provider what became of its submissions."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from ratings.crowd.panels import get_panel
from ratings.crowd.syncing import prolific, sync_panel


class Command(JsonCommand):
    help = "Asks Prolific about every submission of a panel, and follows what it says (needs PROLIFIC_API_TOKEN)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", help="the study's name")
        parser.add_argument("--panel", help="the panel's name; default: the study's first")

    def run(self, **options: Any) -> dict[str, Any]:
        panel = get_panel(options["study"], options["panel"])
        with prolific() as client:
            return {"panel": panel.name, **asdict(sync_panel(panel, client=client, actor=COMMAND))}
