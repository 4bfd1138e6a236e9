"""Making an export in a test and reading it back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from accounts.audit import COMMAND
from ratings.exports.models import Export
from ratings.exports.services import export_study
from ratings.studies.models import Study


def export(study: Study, format: str, out: Path, **options: Any) -> Export:
    return export_study(study.name, format=format, out=out, actor=COMMAND, **options)


def rows_of(study: Study, format: str, folder: Path, **options: Any) -> list[dict[str, Any]]:
    """The JSON lines of an export."""
    out = folder / "rows.jsonl"
    export(study, format, out, **options)
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
