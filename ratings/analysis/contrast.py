"""The primary contrast of a study's frozen protocol, and how it came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ratings.analysis.report import PairReport
from ratings.studies.freezing import deviations_as_json, frozen_protocol
from ratings.studies.models import Study
from ratings.studies.protocol import Contrast


def protocol_report(
    study: Study, pairs: Sequence[PairReport], *, names: Mapping[str, str], masked: bool = False
) -> dict[str, Any]:
    """{"sha256", "frozen_at", "primary", "deviations"}; null before the study was opened, and without a contrast.

    names: what the study's sources are called in `pairs`. masked: leave out what was written in words of one's own,
    which may name sources.
    """
    frozen = frozen_protocol(study)
    said = frozen.content["primary"] if frozen else None
    return {
        "sha256": frozen.sha256 if frozen else None,
        "frozen_at": frozen.frozen_at.isoformat().replace("+00:00", "Z") if frozen else None,
        "primary": primary_result(Contrast(**said), pairs, names=names, masked=masked) if said else None,
        "deviations": deviations_as_json(study),
    }


def primary_result(
    contrast: Contrast, pairs: Sequence[PairReport], *, names: Mapping[str, str], masked: bool = False
) -> dict[str, Any]:
    """The contrast with the win rate of its `a`, ties counting half, its 95 % interval, and the p of its direction."""
    a, b = names[contrast.a], names[contrast.b]
    [pair] = [pair for pair in pairs if {pair["a"], pair["b"]} == {a, b}]
    found = pair["clustered"]
    win_rate, low, high = found["win_rate"], found["low"], found["high"]
    if pair["a"] != a:
        win_rate, low, high = _mirrored(win_rate), _mirrored(high), _mirrored(low)
    p = contrast.p_value(win_rate, found["p_two_sided"])
    words = {"exclusions": "", "hypothesis": ""} if masked else {}
    return {
        **contrast.as_json(),
        **words,
        "a": a,
        "b": b,
        "ratings": pair["wins_a"] + pair["wins_b"] + pair["ties"],
        "win_rate": win_rate,
        "low": low,
        "high": high,
        "p": p,
        "significant": None if p is None else p < contrast.alpha,
    }


def _mirrored(share: float | None) -> float | None:
    return None if share is None else 1 - share
