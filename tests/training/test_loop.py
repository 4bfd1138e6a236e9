"""The trainer: learning, accumulation, exact resume, and what stops it."""

from __future__ import annotations

import json
import math
import resource
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.training.tiny import EIGHT, batches_of, same, tiny_model, weights
from training.batching import Batch
from training.errors import CannotResume, LossNotFinite, StateNotWritten
from training.loop import Optimisation, Saving, Selection, Trained, Unwatched, make_optimizer, train
from training.losses import Loss, completion_loss
from training.resume import latest_state
from training.schedule import Schedule

HOW = Optimisation(
    Schedule(3e-3, warmup_steps=5, shape="cosine", final_share=0.1), batch_size=4, weight_decay=0.01
)


def loss_of(model: nn.Module, batch: Batch) -> Loss:
    return completion_loss(model, batch.ids_BT, batch.learned_BT)


class Killed(Exception):
    """The process is gone."""


class KilledAfter(Unwatched):
    """Ends a training right after a step, as a kill would, and writes down what it saw."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.seen: list[tuple[int, float, dict[str, float]]] = []

    def step(self, step: int, loss: float, extras: Mapping[str, float]) -> None:
        self.seen.append((step, loss, dict(extras)))
        if step == self.last:
            raise Killed


# ---------------------------------------------------------------------------------------------------------- learning


def test_the_loss_falls_and_the_watch_sees_every_step():
    watch = KilledAfter(1000)
    trained = train(tiny_model(), batches_of(EIGHT), loss_of, HOW, steps=60, watch=watch)
    assert trained.losses[0] == pytest.approx(math.log(104), abs=0.3)
    assert trained.final_loss < 0.4 * trained.losses[0]
    assert [step for step, _, _ in watch.seen] == list(range(1, 61))
    assert watch.seen[0][2]["learning_rate"] == pytest.approx(3e-3 / 5)
    assert watch.seen[0][2]["gradient_norm"] > 0


def test_the_same_seed_gives_bitwise_the_same_weights():
    first, second = tiny_model(dropout=0.1), tiny_model(dropout=0.1)
    train(first, batches_of(EIGHT), loss_of, HOW, steps=10)
    torch.manual_seed(999)
    train(second, batches_of(EIGHT), loss_of, HOW, steps=10)
    assert same(weights(first), weights(second))


def test_the_callers_random_state_is_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train(tiny_model(dropout=0.1), batches_of(EIGHT), loss_of, HOW, steps=2)
    assert torch.equal(torch.rand(3), expected)


def test_accumulated_batches_are_exactly_one_larger_batch():
    # Completions of different lengths: a mean of the batches' means would not be the mean over their tokens.
    parts = Optimisation(Schedule(1e-2), batch_size=2, accumulate=4)
    whole = Optimisation(Schedule(1e-2), batch_size=8)
    first, second = tiny_model(), tiny_model()
    by_parts = train(first, batches_of(EIGHT, batch_size=2), loss_of, parts, steps=3)
    at_once = train(second, batches_of(EIGHT, batch_size=8), loss_of, whole, steps=3)
    assert by_parts.losses == pytest.approx(at_once.losses, rel=1e-5)
    for mine, theirs in zip(weights(first).values(), weights(second).values(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-5)


def test_a_step_is_torchs_own_adamw_step():
    mine, theirs = tiny_model(), tiny_model()
    train(mine, batches_of(EIGHT), loss_of, HOW, steps=3)
    theirs.train()
    batches = batches_of(EIGHT)
    matrices = [p for p in theirs.parameters() if p.ndim > 1]
    vectors = [p for p in theirs.parameters() if p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.01}, {"params": vectors, "weight_decay": 0.0}]
    )
    for step in (1, 2, 3):
        batch = batches.at(step - 1)
        labels = torch.where(batch.learned_BT, batch.ids_BT, -100)
        theirs(input_ids=batch.ids_BT, labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(theirs.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = HOW.schedule.at(step, steps=3)
        optimizer.step()
        optimizer.zero_grad()
    for ours, other in zip(weights(mine).values(), weights(theirs).values(), strict=True):
        torch.testing.assert_close(ours, other, rtol=1e-4, atol=1e-5)


def test_weight_decay_leaves_biases_and_norms_alone():
    decays = {
        p.ndim: group["weight_decay"]
        for group in make_optimizer(tiny_model(), HOW).param_groups
        for p in group["params"]
    }
    assert decays == {2: 0.01, 1: 0.0}


def test_frozen_parameters_stay_as_they_are(tmp_path):
    model = tiny_model()
    model.transformer.wte.weight.requires_grad_(False)
    before = weights(model)
    train(model, batches_of(EIGHT), loss_of, HOW, steps=2, saving=Saving(tmp_path, every=1))
    after = weights(model)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert "transformer.wte.weight" not in changed
    assert len(changed) > 10


# ------------------------------------------------------------------------------------------------------------ resume


def interrupted(
    folder: Path, *, killed_after: int, steps: int = 20, dropout: float = 0.1
) -> tuple[nn.Module, Trained]:
    """Train, be killed, and train again from another copy of the base."""
    saving = Saving(folder, every=6)
    with pytest.raises(Killed):
        train(
            tiny_model(dropout=dropout), batches_of(EIGHT), loss_of, HOW, steps=steps, saving=saving,
            watch=KilledAfter(killed_after),
        )  # fmt: skip
    model = tiny_model(dropout=dropout)
    return model, train(model, batches_of(EIGHT), loss_of, HOW, steps=steps, saving=saving)


@pytest.mark.parametrize("killed_after", [3, 6, 7, 17, 19])
def test_a_resumed_training_ends_with_bitwise_the_same_weights(tmp_path, killed_after):
    straight = tiny_model(dropout=0.1)
    expected = train(straight, batches_of(EIGHT), loss_of, HOW, steps=20)
    model, trained = interrupted(tmp_path, killed_after=killed_after)
    # A step is saved after the watch has seen it: killed at step 6, its state is not there yet.
    assert trained.resumed_at == (killed_after - 1) // 6 * 6
    assert same(weights(model), weights(straight))
    assert trained.losses == expected.losses


def test_weights_that_two_layers_share_are_saved_once_and_stay_shared(tmp_path):
    def tied() -> nn.Module:
        model = tiny_model(dropout=0.1)
        model.config.tie_word_embeddings = True
        model.tie_weights()
        return model

    straight, resumed, saving = tied(), tied(), Saving(tmp_path, every=3)
    train(straight, batches_of(EIGHT), loss_of, HOW, steps=8)
    with pytest.raises(Killed):
        train(tied(), batches_of(EIGHT), loss_of, HOW, steps=8, saving=saving, watch=KilledAfter(5))
    assert train(resumed, batches_of(EIGHT), loss_of, HOW, steps=8, saving=saving).resumed_at == 3
    assert same(weights(straight), weights(resumed))
    assert "lm_head.weight" not in weights(resumed)


def test_a_finished_training_called_again_does_nothing_and_gives_the_same(tmp_path):
    saving = Saving(tmp_path, every=6)
    first, second = tiny_model(), tiny_model(seed=3)
    done = train(first, batches_of(EIGHT), loss_of, HOW, steps=8, saving=saving)
    watch = KilledAfter(1)
    again = train(second, batches_of(EIGHT), loss_of, HOW, steps=8, saving=saving, watch=watch)
    assert watch.seen == []
    assert again.losses == done.losses
    assert same(weights(first), weights(second))


def test_the_state_is_safetensors_and_json_and_only_the_newest_is_kept(tmp_path):
    train(tiny_model(), batches_of(EIGHT), loss_of, HOW, steps=7, saving=Saving(tmp_path, every=2))
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert names == ["step-00000007/state.json", "step-00000007/state.safetensors"]
    assert json.loads((tmp_path / names[0]).read_text())["step"] == 7


@pytest.mark.parametrize("change", ["steps", "settings", "data"])
def test_a_state_of_another_training_is_refused(tmp_path, change):
    saving = Saving(tmp_path, every=2)
    train(tiny_model(), batches_of(EIGHT), loss_of, HOW, steps=4, saving=saving)
    steps = 6 if change == "steps" else 4
    how = Optimisation(Schedule(1e-3), batch_size=4) if change == "settings" else HOW
    batches = batches_of(EIGHT[:6] if change == "data" else EIGHT)
    model = tiny_model()
    before = weights(model)
    with pytest.raises(CannotResume, match="other settings or other data"):
        train(model, batches, loss_of, how, steps=steps, saving=saving)
    assert same(before, weights(model))


def test_a_half_written_state_is_passed_over_and_removed(tmp_path):
    train(tiny_model(), batches_of(EIGHT), loss_of, HOW, steps=4, saving=Saving(tmp_path, every=4))
    half = tmp_path / "writing-00000008"
    half.mkdir()
    (half / "state.safetensors").write_bytes(b"half")
    assert latest_state(tmp_path) == tmp_path / "step-00000004"
    assert not half.exists()


def test_a_damaged_state_is_a_clear_error(tmp_path):
    saving = Saving(tmp_path, every=4)
    train(tiny_model(), batches_of(EIGHT), loss_of, HOW, steps=4, saving=saving)
    (tmp_path / "step-00000004" / "state.safetensors").write_bytes(b"rubbish")
    with pytest.raises(CannotResume, match="cannot be read"):
        train(tiny_model(), batches_of(EIGHT), loss_of, HOW, steps=4, saving=saving)


# --------------------------------------------------------------------------------------------------------- selection


def scores_by_step(values: list[float], asked: list[bool], model: nn.Module) -> Selection:
    """Each time it is asked, the next of `values`; notes whether the model stood in evaluation mode."""
    left = iter(values)

    def score() -> float:
        asked.append(model.training)
        return next(left)

    return Selection(every=4, score=score, name="best_of_k")


def test_the_best_scored_weights_are_kept_not_the_last():
    straight = tiny_model()
    train(straight, batches_of(EIGHT), loss_of, Optimisation(Schedule(1e-3), batch_size=4), steps=8)
    model, in_training = tiny_model(), list[bool]()
    trained = train(
        model, batches_of(EIGHT), loss_of, Optimisation(Schedule(1e-3), batch_size=4), steps=14,
        selection=scores_by_step([0.1, 0.5, 0.5, 0.2], in_training, model),
    )  # fmt: skip
    # Asked after 4, 8, 12 and the last step; of two equals the earlier stays.
    assert trained.scores == {4: 0.1, 8: 0.5, 12: 0.5, 14: 0.2}
    assert (trained.best_step, trained.best_score) == (8, 0.5)
    assert same(weights(model), weights(straight))
    assert in_training == [False] * 4
    assert not model.training


def test_the_best_weights_survive_an_interruption(tmp_path):
    def run(model: nn.Module, values: list[float], *, killed_after: int = 1000) -> Trained:
        return train(
            model, batches_of(EIGHT), loss_of, HOW, steps=14, saving=Saving(tmp_path, every=5),
            watch=KilledAfter(killed_after), selection=scores_by_step(values, [], model),
        )  # fmt: skip

    with pytest.raises(Killed):
        run(tiny_model(), [0.9, 0.1], killed_after=11)
    resumed = tiny_model()
    # The state of step 10 knows the scores of steps 4 and 8.
    trained = run(resumed, [0.2, 0.3])
    assert (trained.best_step, trained.resumed_at) == (4, 10)
    assert trained.scores == {4: 0.9, 8: 0.1, 12: 0.2, 14: 0.3}
    straight = tiny_model()
    train(
        straight, batches_of(EIGHT), loss_of, HOW, steps=14,
        selection=scores_by_step([0.9, 0.1, 0.2, 0.3], [], straight),
    )  # fmt: skip
    assert same(weights(resumed), weights(straight))


# ------------------------------------------------------------------------------------------------------ what stops it


def poisoned(step: int, value: float):
    """A loss that becomes `value` at a step."""
    calls = []

    def loss_then(model: nn.Module, batch: Batch) -> Loss:
        calls.append(1)
        loss = loss_of(model, batch)
        return Loss(loss.total * value) if len(calls) == step else loss

    return loss_then


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_before_it_spoils_anything(tmp_path, value):
    model, straight = tiny_model(), tiny_model()
    with pytest.raises(LossNotFinite, match="loss of step 9 is .*state of step 6 is kept") as caught:
        train(model, batches_of(EIGHT), poisoned(9, value), HOW, steps=20, saving=Saving(tmp_path, every=3))
    assert caught.value.details["step"] == 9
    with pytest.raises(Killed):
        train(straight, batches_of(EIGHT), loss_of, HOW, steps=20, watch=KilledAfter(8))
    assert same(weights(model), weights(straight))
    assert latest_state(tmp_path) == tmp_path / "step-00000006"


def test_a_gradient_that_is_no_number_stops_too():
    def exploding(model: nn.Module, batch: Batch) -> Loss:
        loss = loss_of(model, batch)
        # The root's slope at zero is infinite, its value is not.
        return Loss(loss.total * 0 + (loss.total * 0).sqrt())

    model = tiny_model()
    before = weights(model)
    with pytest.raises(LossNotFinite, match="gradient norm of step 1"):
        train(model, batches_of(EIGHT), exploding, HOW, steps=3)
    assert same(weights(model), before)


def test_a_watch_that_raises_ends_the_training_between_two_steps():
    class Cancelling(Unwatched):
        def check(self) -> None:
            raise Killed

    model = tiny_model()
    before = weights(model)
    with pytest.raises(Killed):
        train(model, batches_of(EIGHT), loss_of, HOW, steps=3, watch=Cancelling())
    assert same(weights(model), before)


class DiskFullAfter(Unwatched):
    """From a step on no file may grow beyond 20 kB: for this process that is what a full disk looks like."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def step(self, step: int, loss: float, extras: Mapping[str, float]) -> None:
        if step == self.last:
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, self.limits[1]))

    def make_room(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self.limits)


def test_a_full_disk_leaves_the_last_good_state_and_nothing_half_written(tmp_path):
    watch = DiskFullAfter(7)
    with pytest.raises(StateNotWritten, match="step 9 could not be written") as caught:
        train(
            tiny_model(),
            batches_of(EIGHT),
            loss_of,
            HOW,
            steps=20,
            saving=Saving(tmp_path, every=3),
            watch=watch,
        )
    watch.make_room()
    assert caught.value.details["step"] == 9
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000006"]
    model, straight = tiny_model(), tiny_model()
    resumed = train(model, batches_of(EIGHT), loss_of, HOW, steps=20, saving=Saving(tmp_path, every=30))
    train(straight, batches_of(EIGHT), loss_of, HOW, steps=20)
    assert resumed.resumed_at == 6
    assert same(weights(model), weights(straight))


@pytest.mark.parametrize("wrong", [{"accumulate": 0}, {"clip": -1}, {"batch_size": 0}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        Optimisation(Schedule(1e-3), **wrong)


def test_no_step_at_all_is_refused():
    with pytest.raises(ValueError, match="steps"):
        train(tiny_model(), batches_of(EIGHT), loss_of, HOW, steps=0)
