"""What an iteration of STaR counted, as `training.star_types.StarIteration` has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from problems.types import Verdict
from training.fates import kept, solved_by
from training.records import Candidate, Origin, Question


def counts_of(
    asked: Sequence[Question],
    generated: Sequence[Candidate],
    rationalized: Sequence[Candidate],
    extras: Sequence[Candidate] = (),
) -> dict[str, Any]:
    """extras: what was learned beside what was kept; it counts among neither the questions nor the kept."""
    solved, with_hint = solved_by(generated), solved_by(rationalized)
    by_origin = {Origin.FEW_SHOT: generated, Origin.RATIONALIZED: rationalized}
    verdicts = [(c.grade.verdict, c.trace_valid) for c in (*generated, *rationalized)]
    return {
        "questions": len(asked),
        "solved": len(solved),
        "rationalized": len(with_hint),
        "failed": len(asked) - len(solved) - len(with_hint),
        "fates": {
            str(o): {str(f): n for f, n in Counter(c.fate for c in found).items()}
            for o, found in (by_origin | _by_origin(extras)).items()
        },
        "valid_traces": {str(origin): _valid_share(found) for origin, found in by_origin.items()},
        "kept": sum(1 for found in by_origin.values() for _ in kept(found)),
        "invalid_trace": verdicts.count((Verdict.CORRECT, False)),
        "unparsable": sum(verdict is Verdict.UNPARSABLE for verdict, _ in verdicts),
        "replayed": sum(c.origin is Origin.REPLAYED for c in kept(extras)),
        "copies": sum(c.origin is Origin.HINTED_COPY for c in kept(extras)),
    }


def _by_origin(extras: Sequence[Candidate]) -> dict[Origin, list[Candidate]]:
    found: dict[Origin, list[Candidate]] = {}
    for one in extras:
        found.setdefault(one.origin, []).append(one)
    return found


def _valid_share(candidates: Sequence[Candidate]) -> float | None:
    told = [c.trace_valid for c in kept(candidates) if c.trace_valid is not None]
    return sum(told) / len(told) if told else None
