"""Hugging Face's `datasets` reads what we export, without a word of configuration."""

from __future__ import annotations

import json

import pytest

from ratings.exports.formats import FORMATS
from tests.exports.reading import export, rows_of
from tests.exports.worlds import judged_study


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
@pytest.mark.parametrize("format_name", list(FORMATS))
def test_datasets_loads_the_export(db, tmp_path, monkeypatch, format_name, ending):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    study = judged_study()
    lines = rows_of(study, format_name, tmp_path)
    out = tmp_path / f"prefs.{ending}"
    export(study, format_name, out)
    loaded = datasets.load_dataset(
        "json" if ending == "jsonl" else "parquet",
        data_files=str(out),
        split="train",
        cache_dir=str(tmp_path / "cache"),
    )
    assert len(loaded) == len(lines)
    for name in ("prompt", "chosen", "rejected", "ranking", "rater"):
        if name in lines[0]:
            assert json.loads(json.dumps(list(loaded[name]))) == [line[name] for line in lines]
