"""Redis as broker: kombu's own transport, but a worker notices that Redis went away while it did a job.

A worker with all hands full does not listen to Redis. When its job is done, the acknowledgement fails on the dead
connection, and kombu then still counts the message as being worked on: the worker has all hands full for ever.
"""

from __future__ import annotations

import logging
from typing import Any

from kombu.transport import redis, virtual
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class QoS(redis.QoS):  # type: ignore[misc]  # kombu ships no types
    def ack(self, delivery_tag: Any) -> None:
        try:
            super().ack(delivery_tag)
        except (RedisError, OSError) as error:
            self._let_go(delivery_tag, error)

    def reject(self, delivery_tag: Any, requeue: bool = False) -> None:
        try:
            super().reject(delivery_tag, requeue=requeue)
        except (RedisError, OSError) as error:
            self._let_go(delivery_tag, error)

    def _let_go(self, delivery_tag: Any, error: Exception) -> None:
        """Done is done. The worker listens again, meets the dead connection and makes a new one."""
        logger.warning("Redis does not answer: %s", error)
        virtual.QoS.ack(self, delivery_tag)


class Channel(redis.Channel):  # type: ignore[misc]
    QoS = QoS


class Transport(redis.Transport):  # type: ignore[misc]
    Channel = Channel
