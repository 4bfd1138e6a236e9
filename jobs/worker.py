"""What a worker process keeps beside its tasks: its name, its sign of life, its turn at the watch, its way to stop."""

from __future__ import annotations

import logging
import os
import threading
import warnings
from typing import Any

from celery import signals
from celery.exceptions import CPendingDeprecationWarning
from django.conf import settings
from django.db import DatabaseError, connection

from jobs import clock
from jobs.models import Job, WorkerBeat
from jobs.tasks import send
from jobs.watch import leave_watch, look, take_watch

logger = logging.getLogger(__name__)


class Worker:
    """This process as a worker. `stopping` is set as soon as it is told to end; its jobs then go back."""

    def __init__(self, name: str, queues: list[str], concurrency: int) -> None:
        self.name = name
        self.stopping = threading.Event()
        self._queues = queues
        self._concurrency = concurrency
        self._started_at = clock.now()
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def leave(self) -> None:
        """Says good-bye, so that nobody waits for its next sign of life."""
        self._leaving.set()
        self._thread.join(timeout=10)

    def wake(self, job_id: int) -> None:
        """Wakes another worker for a job that this one gave back."""
        queue = Job.objects.filter(pk=job_id).values_list("queue", flat=True).first()
        if queue is not None:
            send(job_id, queue)

    def _keep(self) -> None:
        while True:
            self._try(self._beat_and_watch)
            if self._leaving.wait(settings.JOB_WATCH_SECONDS):
                break
        self._try(self._say_goodbye)

    def _try(self, act: Any) -> None:
        """An outage is waited out: the next round does it."""
        try:
            act()
        except DatabaseError as error:
            logger.warning("the database does not answer the watch: %s", " ".join(str(error).split()))
        finally:
            connection.close()

    def _beat_and_watch(self) -> None:
        self._beat()
        if not self.stopping.is_set() and take_watch(self.name):
            look(send)

    def _beat(self, **facts: Any) -> None:
        now = clock.now()
        running = Job.objects.filter(state=Job.State.RUNNING, lease_owner=self.name).count()
        WorkerBeat.objects.update_or_create(
            name=self.name,
            defaults={"running": running, "seen_at": now, **facts},
            create_defaults={
                "queues": self._queues,
                "concurrency": self._concurrency,
                "running": running,
                "started_at": self._started_at,
                "seen_at": now,
                **facts,
            },
        )

    def _say_goodbye(self) -> None:
        self._beat(stopped_at=clock.now())
        leave_watch(self.name)


_worker: Worker | None = None


def this_worker() -> Worker:
    assert _worker is not None, "only a worker runs tasks"
    return _worker


@signals.celeryd_after_setup.connect  # type: ignore[untyped-decorator]
def _set_up(sender: str, instance: Any, **options: Any) -> None:
    global _worker
    queues = sorted(instance.app.amqp.queues.consume_from)
    _worker = Worker(f"{sender}, process {os.getpid()}", queues, instance.concurrency)


@signals.worker_ready.connect  # type: ignore[untyped-decorator]
def _ready(**options: Any) -> None:
    # Celery would say, at each loss of Redis, that late acknowledgements are lost with it; ours may be.
    warnings.simplefilter("ignore", CPendingDeprecationWarning)
    this_worker().start()


@signals.worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _stop(**options: Any) -> None:
    this_worker().stopping.set()


@signals.worker_shutdown.connect  # type: ignore[untyped-decorator]
def _leave(**options: Any) -> None:
    this_worker().leave()
