"""One generation run by one worker and by two (target: two in at most 0.6 of the time), on PostgreSQL and Redis.

Each round samples the same candidates from the committed base, first by one worker, then by two. The time is that
from the first batch's begin to the last one's end: starting a process and importing torch is not sampling. Two workers
need two cores of their own: the load average stands beside each round.

    python -m benchmarks.generation_lanes [--questions 400] [--samples 8] [--rounds 3]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.large_study import own_database

if TYPE_CHECKING:
    from generation.runs.models import GenerationRun

DATASET = "sums"


@contextlib.contextmanager
def own_site() -> Iterator[Any]:
    """A site without its web server, on a database of the benchmark's own."""
    from django.test import override_settings

    from tests.services.site import Site
    from tests.services.world import SERVERS

    with own_database() as url:
        site = Site(vendor="postgresql", database_url=url, folder=SERVERS.new_folder("lanes"))
        with override_settings(STORAGE_DIR=site.folder / "storage", REDIS_URL=site.redis_url):
            yield site


def do_run(*, samples: int, lanes: int, source: str) -> GenerationRun:
    """Launches, waits for all lanes, and returns the run."""
    from accounts.audit import COMMAND
    from generation.runs.selectors import get_run
    from generation.runs.services import jobs_of, launch_generation
    from generation.runs.spec import GenerationSpec
    from jobs.tasks import enqueue
    from tests.services.worker import wait_for_job

    asked = GenerationSpec(
        dataset=DATASET, model="tiny-base", samples=samples, batch_size=64, lanes=lanes, source=source
    )
    run = launch_generation(asked, actor=COMMAND)
    for job in jobs_of(run):
        enqueue(job)
    for job in jobs_of(run):
        state = wait_for_job(job.pk, seconds=1800).state
        assert state == "finished", state
    return get_run(run.pk)


def sampling_seconds(run: GenerationRun) -> float:
    """From the first batch's begin to the last one's end: without the start of processes and the import of torch."""
    spans = [
        (batch.stored_at - timedelta(seconds=batch.seconds), batch.stored_at)
        for batch in run.batches.all()
        if batch.stored_at is not None and batch.seconds is not None
    ]
    return (max(end for _, end in spans) - min(begin for begin, _ in spans)).total_seconds()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with own_site() as site:
        from accounts.audit import COMMAND
        from generation.registry.services import ensure_tiny_base
        from ratings.library.making import make_addition
        from tests.services.worker import Workers

        ensure_tiny_base(actor=COMMAND)
        make_addition(DATASET, digits=[5], count=options.questions, seed=1, actor=COMMAND)
        workers = Workers(site)
        try:
            for _ in range(2):
                workers.make(queues="generate", DEVICE="cpu")
            ratios = []
            for number in range(options.rounds):
                one = sampling_seconds(do_run(samples=options.samples, lanes=1, source=f"one-{number}"))
                two = sampling_seconds(do_run(samples=options.samples, lanes=2, source=f"two-{number}"))
                ratios.append(two / one)
                figures = {"one_worker_s": round(one, 1), "two_workers_s": round(two, 1)}
                print(
                    json.dumps({**figures, "ratio": round(two / one, 2), "load": os.getloadavg()[0]}),
                    flush=True,
                )
        finally:
            workers.stop()
    print(json.dumps({"median_ratio": round(statistics.median(ratios), 2), "rounds": options.rounds}))


if __name__ == "__main__":
    main()
