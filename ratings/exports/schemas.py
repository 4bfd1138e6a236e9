"""The Parquet columns of each format: the keys of its rows, in their order."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

_TEXT = pa.string()
_NUMBER = pa.int64()
_FLAG = pa.bool_()
_GROUPS = pa.list_(pa.list_(_TEXT))
_MESSAGES = pa.list_(pa.struct({"role": _TEXT, "content": _TEXT}))

_PAIR_LINEAGE = {
    "study": _TEXT,
    "split": _TEXT,
    "question": _TEXT,
    "question_revision": _NUMBER,
    "rating": _TEXT,
    "revision": _NUMBER,
    "raters_kind": _TEXT,
    "tied": _FLAG,
    "chosen_source": _TEXT,
    "rejected_source": _TEXT,
    "chosen_rationale": _NUMBER,
    "rejected_rationale": _NUMBER,
    "chosen_sha256": _TEXT,
    "rejected_sha256": _TEXT,
}


def schema_of(format_name: str, *, labels: Sequence[str], lineage: bool) -> pa.Schema:
    """labels: the study's sources, which are the fields of everything that is kept by source (null: not given)."""
    columns = _columns(format_name, labels)
    if lineage:
        columns |= _PAIR_LINEAGE if format_name.startswith("trl-") else _triple_lineage(labels)
    return pa.schema(columns)


def _columns(format_name: str, labels: Sequence[str]) -> dict[str, pa.DataType]:
    steps, reasons = _by_source(labels, _NUMBER), _by_source(labels, pa.list_(_TEXT))
    match format_name:
        case "votes":
            return {
                "rating": _TEXT,
                "revision": _NUMBER,
                "current": _FLAG,
                "kind": _TEXT,
                "surplus": _FLAG,
                "rater": _TEXT,
                "raters_kind": _TEXT,
                "triple": _NUMBER,
                "question": _TEXT,
                "shown": pa.list_(_TEXT),
                "ranking": _GROUPS,
                "all_bad": _FLAG,
                "skipped": _FLAG,
                "first_wrong_step": steps,
                "reasons": reasons,
                "active_seconds": pa.float64(),
                "submitted_at": _TEXT,
                "confidence": _NUMBER,
                "doubts": pa.list_(_TEXT),
                "degraded": pa.struct({"source": _TEXT, "way": _TEXT}),
                "passed": _FLAG,
                "consent": _TEXT,
            }
        case "ranking":
            return {
                "rater": _TEXT,
                "question": _TEXT,
                "ranking": _GROUPS,
                "all_bad": _FLAG,
                "first_wrong_step": steps,
                "reasons": reasons,
                "seconds": pa.float64(),
            }
        case "trl-preference":
            return dict.fromkeys(("prompt", "chosen", "rejected"), _TEXT)
        case "trl-conversational":
            return dict.fromkeys(("prompt", "chosen", "rejected"), _MESSAGES)
    raise ValueError(f"format_name={format_name!r}: expected a format that has columns")


def _triple_lineage(labels: Sequence[str]) -> dict[str, pa.DataType]:
    return {
        "study": _TEXT,
        "split": _TEXT,
        "question_revision": _NUMBER,
        "rationales": _by_source(labels, _NUMBER),
        "sha256": _by_source(labels, _TEXT),
    }


def _by_source(labels: Sequence[str], value: pa.DataType) -> pa.DataType:
    return pa.struct(dict.fromkeys(labels, value))
