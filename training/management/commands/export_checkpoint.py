"""Copies a checkpoint out of the storage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand, checked
from training.runs.exporting import export_checkpoint


class Command(JsonCommand):
    help = (
        "Writes a model's files (safetensors, configuration, tokenizer, manifest) into a folder that is new or empty: "
        "all of them or none. transformers loads the folder as it is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("label", help="label of a checkpoint, or of a registered folder")
        parser.add_argument("--out", required=True, help="the folder; it must not hold anything")

    def run(self, **options: Any) -> dict[str, Any]:
        out = str(options["out"])
        checked(
            bool(out.strip()),
            "out: it is empty; expected a folder that is new or empty.",
            field="out",
            value=out,
            expected="a folder that is new or empty",
        )
        return export_checkpoint(options["label"], Path(out), actor=COMMAND)
