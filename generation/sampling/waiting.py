"""Waiting for a server in the thread that asks, so that nothing keeps a process that wants to end."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from generation.sampling.errors import EndpointError
from generation.sampling.types import Watch

T = TypeVar("T")

#: How often whoever asked is heard, and how often a silent server is worth a line of the log.
TICK_SECONDS = 0.25
WORD_SECONDS = 15.0
_SETTLE_SECONDS = 10.0


def run_here(work: Coroutine[Any, Any, T], *, tick: Callable[[], None]) -> T:
    """What the coroutine returns. `tick` is called all the while, outside of the event loop: it may use the database.

    Whatever it raises, and Ctrl-C, ends the work at once, with its connections. Where the caller's own thread runs an
    event loop already (a notebook does), the work's loop runs in a thread beside it, which ends with the call.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _run_in_this_thread(work, tick)
    return _run_beside(work, tick)


def _run_in_this_thread(work: Coroutine[Any, Any, T], tick: Callable[[], None]) -> T:
    loop = asyncio.new_event_loop()
    task = loop.create_task(work)
    try:
        while not task.done():
            loop.run_until_complete(asyncio.wait({task}, timeout=TICK_SECONDS))
            tick()
        return task.result()
    finally:
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()


def _run_beside(work: Coroutine[Any, Any, T], tick: Callable[[], None]) -> T:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    future = asyncio.run_coroutine_threadsafe(work, loop)
    try:
        while not future.done():
            wait([future], timeout=TICK_SECONDS)
            tick()
        return future.result()
    finally:
        future.cancel()
        asyncio.run_coroutine_threadsafe(_settled(), loop).result(_SETTLE_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _settled() -> None:
    """Waits until every other task of this loop has ended, the cancelled ones too."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)


@dataclass(slots=True)
class Course:
    """Requests to one server under way, and what is told of them."""

    host: str
    tries: int
    timeout_seconds: float
    watch: Watch | None
    #: Set once a request has failed for good: those that wait are not begun any more.
    over: asyncio.Event = field(default_factory=asyncio.Event)
    #: What ended it: of several errors the first, for the others only gave up their next try because of it.
    failed: EndpointError | None = None
    _began: dict[int, tuple[float, int]] = field(default_factory=dict)
    _next_word: float = field(default_factory=lambda: time.monotonic() + WORD_SECONDS)

    @contextmanager
    def asking(self, number: int, attempt: int) -> Iterator[None]:
        """While request `number` is under way for the `attempt`th time."""
        self._began[number] = time.monotonic(), attempt
        try:
            yield
        finally:
            del self._began[number]

    def fail(self, error: EndpointError) -> None:
        """A request has failed for good; no other is begun."""
        self.failed = self.failed or error
        self.over.set()

    def say(self, text: str) -> None:
        if self.watch is not None:
            self.watch.log(text)

    def tick(self) -> None:
        """Raises what the watch raises: the work is to end."""
        if self.watch is not None:
            self.watch.check()
        now = time.monotonic()
        if now < self._next_word or not self._began:
            return
        self._next_word = now + WORD_SECONDS
        began, attempt = min(self._began.values())
        count = len(self._began)
        self.say(
            f"Waiting for {self.host}, try {attempt} of {self.tries}: {count} answer{'s' * (count > 1)} outstanding,"
            f" the first for {now - began:.0f} s; given up after {self.timeout_seconds:g} s."
        )

    async def pause(self, seconds: float) -> bool:
        """Whether there is no use in trying again afterwards."""
        try:
            async with asyncio.timeout(seconds):
                await self.over.wait()
        except TimeoutError:
            return False
        return True
