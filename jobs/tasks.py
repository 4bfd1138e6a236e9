"""Messages that wake a worker. The Job row is the truth: a message that is lost or comes twice does no harm."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from celery import shared_task
from celery.exceptions import Reject
from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string
from kombu.exceptions import ChannelError, OperationalError
from kombu.pools import producers

from jobs import broker
from jobs.models import Job

logger = logging.getLogger(__name__)

WORK = "jobs.work"


def enqueue(job: Job) -> None:
    """Wakes a worker once the caller's transaction is committed. A dead broker is no error: the watch finds the job."""
    transaction.on_commit(partial(send, job.pk, job.queue))


def send(job_id: int, queue: str) -> bool:
    """Sends the message now; False where the broker is not to be had."""
    app = import_string(settings.CELERY_APP)
    try:
        with producers[broker.connection()].acquire(block=True, timeout=broker.CONNECT_SECONDS) as producer:
            # Once more where a kept connection had died.
            again = {"max_retries": 1, "interval_start": 0}
            app.send_task(WORK, args=[job_id], queue=queue, producer=producer, retry=True, retry_policy=again)
    except (OperationalError, ChannelError, OSError) as error:
        logger.warning("job %s waits for the watch: the broker does not answer (%s)", job_id, error)
        return False
    return True


@shared_task(name=WORK, bind=True, acks_late=True, ignore_result=True)  # type: ignore[untyped-decorator]
def work(task: Any, job_id: int) -> None:
    """Does a job that waits, if it still does. Safe to deliver twice."""
    from jobs.supervisor import supervise
    from jobs.worker import this_worker

    worker = this_worker()
    if worker.stopping.is_set():
        raise Reject(requeue=True)
    try:
        supervise(job_id, worker)
    finally:
        connection.close()
