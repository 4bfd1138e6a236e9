from __future__ import annotations

import os

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = "Jobs"
    health = "jobs.health.CHECKS"

    def ready(self) -> None:
        # Celery would have every worker run Django's checks at its start, which load every page of the site: a second
        # of processor time, and memory for good. `make check`, `migrate` and the web server's start run them.
        os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
