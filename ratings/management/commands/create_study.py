"""Draws a study's triples, and opens it if asked to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction

from accounts.audit import COMMAND
from accounts.commands import BadArguments, JsonCommand, read_json_file
from ratings.slots.opening import open_study
from ratings.studies.design import StudyDesign
from ratings.studies.selectors import lint_study
from ratings.studies.services import create_study

#: The leak lint's findings are listed up to this many in the answer.
MAX_FINDINGS = 1_000


class Command(JsonCommand):
    help = "Draws the triples of a new study from a dataset. With --open its slots are made and raters may begin."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the study's name (a slug)")
        parser.add_argument("--dataset", required=True, help="name of the dataset")
        parser.add_argument("--sources", nargs=3, required=True, metavar="SOURCE", help="three source labels")
        parser.add_argument("--questions", type=int, default=50, help="how many triples to draw")
        parser.add_argument(
            "--ratings-per-triple", type=int, default=3, help="planned ratings of each triple"
        )
        parser.add_argument("--per-rater", type=int, help="at most this many triples for one rater")
        parser.add_argument("--seed", type=int, default=0, help="decides questions, samples and orders")
        parser.add_argument(
            "--any-answer", action="store_true", help="also rationales that reach a wrong answer or none"
        )
        parser.add_argument(
            "--strict-text", action="store_true", help="not those whose words name another choice"
        )
        parser.add_argument("--lease-seconds", type=int, default=600, help="how long a rater holds a triple")
        parser.add_argument(
            "--journey",
            type=Path,
            metavar="FILE.json",
            help="consent, practice, comprehension check, debrief and completion codes; see docs/journey.md",
        )
        parser.add_argument(
            "--open", action="store_true", help="open it at once; if that fails nothing is created"
        )
        parser.add_argument(
            "--override", default="", metavar="REASON", help="open in spite of blocking lint findings"
        )

    def run(self, **options: Any) -> dict[str, Any]:
        override, opens = options.pop("override"), options.pop("open")
        if override and not opens:
            raise BadArguments("--override goes with --open")
        options["journey"] = read_json_file(options["journey"], "--journey") if options["journey"] else {}
        with transaction.atomic():
            study = create_study(StudyDesign(**options), actor=COMMAND)
            if opens:
                study, findings = open_study(study.name, actor=COMMAND, override=override)
            else:
                findings = list(lint_study(study))
        triples = study.triples.count()
        return {
            "study": study.name,
            "triples": triples,
            "slots": triples * study.ratings_per_triple,
            "state": study.state,
            "lint": [finding.as_json() for finding in findings[:MAX_FINDINGS]],
            "lint_findings": len(findings),
            "guess": study.guess or None,
            "excluded": study.excluded,
            "eligible": study.eligible,
            "considered": study.considered,
        }
