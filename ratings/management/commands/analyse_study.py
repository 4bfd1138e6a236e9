"""Analyses a study's ratings."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND, record
from accounts.commands import JsonCommand
from ratings.analysis.services import analyse_study
from ratings.slots.models import Rater


class Command(JsonCommand):
    help = (
        "Says how often each source beat each other one (with a clustered interval), the sources' strengths, how far "
        "raters agree, and whether the position on the page mattered."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", help="the study's name")
        parser.add_argument(
            "--raters", default="human", choices=Rater.Kind.values, help="kinds are never pooled"
        )

    def run(self, **options: Any) -> dict[str, Any]:
        found = analyse_study(options["study"], raters_kind=options["raters"])
        # Acting as owner, it answers while the study runs blind: that look is written down.
        record(COMMAND, "study.analyse", subject=options["study"], details={"raters": options["raters"]})
        return found
