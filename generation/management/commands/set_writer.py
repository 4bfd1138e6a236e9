"""`manage.py set_writer`: says, or corrects, who wrote what a source holds."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from generation.registry.writers import set_writer
from ratings.library.records import Writer


class Command(JsonCommand):
    help = "Say who wrote the rationales of a source, or correct what was said. What was made before stays as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", help="the source's label")
        parser.add_argument("written_by", choices=list(Writer), help="who wrote its rationales")

    def run(self, *, source: str, written_by: str, **_: Any) -> dict[str, Any]:
        return set_writer(source, written_by, actor=COMMAND)
