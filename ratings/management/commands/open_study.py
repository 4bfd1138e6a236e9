"""Opens a draft, or resumes a paused study."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from ratings.slots.opening import open_study


class Command(JsonCommand):
    help = "Opens a draft study (its slots are made) or resumes a paused one. Blocking lint findings need --override."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the study's name")
        parser.add_argument(
            "--override", default="", metavar="REASON", help="open in spite of blocking lint findings"
        )

    def run(self, **options: Any) -> dict[str, Any]:
        study, findings = open_study(options["name"], actor=COMMAND, override=options["override"])
        blocking = [finding.as_json() for finding in findings if finding.blocks]
        return {
            "study": study.name,
            "state": study.state,
            "lint_findings": len(findings),
            "overridden": blocking[:100],
        }
