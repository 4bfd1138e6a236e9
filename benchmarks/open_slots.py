"""Opening a study: seconds and memory for 10,000 to 1,000,000 slots (target: 1,000,000 in 3 minutes, constant memory).

`open_study` as the command runs it, in a process of its own whose peak memory the operating system accounts: the lint
over every text, the slots with their orders and keys, the audit line. Five slots a triple, on PostgreSQL.

    python -m benchmarks.open_slots [--slots 10000 100000 1000000]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from typing import Any

from benchmarks.large_study import make_draft, own_database

OVERLAP = 5


def open_in_own_process(name: str, url: str) -> dict[str, Any]:
    """Runs the command; wall seconds, its peak resident memory in MiB, and its JSON answer."""
    from tests.services.world import ROOT, SERVERS

    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "open_study", name, "--json"],
        cwd=ROOT,
        env=SERVERS.environment_of_a_process(url),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, said
    return {
        "seconds": round(time.monotonic() - begun, 1),
        "peak_mib": round(usage.ru_maxrss / 1024),
        "answer": json.loads(said.splitlines()[-1]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slots", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    options = parser.parse_args()
    with own_database() as url:
        from ratings.slots.models import Slot

        for slots in options.slots:
            name = f"study-{slots}"
            make_draft(name, triples=slots // OVERLAP, overlap=OVERLAP)
            result = open_in_own_process(name, url)
            opened = Slot.objects.filter(study__name=name, state="open").count()
            assert opened == slots // OVERLAP * OVERLAP, opened
            print(json.dumps({"slots": opened, **result}), flush=True)


if __name__ == "__main__":
    main()
