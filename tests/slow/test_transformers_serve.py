"""A run on somebody else's model server, `transformers serve`, samples what the same model samples here."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from accounts.audit import COMMAND
from generation.registry.services import register_model
from generation.registry.settings import ModelSettings
from generation.runs.models import Candidate
from ratings.library.making import make_addition
from tests.generation_runs.worlds import done
from tests.services.world import ROOT
from tests.slow.environment import FOLDER, slow_python

TINY = ROOT / "training" / "base" / "tiny"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a server of the committed base."""
    slow_python()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(tmp_path / "hf"),
        "OMP_NUM_THREADS": "1",
    }
    command = ["serve", str(TINY), "--port", str(port), "--device", "cpu", "--dtype", "float32"]
    with (tmp_path / "serve.log").open("w") as log:
        process = subprocess.Popen(
            [str(FOLDER / "bin" / "transformers"), *command], env=environment, stdout=log, stderr=log
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", process)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, "the server ended by itself"
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.5)
    raise AssertionError(f"no answer within {seconds} s")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_on_transformers_serve_writes_what_the_local_model_writes(
    db, served: str, settings, tmp_path: Path
) -> None:
    settings.STORAGE_DIR = tmp_path / "storage"
    settings.ENDPOINTS = {"lab": (served, "")}
    make_addition("sums", digits=[1, 2, 3], count=30, seed=0, actor=COMMAND)
    options = ModelSettings.from_json({"protocol": "completions", "served_model": str(TINY)})
    register_model("served", endpoint="lab", settings=options, actor=COMMAND)
    register_model("local", path=TINY, actor=COMMAND)
    both = {"dataset": "sums", "samples": 1, "temperature": 0.0, "batch_size": 10, "max_new_tokens": 80}
    runs = {label: done(model=label, source=label, **both) for label in ("served", "local")}
    found = {
        label: {
            one.prompt.question.external_id: (one.text, one.answer, one.verdict, one.finish)
            for one in Candidate.objects.filter(run=run).select_related("prompt__question")
        }
        for label, run in runs.items()
    }
    assert found["served"] == found["local"]
    # Of all splits but `prompt`.
    assert len(found["served"]) >= 25
    # The base can add numbers of one and two digits.
    assert sum(verdict == "correct" for _, _, verdict, _ in found["served"].values()) >= 20
