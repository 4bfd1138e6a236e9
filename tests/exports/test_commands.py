from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEvent
from ratings.exports.models import Export
from tests.exports.worlds import judged_study


def said(*arguments) -> dict:
    out = StringIO()
    call_command(*map(str, arguments), "--json", stdout=out, stderr=StringIO())
    return json.loads(out.getvalue().splitlines()[-1])


def test_the_command_writes_the_file_and_says_what_is_in_it(db, tmp_path):
    judged_study()
    out = tmp_path / "prefs.jsonl"
    answer = said("export_dataset", "trial", "--format", "trl-preference", "--out", out, "--ties", "both")
    made = Export.objects.get()
    assert answer == {
        "rows": 42,
        "bytes": out.stat().st_size,
        "sha256": made.sha256,
        "path": str(out),
        "version": made.sha256[:12],
    }
    assert AuditEvent.objects.get(act="export.create").actor_label == "command"


def test_the_command_answers_while_the_study_runs_blind_and_a_page_would_not(db, tmp_path):
    study = judged_study()
    assert not study.results_are_visible
    assert (
        said("export_dataset", "trial", "--format", "votes", "--out", tmp_path / "votes.parquet")["rows"]
        == 12
    )


def test_a_format_that_does_not_exist_yet_is_a_bad_argument_that_names_the_others(db, tmp_path):
    judged_study()
    with pytest.raises(CommandError, match="trl-preference") as refused:
        said("export_dataset", "trial", "--format", "trl-stepwise", "--out", tmp_path / "x.jsonl")
    assert refused.value.returncode == 2


def test_a_folder_as_path_exits_with_the_reason(db, tmp_path):
    judged_study()
    with pytest.raises(CommandError, match="it is a folder") as refused:
        said("export_dataset", "trial", "--format", "votes", "--out", tmp_path)
    assert refused.value.returncode == 1
