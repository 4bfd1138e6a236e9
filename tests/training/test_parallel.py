"""Several processes share a training: the numbers of one, an exact resume, and nobody left waiting when one is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from jobs import kin
from jobs.memory import peak_bytes
from tests.training.test_gradients import Halvings
from tests.training.test_loop import Killed, KilledAfter
from tests.training.tiny import EIGHT, batches_of, loaded_tiny, same, tiny_model, weights
from training.adapters import Lora
from training.batching import Batch
from training.dpo import dpo
from training.errors import CannotResume, LossNotFinite, ProcessLost, TrainingError
from training.loop import Optimisation, Saving, Trained, Unwatched, train
from training.losses import Loss, completion_loss
from training.parallel.meeting import MeetingPlace, sweep
from training.parallel.team import disband, team_of
from training.records import Pair
from training.schedule import Schedule
from training.sft import sft

HOW = Optimisation(Schedule(3e-3, warmup_steps=3), batch_size=5, accumulate=2)
TWO = replace(HOW, processes=2)


@pytest.fixture(scope="module", autouse=True)
def _disband() -> Iterator[None]:
    yield
    disband()


def loss_of(model: torch.nn.Module, batch: Batch) -> Loss:
    return completion_loss(model, batch.ids_BT, batch.learned_BT)


def trained(
    how: Optimisation, *, dropout: float = 0.0, steps: int = 8, **more: object
) -> tuple[Trained, dict[str, torch.Tensor]]:
    model = tiny_model(dropout=dropout)
    return train(model, batches_of(EIGHT, batch_size=5), loss_of, how, steps=steps, **more), weights(model)  # type: ignore[arg-type]


def test_two_processes_have_the_losses_of_one():
    # Batches of five and of three rows, and completions of different lengths: shares of unequal weight.
    alone, own = trained(HOW)
    together, shared = trained(TWO)
    assert together.losses == pytest.approx(alone.losses, rel=1e-5, abs=1e-6)
    for name in own:
        torch.testing.assert_close(shared[name], own[name], rtol=1e-3, atol=2e-5)


def test_what_a_helper_takes_is_counted_with_its_leader():
    [helper] = team_of(2, torch.device("cpu")).helpers
    assert kin.living() == [helper.pid]
    alone, before = time.process_time(), kin.cpu_seconds()
    trained(TWO)
    own, all_of_them = time.process_time() - alone, kin.cpu_seconds() - before
    assert all_of_them > own + 0.03
    # Two processes with torch.
    assert (peak_bytes(kin.living()) or 0) > (peak_bytes() or 0) + 100_000_000


def test_a_folder_of_processes_that_were_killed_is_swept_up(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    place = "from training.parallel.meeting import MeetingPlace; import os, signal; MeetingPlace()"
    killed = f"{place}; os.kill(os.getpid(), signal.SIGKILL)"
    subprocess.run([sys.executable, "-c", killed], env={**os.environ, "TMPDIR": str(tmp_path)}, check=False)
    [left] = tmp_path.iterdir()
    older = tmp_path / "starchamber-team-older"
    older.mkdir()
    (tmp_path / "starchamber-team-begins").mkdir()
    os.utime(older, (0, 0))
    first = MeetingPlace()
    sweep()
    assert first.file.parent.exists() and not left.exists() and not older.exists()
    first.leave()
    assert [path.name for path in tmp_path.iterdir()] == ["starchamber-team-begins"]


def test_a_batch_of_fewer_rows_than_processes_is_shared_too():
    one_row = replace(HOW, batch_size=1, accumulate=1)
    losses = [
        train(tiny_model(), batches_of(EIGHT, batch_size=1), loss_of, how, steps=3).losses
        for how in (one_row, replace(one_row, processes=2))
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


def test_pairs_and_adapters_are_shared_alike():
    pairs = [Pair(str(n), example.prompt, example.completion, "nothing.") for n, example in enumerate(EIGHT)]
    found = []
    for processes in (1, 2):
        how = replace(HOW, processes=processes, lora=Lora(rank=4, alpha=8), checkpointing=True)
        policy = loaded_tiny()
        sft(policy, EIGHT, how, steps=2)
        found.append(dpo(policy, pairs, how, steps=3, beta=0.5).trained.losses)
    assert found[1] == pytest.approx(found[0], rel=1e-5)
    assert found[0][0] == pytest.approx(0.693147, abs=1e-5)


def test_an_interrupted_training_of_two_goes_on_exactly_and_only_as_two(tmp_path: Path):
    _, expected = trained(TWO, dropout=0.1)
    saving = Saving(tmp_path, every=3)
    with pytest.raises(Killed):
        trained(TWO, dropout=0.1, saving=saving, watch=KilledAfter(5))
    with pytest.raises(CannotResume, match="other settings"):
        trained(replace(HOW, processes=3), dropout=0.1, saving=saving)
    again, found = trained(TWO, dropout=0.1, saving=saving)
    assert again.resumed_at == 3
    assert same(found, expected)


class KillsAHelper(Unwatched):
    def step(self, step: int, loss: float, extras: Mapping[str, float]) -> None:
        if step == 2:
            [helper] = team_of(2, torch.device("cpu")).helpers
            os.kill(helper.pid, signal.SIGKILL)


@pytest.mark.slow
def test_a_killed_helper_is_noticed_at_once_and_the_next_attempt_has_the_same_numbers(tmp_path: Path):
    expected, _ = trained(TWO)
    began = time.monotonic()
    with pytest.raises(ProcessLost, match="One of the 2 processes"):
        trained(TWO, saving=Saving(tmp_path, every=1), watch=KillsAHelper())
    assert time.monotonic() - began < 5
    again, _ = trained(TWO, saving=Saving(tmp_path, every=1))
    assert (again.resumed_at, again.losses) == (2, expected.losses)


def poisoned(model: torch.nn.Module, batch: Batch) -> Loss:
    """No number where the second process computes: of five rows it has three, the first has two."""
    loss = loss_of(model, batch)
    return Loss(loss.total * float("nan")) if len(batch) == 3 else loss


def cramped(model: torch.nn.Module, batch: Batch) -> Loss:
    """A memory for two rows."""
    if len(batch) > 2:
        raise torch.OutOfMemoryError("CUDA out of memory.")
    return loss_of(model, batch)


def test_a_batch_that_one_process_can_not_hold_is_halved_for_all():
    watch, how = Halvings(), replace(TWO, accumulate=1)
    alone = train(tiny_model(), batches_of(EIGHT, batch_size=5), loss_of, replace(how, processes=1), steps=4)
    together = train(tiny_model(), batches_of(EIGHT, batch_size=5), cramped, how, steps=4, watch=watch)
    assert [rows for _, rows in watch.seen] == [2]
    assert together.losses == pytest.approx(alone.losses, rel=1e-5)


def test_whatever_ends_a_training_leaves_no_helper_waiting():
    class Cancelling(Unwatched):
        def check(self) -> None:
            raise Killed

    team = team_of(2, torch.device("cpu"))
    processes = [helper.pid for helper in team.helpers]
    how = replace(TWO, accumulate=1)
    with pytest.raises(Killed):
        trained(how, watch=Cancelling())
    with pytest.raises(LossNotFinite, match="loss of step 1"):
        train(tiny_model(), batches_of(EIGHT[:5], batch_size=5), poisoned, how, steps=2)
    # They wait for the next training, which is another one; and end with the run.
    alone, together = trained(HOW, steps=2)[0], trained(TWO, steps=2)[0]
    assert together.losses == pytest.approx(alone.losses, rel=1e-5)
    assert [helper.pid for helper in team_of(2, torch.device("cpu")).helpers] == processes
    taken = kin.cpu_seconds()
    disband()
    # What it took still counts.
    assert kin.living() == [] and kin.cpu_seconds() >= taken
    assert not any(Path(f"/proc/{pid}").exists() for pid in processes)


def test_more_processes_than_a_device_can_have_are_refused():
    with pytest.raises(TrainingError, match="processes: 2 cannot share the device meta") as caught:
        team_of(2, torch.device("meta"))
    assert caught.value.details["field"] == "processes"
