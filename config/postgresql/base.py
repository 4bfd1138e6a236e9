"""Django's PostgreSQL backend, asking a kept connection whether it lives without a round trip.

Connections are kept between requests. When the server restarts or drops them, the next request on each would fail;
CONN_HEALTH_CHECKS asks first, but with a query, which costs as much as a tenth of a rating. A server that goes away
says so or closes the socket, and either makes an idle socket readable: one system call tells.
"""

from __future__ import annotations

import select

import psycopg
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """Whether the connection can be used; asked by Django once a request, before its first query."""
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        try:
            poll.register(self.connection.fileno(), select.POLLIN)
        except psycopg.Error:
            return False
        # Readable may also mean a notice: then the query decides.
        return super().is_usable() if poll.poll(0) else True
