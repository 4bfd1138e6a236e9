"""The rater's loop over HTTP: CPU per rated triple, items per second, p50 and p95.

Against `make serve`'s server (2 workers) on a PostgreSQL of its own, with everything on: bearer tokens, gates,
leases, limits, append-only ratings. CPU is the server's and PostgreSQL's, all processes, from the operating system.

    python -m benchmarks.rater_loop [--seconds 12] [--rounds 3] [--questions 10000]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

TICKS = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> tuple[int, int, int]:
    """(parent, own ticks, ticks of children that ended) of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1]), int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])


def cpu_seconds(root: int) -> float:
    """CPU that a process and everything below it has used so far."""
    table = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                table[int(entry.name)] = _stat(int(entry.name))
            except OSError:
                continue
    below, ticks = {root}, 0
    grew = True
    while grew:
        children = {pid for pid, (parent, _, _) in table.items() if parent in below} - below
        below |= children
        grew = bool(children)
    for pid in below:
        if pid in table:
            ticks += table[pid][1] + table[pid][2]
    return ticks / TICKS


def drive(url: str, study: str, tokens: list[str], *, seconds: float, think: float) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.loop_driver", url, study, str(seconds), str(think)],
        input="\n".join(tokens),
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def one_round(
    site: Any, database_pid: int, *, raters: int, seconds: float, think: float, name: str
) -> dict[str, Any]:
    from tests.worlds import make_raters

    tokens = [rater.token for rater in make_raters(count=raters, name=name)]
    before = cpu_seconds(site.pid), cpu_seconds(database_pid)
    out = drive(site.url, "trial", tokens, seconds=seconds, think=think)
    after = cpu_seconds(site.pid), cpu_seconds(database_pid)
    ratings = out["ratings"] or 1
    return {
        "raters": raters,
        "think": think,
        "ratings": out["ratings"],
        "per_second": out["ratings"] / out["seconds"],
        "p50_ms": percentile(out["latencies_ms"], 0.5),
        "p95_ms": percentile(out["latencies_ms"], 0.95),
        "web_cpu_ms": (after[0] - before[0]) * 1000 / ratings,
        "database_cpu_ms": (after[1] - before[1]) * 1000 / ratings,
        "cpu_ms": (after[0] - before[0] + after[1] - before[1]) * 1000 / ratings,
        "errors": out["errors"][:3],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument(
        "--think", action="store_true", help="also 32 raters with 5 s think time, for a minute"
    )
    options = parser.parse_args()

    import django

    django.setup()
    from django.core.management import call_command
    from django.test.utils import override_settings

    from tests.services.postgres import create_database
    from tests.services.site import running_site
    from tests.services.world import SERVERS, connected_to
    from tests.worlds import make_dataset, make_study

    SERVERS.start_postgres()
    try:
        url = create_database(SERVERS.database_url, name="starchamber_migrated", template="template1")
        with connected_to(url):
            call_command("migrate", verbosity=0)
        SERVERS.keep_as_template(migrated="starchamber_migrated")
        with (
            running_site("postgresql") as site,
            connected_to(site.database_url),
            override_settings(PUBLIC_URL=site.url),
        ):
            make_dataset(questions=options.questions)
            make_study(questions=options.questions, overlap=3)
            from django.db import connection

            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
                cursor.execute("SELECT pg_backend_pid()")
                backend = cursor.fetchone()[0]
            database_pid = _stat(backend)[0]
            plan = [(8, 0.0), (32, 0.0)] * options.rounds + ([(32, 5.0)] if options.think else [])
            results = []
            for number, (raters, think) in enumerate(plan):
                seconds = 60 if think else options.seconds
                row = one_round(
                    site, database_pid, raters=raters, seconds=seconds, think=think, name=f"round{number}"
                )
                results.append(row)
                print(
                    json.dumps({k: round(v, 2) if isinstance(v, float) else v for k, v in row.items()}),
                    flush=True,
                )
            for raters, think in dict.fromkeys(plan):
                rows = [row for row in results if (row["raters"], row["think"]) == (raters, think)]
                summary = {
                    key: round(statistics.median(row[key] for row in rows), 2)
                    for key in (
                        "per_second",
                        "p50_ms",
                        "p95_ms",
                        "web_cpu_ms",
                        "database_cpu_ms",
                        "cpu_ms",
                    )
                }
                print(json.dumps({"median of": len(rows), "raters": raters, "think": think, **summary}))
    finally:
        SERVERS.stop()


if __name__ == "__main__":
    main()
