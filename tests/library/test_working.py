"""The process beside an import: the same results, whatever becomes of it, and it never outlives us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from problems.types import Choice, Family
from ratings.library.importing.working import WORTH_A_PROCESS, Task, Worker, work_out

ROOT = Path(__file__).resolve().parents[2]
CHOICES = (Choice("A", "sea"), Choice("B", "track"))


def tasks(count: int = WORTH_A_PROCESS) -> list[Task]:
    texts = ["So the answer is track (B).", "1. So the answer is (A).", "No idea.", "Answer: b"]
    return [Task(f"{n}. {texts[n % 4]}", "B", CHOICES, None, n % 3 == 0) for n in range(count)]


def process_of(worker: Worker) -> int:
    assert worker._beside is not None
    pid = worker._beside._process.pid
    assert pid is not None
    return pid


def test_a_process_beside_gives_the_same_results_in_the_same_order():
    expected = work_out(Family.COMMONSENSEQA, tasks())
    assert {one.verdict for one in expected} == {"correct", "wrong", "unparsable", "given"}
    with Worker(Family.COMMONSENSEQA, beside=True) as worker:
        for _ in range(2):
            worker.start(tasks())
            assert process_of(worker) != os.getpid()
            assert worker.result() == expected
        worker.start(tasks(3))
        assert worker.result() == expected[:3]


@pytest.mark.parametrize(("count", "beside"), [(WORTH_A_PROCESS - 1, True), (WORTH_A_PROCESS, False)])
def test_small_batches_and_other_databases_need_no_process(count, beside):
    with Worker(Family.COMMONSENSEQA, beside=beside) as worker:
        worker.start(tasks(count))
        assert worker._beside is None
        assert worker.result() == work_out(Family.COMMONSENSEQA, tasks(count))
        assert worker.result() == []


def test_a_process_that_is_killed_costs_no_result():
    expected = work_out(Family.COMMONSENSEQA, tasks())
    with Worker(Family.COMMONSENSEQA, beside=True) as worker:
        worker.start(tasks())
        os.kill(process_of(worker), signal.SIGKILL)
        assert worker.result() == expected
        worker.start(tasks())
        assert worker.result() == expected


def test_an_error_there_is_an_error_here():
    with Worker(Family.GSM8K, beside=True) as worker:
        worker.start([Task("18", None, (), None, False)] * WORTH_A_PROCESS)
        with pytest.raises(ValueError, match="gold"):
            worker.result()


def test_the_process_ends_when_we_are_killed(tmp_path):
    program = tmp_path / "importer.py"
    program.write_text(
        textwrap.dedent(
            """
            import time
            from problems.types import Family
            from ratings.library.importing.working import WORTH_A_PROCESS, Task, Worker
            if __name__ == "__main__":
                worker = Worker(Family.GSM8K, beside=True)
                worker.start([Task("#### 1", "1", (), None, False)] * WORTH_A_PROCESS)
                worker.result()
                print(worker._beside._process.pid, flush=True)
                time.sleep(60)
            """
        )
    )
    importer = subprocess.Popen(
        [sys.executable, str(program)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert importer.stdout is not None
    pid = int(importer.stdout.readline())
    os.kill(pid, 0)
    importer.kill()
    importer.wait()
    deadline = time.monotonic() + 10
    while is_running(pid):
        assert time.monotonic() < deadline, "the process beside outlived its importer"
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    state = subprocess.run(
        ["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return state.stdout.strip()[:1] not in ("", "Z")
