"""How often a thing may be done: a counter in the cache, the same for every gate that limits."""

from __future__ import annotations

import time

from django.core.cache import cache


def take(key: str, *, limit: int, window_seconds: int) -> int | None:
    """Counts one use of `key`: None when it is within the limit, else the seconds until the next window.

    A fixed window costs one number in the cache, however high the limit (a list of moments would cost
    megabytes at the 20,000 requests a minute of a rater's loop). Up to twice the limit can pass around the
    end of a window.
    """
    now = time.time()
    window = int(now // window_seconds)
    name = f"limit:{key}:{window}"
    cache.add(name, 0, timeout=2 * window_seconds)
    try:
        used = cache.incr(name)
    except (
        ValueError
    ):  # evicted between the two calls: the cache is full, and counting from one is all there is
        cache.set(name, 1, timeout=2 * window_seconds)
        used = 1
    return None if used <= limit else max(1, int((window + 1) * window_seconds - now) + 1)
