"""Makes a panel of a study: an entry link for raters who come from elsewhere."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from ratings.crowd.models import Panel
from ratings.crowd.panels import PanelDesign, create_panel, entry_link


class Command(JsonCommand):
    help = "Makes a panel of a study and prints the link that its provider is given."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", help="the study's name")
        parser.add_argument(
            "--name", default="prolific", help="part of the link and of its raters' pseudonyms"
        )
        parser.add_argument(
            "--provider", default="prolific", choices=Panel.Provider.values, help="who sends the raters"
        )
        parser.add_argument("--quota", type=int, help="how many raters may enter; default: no limit")
        parser.add_argument("--external-study", default="", help="the provider's own id of its study")
        parser.add_argument(
            "--completion-url", default="", help="with CODE, SESSION and PERSON; default: Prolific's"
        )
        parser.add_argument(
            "--code", action="append", default=[], metavar="OUTCOME=CODE", help="for example completed=C1A2"
        )

    def run(self, **options: Any) -> dict[str, Any]:
        codes = {}
        for pair in options["code"]:
            outcome, found, code = pair.partition("=")
            if not found:
                raise CommandError(f"--code: {pair!r} is not usable, expected OUTCOME=CODE.", returncode=2)
            codes[outcome] = code
        design = PanelDesign(
            name=options["name"],
            provider=options["provider"],
            quota=options["quota"],
            external_study=options["external_study"],
            completion_url=options["completion_url"],
            codes=codes,
        )
        panel = create_panel(options["study"], design, actor=COMMAND)
        return {"study": panel.study.name, "panel": panel.name, "link": entry_link(panel)}
