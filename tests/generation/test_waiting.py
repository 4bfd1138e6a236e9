"""Work that waits for a server, with and without an event loop around it: it ends with its caller."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from generation.sampling.waiting import run_here


class Stop(Exception):
    """What a watch raises when its job is cancelled."""


def plainly(call: Callable[[], Any]) -> Any:
    """In a thread of its own: whatever drives a browser may have left a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


def inside_a_loop(call: Callable[[], Any]) -> Any:
    async def outer() -> Any:
        return call()

    return plainly(lambda: asyncio.run(outer()))


@pytest.mark.parametrize("around", [plainly, inside_a_loop])
def test_the_answer_comes_back_and_the_caller_is_asked_all_the_while(around) -> None:
    ticks: list[int] = []

    async def work() -> int:
        await asyncio.sleep(0.6)
        return 7

    assert around(lambda: run_here(work(), tick=lambda: ticks.append(1))) == 7
    assert len(ticks) >= 2


@pytest.mark.parametrize("around", [plainly, inside_a_loop])
def test_what_the_watch_raises_ends_the_work_and_its_cleaning_up_is_done(around) -> None:
    cleaned: list[bool] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            cleaned.append(True)

    def tick() -> None:
        raise Stop

    with pytest.raises(Stop):
        around(lambda: run_here(work(), tick=tick))
    assert cleaned == [True]


@pytest.mark.parametrize("around", [plainly, inside_a_loop])
def test_what_the_work_raises_is_raised(around) -> None:
    async def work() -> None:
        raise Stop

    coroutine: Coroutine[Any, Any, None] = work()
    with pytest.raises(Stop):
        around(lambda: run_here(coroutine, tick=lambda: None))
