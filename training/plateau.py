"""When a STaR run stops because it no longer gets better, and which of its iterations is the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from training.star_types import StarIteration, StarSettings


def changes_of(settings: StarSettings, joins: Mapping[str, int]) -> list[int]:
    """The iterations in which something new begins: rationalization, or questions that join."""
    starts = {settings.rationalize_from} if settings.rationalize else set()
    return sorted(n for n in starts | set(joins.values()) if 1 < n <= settings.iterations)


def plateau(iterations: Sequence[StarIteration], settings: StarSettings, changes: Sequence[int]) -> str:
    """Why no better accuracy is to be expected, in a sentence; "" while one is."""
    now = iterations[-1].number
    if not settings.patience or any(change > now for change in changes):
        return ""
    best, since = iterations[0].accuracy, 0
    for report in iterations[1:]:
        if report.accuracy is None:
            return ""
        if _is_better(report.accuracy, best, settings.min_gain):
            best, since = report.accuracy, report.number
    waited = now - max([since, *(change - 1 for change in changes)])
    if waited < settings.patience:
        return ""
    gain = f" by {100 * settings.min_gain:g}% of the questions" if settings.min_gain else ""
    assert best is not None
    return (
        f"{waited} iteration{'s' if waited > 1 else ''} in a row did not raise the held-out accuracy of"
        f" {100 * best:.1f}% (iteration {since}){gain}; patience is {settings.patience}."
    )


def _is_better(accuracy: float, best: float | None, min_gain: float) -> bool:
    if best is None:
        return True
    return accuracy >= best + min_gain - 1e-9 if min_gain else accuracy > best


def best_iteration(iterations: Sequence[StarIteration]) -> int:
    """The iteration with the highest accuracy, the earliest of equals; the last where none was measured."""
    measured = [report for report in iterations if report.accuracy is not None]
    if not measured:
        return iterations[-1].number
    return max(measured, key=lambda report: (report.accuracy, -report.number)).number
