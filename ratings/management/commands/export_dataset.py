"""Exports a study's ratings as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand, progress
from ratings.exports.formats import FORMATS
from ratings.exports.pairs import DROP, TIES
from ratings.exports.services import export_study
from ratings.slots.models import Rater


class Command(JsonCommand):
    help = (
        "Writes a study's ratings as votes, as a Ratings file, or as preference pairs for training. The same export "
        "repeated is byte-identical; raters and ratings have pseudonyms that fit no other export."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", help="the study's name")
        parser.add_argument(
            "--format",
            required=True,
            choices=list(FORMATS),
            help="votes: every revision, skip and surplus, marked; ranking: a Ratings file; trl-preference: prompt, "
            "chosen, rejected, a row per rating and untied pair; trl-conversational: the same as messages",
        )
        parser.add_argument(
            "--out", required=True, type=Path, help="the file; ending .parquet: Parquet, else JSON lines"
        )
        parser.add_argument(
            "--raters", default="human", choices=Rater.Kind.values, help="kinds are never pooled"
        )
        parser.add_argument(
            "--ties",
            default=DROP,
            choices=TIES,
            help="for pairs. drop: no row; both: two rows, one each way; half: one row, its direction a keyed coin, so "
            "that ties count half each way",
        )
        parser.add_argument("--split", help="only questions of this split; without it all")
        parser.add_argument(
            "--lineage", action="store_true", help="add columns that say where each row comes from"
        )

    def run(self, **options: Any) -> dict[str, Any]:
        out: Path = options.pop("out")
        export = export_study(
            options.pop("study"),
            out=out,
            actor=COMMAND,
            watch=lambda rated: progress(rated, label="ratings"),
            **options,
        )
        return {
            "rows": export.rows,
            "bytes": export.bytes,
            "sha256": export.sha256,
            "path": str(out),
            "version": export.version,
        }
