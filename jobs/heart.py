"""A thread that renews a lease beside the work, for a command that does its work in its own process."""

from __future__ import annotations

import threading
import time

from django.conf import settings
from django.db import connection

from jobs.context import OUTAGE, Wishes
from jobs.leases import Claim, Held, renew_lease, renewal_seconds


class Heart:
    """Beats until it is stopped, and passes on what others want. `with Heart(claim, wishes): work()`"""

    def __init__(self, claim: Claim, wishes: Wishes) -> None:
        self._claim = claim
        self._wishes = wishes
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease of job {claim.job_id}", daemon=True)

    def __enter__(self) -> None:
        # Inside a caller's transaction nobody else sees the job: there is no lease to keep, and no way to.
        if not connection.in_atomic_block:
            self._thread.start()

    def __exit__(self, *raised: object) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _beat(self) -> None:
        renewed = time.monotonic()
        try:
            while not self._stop.wait(renewal_seconds()):
                try:
                    held = renew_lease(self._claim)
                    renewed = time.monotonic()
                except OUTAGE:
                    connection.close()
                    held = Held.OURS
                if held is Held.LOST or time.monotonic() - renewed > settings.JOB_LEASE_SECONDS:
                    self._wishes.lost.set()
                    return
                if held is Held.CANCEL:
                    self._wishes.cancel.set()
        finally:
            connection.close()
