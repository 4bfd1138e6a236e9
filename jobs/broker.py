"""Where workers wait for messages: Redis where the site has one, else a folder of the storage."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from celery.app.amqp import AMQP
from django.conf import settings
from kombu import Connection
from kombu.transport import TRANSPORT_ALIASES

from jobs.kinds import QUEUES

TRANSPORT_ALIASES["folder"] = "jobs.folder_broker:Transport"
TRANSPORT_ALIASES["redis"] = TRANSPORT_ALIASES["rediss"] = "jobs.redis_broker:Transport"

#: A message that a dead worker held comes back after this (seconds). The watch has acted long before, and a job that
#: is wakened twice is done once; so this only has to be rare.
VISIBILITY_SECONDS = 86_400
#: How long a request that enqueues may wait for a broker that does not answer (seconds).
CONNECT_SECONDS = 2
#: Longest pause between two tries of a worker to reach a broker that is away (seconds).
RETRY_SECONDS = 5


def broker_options() -> dict[str, Any]:
    """What Celery is configured with. Read anew at each call, for tests have several sites in one process."""
    if settings.REDIS_URL:
        return _redis(settings.REDIS_URL)
    folder = Path(settings.STORAGE_DIR) / "broker"
    folder.mkdir(parents=True, exist_ok=True)
    places = {"data_folder_in": str(folder), "data_folder_out": str(folder), "control_folder": str(folder)}
    return {
        "broker_url": "folder://localhost",
        "broker_transport_options": {**places, "polling_interval": 0.2},
    }


def _redis(url: str) -> dict[str, Any]:
    options: dict[str, Any] = {
        "visibility_timeout": VISIBILITY_SECONDS,
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_keepalive": True,
        # A connection that died unnoticed is found within so many seconds.
        "health_check_interval": 5,
        # The site's cache lives in the same database.
        "global_keyprefix": "starchamber:jobs:",
    }
    if url.startswith("unix://"):
        url = url.replace("unix://", "redis+socket://", 1).replace("db=", "virtual_host=")
    found: dict[str, Any] = {"broker_url": url, "broker_transport_options": options}
    if url.startswith("rediss://"):
        found["broker_use_ssl"] = {"ssl_cert_reqs": ssl.CERT_REQUIRED}
    return found


def connection() -> Connection:
    """An unopened connection to today's broker; equal ones share kombu's pool."""
    options = broker_options()
    return Connection(
        options["broker_url"],
        ssl=options.get("broker_use_ssl", False),
        transport_options=options["broker_transport_options"],
        connect_timeout=CONNECT_SECONDS,
    )


class WorkerConnection(Connection):  # type: ignore[misc]  # kombu ships no types
    """Celery gives no way to say how long it may pause; its own half minute is long for who waits for a job."""

    def _ensure_connection(self, *args: Any, **options: Any) -> Any:
        return super()._ensure_connection(*args, **{"interval_max": RETRY_SECONDS, **options})


class Amqp(AMQP):  # type: ignore[misc]  # Celery ships no types
    Connection = WorkerConnection


def celery_options() -> dict[str, Any]:
    """All of Celery's settings."""
    return {
        **broker_options(),
        "task_serializer": "json",
        "accept_content": ["json"],
        "result_backend": None,
        "task_ignore_result": True,
        "task_acks_late": True,
        "worker_prefetch_multiplier": 1,
        "task_default_queue": QUEUES[0],
        "broker_connection_retry_on_startup": True,
        # For ever: the jobs go on meanwhile, and Redis comes back.
        "broker_connection_max_retries": None,
        # Threads: each job runs in a child process, and the worker's main thread stays free.
        "worker_pool": "threads",
        # Jobs are cancelled in the database, and workers say there that they live.
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        # Our own logging, and stdout as it is.
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "timezone": "UTC",
    }
