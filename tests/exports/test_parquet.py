from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from ratings.exports.formats import FORMATS
from tests.exports.reading import export, rows_of
from tests.exports.worlds import judge, judged_study, rater
from tests.worlds import make_study


def told(value):
    """A row without what is null in it: JSON lines leave out what was not given, Parquet's columns can not."""
    if isinstance(value, dict):
        return {key: told(part) for key, part in value.items() if part is not None}
    return value


@pytest.mark.parametrize("lineage", [False, True])
@pytest.mark.parametrize("format_name", list(FORMATS))
def test_parquet_holds_the_same_rows_and_keys_as_json_lines(db, tmp_path, format_name, lineage):
    study = judged_study()
    cara = rater(study, "cara")
    judge(
        study,
        1,
        cara,
        [[1], [2]],
        first_wrong_step={"0": 1},
        reasons={"2": ["a", "b"]},
        all_bad=True,
        order=None,
    )
    judge(study, 2, cara, [], skipped=True)
    lines = rows_of(study, format_name, tmp_path, lineage=lineage)
    out = tmp_path / "rows.parquet"
    made = export(study, format_name, out, lineage=lineage)
    table = pq.read_table(out)
    assert made.container == "parquet" and made.rows == table.num_rows == len(lines)
    assert [told(row) for row in table.to_pylist()] == [told(row) for row in lines]
    assert set(table.column_names) >= set(lines[0])


@pytest.mark.parametrize("format_name", list(FORMATS))
def test_no_rating_at_all_is_a_valid_file(db, tmp_path, format_name):
    study = make_study()
    made = export(study, format_name, tmp_path / "rows.parquet")
    table = pq.read_table(tmp_path / "rows.parquet")
    assert (made.rows, table.num_rows) == (0, 0) and table.column_names
    made = export(study, format_name, tmp_path / "rows.jsonl")
    assert (made.rows, made.bytes, (tmp_path / "rows.jsonl").read_bytes()) == (0, 0, b"")


def test_row_groups_are_bounded_and_the_bytes_repeat(db, tmp_path, monkeypatch):
    monkeypatch.setattr("ratings.exports.parquet._ROW_GROUP", 7)
    study = judged_study()
    first = export(study, "trl-preference", tmp_path / "first.parquet")
    second = export(study, "trl-preference", tmp_path / "second.parquet")
    assert (tmp_path / "first.parquet").read_bytes() == (tmp_path / "second.parquet").read_bytes()
    assert first.sha256 == second.sha256
    described = pq.ParquetFile(tmp_path / "first.parquet").metadata
    assert [described.row_group(n).num_rows for n in range(described.num_row_groups)] == [7] * 4 + [2]
