"""How long the next assignment takes with 10,000 and with 1,000,000 open slots (target: within 1.5 times).

Measured on PostgreSQL, in process: a new rater's first claim, and a submit that claims the next slot; right after
opening, and again with fresh statistics. Raters take turns on both studies, so that a busy machine slows both.

    python -m benchmarks.claim_scale [--slots 10000 1000000] [--claims 300]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

from benchmarks.large_study import make_draft, own_database

OVERLAP = 5


def timed_ms(act: Any) -> tuple[float, Any]:
    begun = time.perf_counter()
    result = act()
    return (time.perf_counter() - begun) * 1000, result


def first_claims(
    study: str, *, count: int, name: str
) -> tuple[list[float], list[tuple[str, dict[str, Any]]]]:
    """Milliseconds of each rater's first claim, and what the raters hold."""
    from ratings.slots import services
    from tests.worlds import make_raters

    times, held = [], []
    for rater in make_raters(study, count=count, name=name):
        milliseconds, claimed = timed_ms(lambda token=rater.token: services.next_assignment(token))
        times.append(milliseconds)
        held.append((rater.token, claimed.view))
    return times, held


def submits(held: list[tuple[str, dict[str, Any]]]) -> list[float]:
    from ratings.slots import services
    from tests.worlds import ranking_of

    times = []
    for token, view in held:
        body = ranking_of(view)
        milliseconds, _ = timed_ms(
            lambda token=token, view=view, body=body: services.submit_rating(token, view["token"], body)
        )
        times.append(milliseconds)
    return times


def measure(studies: list[str], *, claims: int, when: str) -> None:
    found: dict[str, dict[str, list[float]]] = {study: {"first_claim": [], "submit": []} for study in studies}
    for part in range(5):
        for study in studies:
            times, held = first_claims(study, count=claims // 5, name=f"{when}-{part}")
            found[study]["first_claim"] += times
            found[study]["submit"] += submits(held)
    medians = {
        study: {call: round(statistics.median(times), 2) for call, times in calls.items()}
        for study, calls in found.items()
    }
    small, large = medians[studies[0]], medians[studies[-1]]
    ratio = {call: round(large[call] / small[call], 2) for call in small}
    print(json.dumps({"when": when, "median_ms": medians, "ratio": ratio}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slots", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--claims", type=int, default=300, help="of each kind on each study")
    options = parser.parse_args()
    with own_database():
        from django.db import connection

        from accounts.audit import COMMAND
        from ratings.slots.opening import open_study

        studies = []
        for slots in options.slots:
            studies.append(f"study-{slots}")
            make_draft(studies[-1], triples=slots // OVERLAP, overlap=OVERLAP)
            seconds, _ = timed_ms(lambda: open_study(studies[-1], actor=COMMAND))
            print(json.dumps({"opened": studies[-1], "seconds": round(seconds / 1000, 1)}), flush=True)
        measure(studies, claims=options.claims, when="after-opening")
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        measure(studies, claims=options.claims, when="with-statistics")


if __name__ == "__main__":
    main()
