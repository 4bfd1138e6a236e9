"""A model server of the test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.generation.models import gptj
from tests.generation.server import ModelServer, running_server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running_server(gptj()) as running:
        yield running
