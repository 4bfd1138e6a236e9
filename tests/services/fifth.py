"""`--fifth N`: a rotating share of tests that are too slow to run all of every time."""

from __future__ import annotations

import pytest


class EveryFifth:
    """A pytest plugin that keeps the tests number N, N + 5, N + 10 … (N modulo 5) of those selected."""

    def __init__(self, start: int) -> None:
        self._start = start % 5

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        kept = items[self._start :: 5]
        dropped = [item for number, item in enumerate(items) if number % 5 != self._start]
        if dropped:
            config.hook.pytest_deselected(items=dropped)
        items[:] = kept
