"""Un-blinds a study."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from ratings.studies.services import unblind_study


class Command(JsonCommand):
    help = "Shows per-source results in pages and API from now on. The study's state does not change."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the study's name")
        parser.add_argument("--reason", required=True, help="why; kept in the audit log")

    def run(self, **options: Any) -> dict[str, Any]:
        study = unblind_study(options["name"], reason=options["reason"], actor=COMMAND)
        return {"study": study.name, "state": study.state, "unblinded_at": study.unblinded_at.isoformat()}  # type: ignore[union-attr]
