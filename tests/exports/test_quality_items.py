"""Checks, degraded triples and repeats in the export of votes: what was shown, and nothing that was not."""

from __future__ import annotations

import pyarrow.parquet as parquet
import pytest

from accounts.audit import COMMAND
from ratings.crowd.simulation import Simulation, simulate_raters
from ratings.slots.models import PersonalItem, Rating
from tests.exports.reading import export, rows_of
from tests.worlds import SOURCES, make_study


@pytest.fixture
def study(db):
    made = make_study(questions=14, per_rater=8, quality={"checks": 2, "degraded": 3, "repeats": 2})
    simulate_raters(Simulation(study="trial", raters=2, careless=1, seed=4), actor=COMMAND)
    return made


def test_a_vote_says_which_card_was_degraded_and_whether_a_check_was_passed(study, tmp_path):
    rows = rows_of(study, "votes", tmp_path, raters="simulated", lineage=True)
    assert len(rows) == Rating.objects.count() == 2 * (8 + 7)
    by_kind = {
        kind: [row for row in rows if row["kind"] == kind]
        for kind in ("normal", "check", "degraded", "repeat")
    }
    assert {kind: len(found) for kind, found in by_kind.items()} == {
        "normal": 16,
        "check": 4,
        "degraded": 6,
        "repeat": 4,
    }
    for row in by_kind["check"]:
        assert (row["triple"], row["question"], row["shown"], row["ranking"]) == (None, None, None, [])
        assert (row["rationales"], row["sha256"], row["study"]) == (None, None, "trial")
        assert row["passed"] is not None and row["degraded"] is None
    assert sum(row["passed"] for row in by_kind["check"]) >= 2
    done = {item.slot_id: item.expected for item in PersonalItem.objects.filter(kind="degraded")}
    expected = sorted((SOURCES[one["source"]], one["way"]) for one in done.values())
    assert (
        sorted((row["degraded"]["source"], row["degraded"]["way"]) for row in by_kind["degraded"]) == expected
    )
    for row in [*by_kind["normal"], *by_kind["repeat"]]:
        assert row["degraded"] is None and row["passed"] is None and row["triple"] and row["shown"]


def test_only_normal_votes_become_data(study, tmp_path):
    assert len(rows_of(study, "ranking", tmp_path, raters="simulated")) == 16
    assert all(row["question"] for row in rows_of(study, "ranking", tmp_path, raters="simulated"))


def test_parquet_has_the_same_columns(study, tmp_path):
    path = tmp_path / "votes.parquet"
    export(study, "votes", path, raters="simulated")
    rows = parquet.read_table(path).to_pylist()
    assert {row["passed"] for row in rows} == {None, True, False}
    assert {row["degraded"]["way"] for row in rows if row["degraded"]} <= {
        "shuffled",
        "dropped",
        "number",
        "answer",
    }
