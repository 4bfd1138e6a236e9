"""Waiting for a model server: whoever waits is told, may leave at once, and keeps what was answered."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from generation.sampling import waiting
from generation.sampling.endpoint import EndpointSampler
from generation.sampling.errors import EndpointError
from generation.sampling.local import LocalSampler
from generation.sampling.types import PromptRequest, SamplingSettings
from tests.generation.asking import GREEDY, sampler
from tests.generation.models import gptj
from tests.generation.server import ModelServer, hang, status
from tests.services.world import ROOT


class Impatient:
    """Ends the work once a while has passed, and remembers what it was told."""

    def __init__(self, seconds: float) -> None:
        self.ends = time.monotonic() + seconds
        self.told: list[str] = []

    def check(self) -> None:
        if time.monotonic() > self.ends:
            raise InterruptedError

    def log(self, text: str) -> None:
        self.told.append(text)


def test_whoever_waits_is_asked_and_told_all_the_while_and_may_leave(
    server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "WORD_SECONDS", 0.2)
    server.troubles.extend([hang] * 4)
    watch, begun, threads = Impatient(0.7), time.monotonic(), threading.active_count()
    with pytest.raises(InterruptedError):
        sampler(server.url, watch=watch).sample([PromptRequest("Q:", number) for number in range(4)], GREEDY)
    assert time.monotonic() - begun < 2
    assert "Waiting for 127.0.0.1, try 1 of 4: 4 answers outstanding, the first for 0 s;" in watch.told[0]
    assert "given up after 30 s" in watch.told[0]
    # Nothing of ours is left behind that would keep the process; the server's own threads hang on.
    assert threading.active_count() <= threads + 4


def test_another_try_is_told_with_its_reason(server: ModelServer) -> None:
    watch = Impatient(60)
    server.troubles.append(status(503, b"busy"))
    sampler(server.url, watch=watch).sample([PromptRequest("Q:", 1)], GREEDY)
    [line] = watch.told
    assert line.startswith("127.0.0.1: it answered 503: busy. Try 2 of 4 in 0.0 s")


def test_ctrl_c_ends_a_process_that_waits_for_a_silent_server(server: ModelServer) -> None:
    server.troubles.extend([hang] * 4)
    asks = (
        "from generation.sampling.endpoint import EndpointSampler\n"
        "from generation.sampling.types import PromptRequest, SamplingSettings\n"
        f"asking = EndpointSampler({server.url!r}, '', 'm', timeout_seconds=60)\n"
        "asking.sample([PromptRequest('Q:', n) for n in range(4)], SamplingSettings(max_new_tokens=4))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", asks], stderr=subprocess.PIPE, cwd=ROOT)
    while len(server.asked) < 4:
        assert process.poll() is None
        time.sleep(0.02)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert time.monotonic() - begun < 3
    assert b"KeyboardInterrupt" in said and process.returncode != 0


def test_what_was_answered_comes_with_the_error(server: ModelServer) -> None:
    def answer(handler: Any) -> None:
        if handler.body["seed"] == 2:
            time.sleep(0.3)
            handler.answer(400, {"error": "not this one"})
        else:
            handler.complete(handler.body)

    server.troubles.extend([answer] * 4)
    with pytest.raises(EndpointError, match="not this one") as caught:
        sampler(server.url).sample([PromptRequest("Q:", seed) for seed in range(4)], GREEDY)
    assert sorted(caught.value.answered) == [0, 1, 3]
    expected = LocalSampler(gptj()).sample([PromptRequest("Q:", 0)], GREEDY)
    assert caught.value.answered[0].text == expected[0].text


def test_a_silent_server_is_given_a_minute_and_time_for_what_is_asked() -> None:
    asking = EndpointSampler("http://127.0.0.1:9/v1", "", "m")
    waits = [asking._timeout_for(SamplingSettings(max_new_tokens=tokens)) for tokens in (8, 256, 10**5)]
    assert waits == [61, 92, 1800]
