"""`manage.py import_rationales`: rationales from a file for the questions of a dataset."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand, progress
from problems.types import Family
from ratings.library.formats import RATIONALE_FORMATS, TRIPLES
from ratings.library.records import Writer
from ratings.library.services import import_rationales


class Command(JsonCommand):
    help = "Import rationales, graded and normalised, for a dataset's questions. All or nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        formats = [*RATIONALE_FORMATS, TRIPLES]
        parser.add_argument("path", help="the file")
        parser.add_argument(
            "--format", required=True, choices=formats, help="the file's format; triples bring questions"
        )
        parser.add_argument("--dataset", required=True, help="the dataset's name")
        parser.add_argument(
            "--source", help="the source of rationales whose row names none (cose: else human)"
        )
        parser.add_argument(
            "--family",
            choices=[family.value for family in Family],
            help="triples: the family of a new dataset",
        )
        parser.add_argument(
            "--written-by",
            choices=list(Writer),
            help="who wrote the rationales, where the rows (`written_by`) and the format do not say",
        )
        parser.add_argument("--split", help="triples: the split of questions whose row states none")
        parser.add_argument(
            "--dry-run", action="store_true", help="check and count everything, write nothing"
        )

    def run(self, *, path: str, **options: Any) -> dict[str, Any]:
        return import_rationales(
            path, **options, actor=COMMAND, progress=partial(progress, label="rationales")
        )
