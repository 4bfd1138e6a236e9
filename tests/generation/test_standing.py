"""Recorded steps of decoding write what steps that are computed anew write, and what the library writes.

A CUDA graph replays kernels on addresses, blind to what the host has been doing. `Tape` does the same with torch's
operations and needs no GPU: once a step is on it, the step's own code never runs again for that shape.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from generation.sampling import block, graphs
from generation.sampling import gptj as fast
from generation.sampling.decoders import Decoder, share
from generation.sampling.gptj import GptjDecoder
from generation.sampling.graphs import CudaGraphs, Step
from generation.sampling.local import LocalSampler
from generation.sampling.standing import PLACES, StandingDecoder
from generation.sampling.types import SamplingSettings
from tests.generation.models import PROMPT, gptj, parrot, tokenizer
from tests.generation.test_local import DRAWN, GREEDY, library, prompts, sample

#: Operations whose results the host reads, or whose shapes depend on numbers, or that bring numbers from the host.
ASKING = (
    "_local_scalar_dense",
    "nonzero",
    "masked_select",
    "unique",
    "equal",
    "is_nonzero",
    "repeat_interleave",
    "lift_fresh",
    "bincount",
)


class _Recorder(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, tuple[Any, ...], dict[str, Any], Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        self.calls.append((func, args, kwargs or {}, out))
        return out


def recorded(step: Step) -> _Recorder:
    recorder = _Recorder()
    with recorder:
        step()
    return recorder


class Tape:
    """`graphs.Capture`: keeps a step's operations with their arguments, and runs these."""

    def __init__(self) -> None:
        self.records: list[_Recorder] = []
        self.replays = self.forgotten = 0

    def warm(self, step: Step) -> None:
        step()

    def forget(self) -> None:
        self.forgotten += 1

    def record(self, step: Step) -> Step:
        recorder = recorded(step)
        self.records.append(recorder)

        def replay() -> None:
            self.replays += 1
            made: dict[int, Tensor] = {}
            for func, args, kwargs, out in recorder.calls:
                new = func(*_with(made, args), **_with(made, kwargs))
                for old, value in zip(tree_flatten(out)[0], tree_flatten(new)[0], strict=True):
                    if isinstance(old, Tensor) and old is not value:
                        made[id(old)] = value

        return replay


def _with(made: dict[int, Tensor], given: Any) -> Any:
    return tree_map(lambda one: made.get(id(one), one) if isinstance(one, Tensor) else one, given)


def decoding(monkeypatch: pytest.MonkeyPatch, make: Callable[[Any], Decoder]) -> None:
    """Every sampler decodes so."""
    monkeypatch.setattr(LocalSampler, "_decoder", lambda sampler: make(sampler.loaded.model))


@contextmanager
def taped(monkeypatch: pytest.MonkeyPatch, **given: Any) -> Iterator[list[Tape]]:
    tapes: list[Tape] = []

    def make(model: Any) -> StandingDecoder:
        tapes.append(Tape())
        return StandingDecoder(model, tapes[-1], **given)

    with monkeypatch.context() as patch:
        # Each shape is recorded when it is first met: hardly a step is run by its own code.
        patch.setattr(graphs, "WARM_UPS", 0)
        decoding(patch, make)
        yield tapes


@pytest.mark.parametrize(
    ("batch_size", "joined", "refilled"),
    [(1, True, True), (3, False, False), (7, True, True), (64, False, True)],
)
def test_replayed_steps_write_what_each_row_writes_alone_and_what_the_library_writes(
    batch_size: int, joined: bool, refilled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, model = prompts(20), gptj(seed=2)
    expected = sample(model, texts, GREEDY)
    assert len({one.token_count for one in expected}) > 5, "rows end at different times"
    monkeypatch.setattr(fast, "_REFILL_FROM", 0 if refilled else 10**9)
    monkeypatch.setattr(fast, "_JOIN_BELOW", 10**9 if joined else 0)
    with taped(monkeypatch) as tapes:
        found = sample(model, texts, GREEDY, batch_size=batch_size)
    assert sum(tape.replays for tape in tapes) >= 23
    for text, one, alike in zip(texts, found, expected, strict=True):
        assert one.tokens == alike.tokens == by_library(text)
        assert one.logprob == pytest.approx(alike.logprob, abs=1e-4)
        assert (one.text, one.finish) == (alike.text, alike.finish)


@cache
def by_library(text: str) -> tuple[int, ...]:
    return library(gptj(seed=2), text, 24)


def test_most_steps_are_replays_while_rows_end_and_others_come(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"Q: {number % 7}" for number in range(60)]
    monkeypatch.setattr(fast, "_REFILL_FROM", 0)
    expected = sample(gptj(), texts, DRAWN, batch_size=8)
    with taped(monkeypatch) as tapes:
        found = sample(gptj(), texts, DRAWN, batch_size=8)
    assert [(one.tokens, one.finish) for one in found] == [(one.tokens, one.finish) for one in expected]
    [tape] = tapes
    # Equal lengths: the caches are made once and never move. 8 rows, and fewer at the end.
    assert tape.forgotten == 2 and 1 <= len(tape.records) <= 4
    assert tape.replays > 100


@pytest.mark.parametrize("refilled", [False, True])
def test_replays_meet_the_shared_beginning_the_calculator_and_stop_texts(
    refilled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = SamplingSettings(max_new_tokens=24, calculator=True, stop=("\n###",))
    texts = [f"{PROMPT} Tom has {number}" if number % 3 else PROMPT for number in range(12)]
    expected = sample(parrot(), texts, settings)
    monkeypatch.setattr(fast, "_REFILL_FROM", 0 if refilled else 10**9)
    with taped(monkeypatch) as tapes:
        found = sample(parrot(), texts, settings, batch_size=4)
    assert all(tape.records for tape in tapes)
    for one, alike in zip(found, expected, strict=True):
        assert (one.tokens, one.text, one.finish) == (alike.tokens, alike.text, alike.finish)


def test_a_step_asks_the_host_nothing_and_is_the_same_on_the_same_addresses_whatever_the_rows_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Operation by operation, with shapes, strides, constants, and the addresses of all that was there before it."""
    monkeypatch.setattr(fast, "_REFILL_FROM", 0)
    tokens = [
        tuple(tokenizer()(PROMPT + tail)["input_ids"]) for tail in (" 1", " 2", " 3", " 4 5", " 6", " 7")
    ]
    decoder = StandingDecoder(gptj().model)
    seen: list[list[Any]] = []

    def step(chosen: Tensor) -> Tensor:
        logits = decoder.step(chosen)
        seen.append(_signature(recorded(lambda: decoder._forward(4, PLACES))))
        return logits

    with torch.inference_mode():
        decoder.start(share(tokens[:4], 8), 20)
        step(torch.tensor([5, 9, 6, 7]))
        step(torch.tensor([8, 2, 6, 7]))
        decoder.keep(torch.tensor([0, 3, 2]))
        step(torch.tensor([3, 4, 30]))
        decoder.admit(share(tokens[4:5], 8))
        step(torch.tensor([3, 4, 30, 31]))
    assert len(seen[0]) > 40
    assert seen[1:] == seen[:1] * 3
    names = {name for name, _ in seen[0]}
    assert not [name for name in names for asking in ASKING if asking in name], names


def _signature(recorder: _Recorder) -> list[Any]:
    inside: set[int] = set()
    found = []
    for func, args, kwargs, out in recorder.calls:
        facts: list[Any] = []
        for value in tree_flatten((args, kwargs))[0]:
            if isinstance(value, Tensor):
                facts.append((value.shape, value.stride(), value.dtype))
                if value.untyped_storage().data_ptr() not in inside:
                    facts.append(value.data_ptr())
            else:
                facts.append(value)
        found.append((str(func), facts))
        inside |= {
            value.untyped_storage().data_ptr()
            for value in tree_flatten(out)[0]
            if isinstance(value, Tensor)
            and all(value is not arg for arg in tree_flatten((args, kwargs))[0])
            and not value._is_view()
        }
    return found


def test_what_rows_that_left_have_behind_them_is_written_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket of four with three short rows: the fourth was long, and its place lies in no cache of this bucket."""
    monkeypatch.setattr(fast, "_REFILL_FROM", 0)
    rows = share([(5, 6), (5, 7), (5, 8), (5, *range(3, 3 + PLACES))])
    standing, plain = StandingDecoder(gptj().model), GptjDecoder(gptj().model)
    with torch.inference_mode():
        for decoder in (standing, plain):
            decoder.start(rows, 20)
            decoder.step(torch.tensor([9, 10, 11, 12]))
            decoder.keep(torch.tensor([0, 1, 2]))
        for chosen in ([13, 14, 15], [16, 17, 18]):
            found, expected = (one.step(torch.tensor(chosen)) for one in (standing, plain))
            torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_longer_newcomers_move_the_caches_and_what_was_recorded_is_recorded_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fast, "_REFILL_FROM", 0)
    texts = ["Q:" * (3 + 2 * number) for number in range(16)]
    expected = sample(gptj(), texts, DRAWN)
    with taped(monkeypatch) as tapes:
        found = sample(gptj(), texts, DRAWN, batch_size=4)
    [tape] = tapes
    assert tape.forgotten >= 3 and tape.replays > 10
    assert [one.tokens for one in found] == [one.tokens for one in expected]


def test_a_shape_is_recorded_once_it_was_met_often_enough_and_anew_once_its_tensors_have_moved() -> None:
    tape, total = Tape(), torch.zeros(1)
    ran: list[int] = []
    steps = graphs.Steps(tape)

    def step() -> None:
        ran.append(len(ran))
        total.add_(1)

    counts = []
    for _ in range(5):
        steps.run("a", step)
        counts.append((len(ran), len(tape.records), tape.replays))
    # Recording runs the step once more, here and only here: real ones may be run twice.
    assert counts == [(1, 0, 0), (2, 0, 0), (3, 1, 1), (3, 1, 2), (3, 1, 3)] and total == 6
    steps.run("b", step)
    assert len(ran) == 4 and len(tape.records) == 1
    steps.forget()
    steps.run("a", step)
    assert len(ran) == 5 and tape.replays == 3


def test_a_recording_that_fails_is_done_without(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Refusing(Tape):
        def record(self, step: Step) -> Step:
            step()
            raise RuntimeError("operation not permitted when stream is capturing\nand more")

    texts = prompts(12)
    expected = sample(gptj(), texts, DRAWN)
    decoding(monkeypatch, lambda model: StandingDecoder(model, Refusing()))
    assert [one.tokens for one in sample(gptj(), texts, DRAWN)] == [one.tokens for one in expected]
    [said] = caplog.messages
    assert said == "Decoding goes on without CUDA graphs: operation not permitted when stream is capturing"


def test_a_compilation_that_fails_is_done_without(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*given: Any) -> Tensor:
        raise RuntimeError("no C compiler")

    monkeypatch.setattr(torch, "compile", lambda function, **given: refuse)
    monkeypatch.setattr("generation.sampling.standing.compiled_block", block.compiled_block.__wrapped__)
    texts = prompts(12)
    expected = sample(gptj(), texts, DRAWN)
    decoding(monkeypatch, lambda model: StandingDecoder(model, compiled=True))
    assert [one.tokens for one in sample(gptj(), texts, DRAWN)] == [one.tokens for one in expected]
    assert caplog.messages == ["Decoding goes on without torch.compile: no C compiler"]


@pytest.mark.slow
@pytest.mark.timeout(1200)  # a compilation takes a minute on a busy machine
@pytest.mark.parametrize("joined", [True, False])
def test_a_compiled_block_is_one_graph_for_all_layers_and_writes_the_same(
    joined: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._dynamo.utils import counters

    monkeypatch.setattr(fast, "_REFILL_FROM", 0)
    monkeypatch.setattr(fast, "_JOIN_BELOW", 10**9 if joined else 0)
    torch._dynamo.reset()
    counters.clear()
    block.compiled_block.cache_clear()
    texts = [PROMPT + text for text in prompts(24)]
    expected = sample(gptj(), texts, DRAWN)
    decoding(monkeypatch, lambda model: StandingDecoder(model, compiled=True))
    found = sample(gptj(), texts, DRAWN, batch_size=8)
    assert [one.tokens for one in found] == [one.tokens for one in expected]
    # The first bucket's, one whose sizes are symbols, and perhaps one row's: never one for each layer or bucket.
    assert 1 <= counters["stats"]["unique_graphs"] <= 4
    assert not counters["graph_break"]


def test_only_a_gpus_plain_gptj_is_decoded_by_recorded_steps() -> None:
    for chosen in ("eager", "graphs", "compiled"):
        loaded = copy.copy(gptj())
        loaded.decoding = chosen
        assert type(LocalSampler(loaded)._decoder()) is GptjDecoder
    assert gptj().decoding == "eager"


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("compiled", [False, True])
def test_a_gpu_replays_what_it_computed(
    dtype: torch.dtype, compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast, "_REFILL_FROM", 0)
    moved = copy.copy(gptj())
    moved.model = copy.deepcopy(gptj().model).to("cuda", dtype)
    moved.device = "cuda"
    texts = prompts(40)
    decoding(monkeypatch, lambda model: StandingDecoder(model, compiled=compiled))
    plain = sample(moved, texts, GREEDY, batch_size=8)
    decoding(monkeypatch, lambda model: StandingDecoder(model, CudaGraphs(model.device), compiled=compiled))
    found = sample(moved, texts, GREEDY, batch_size=8)
    # The same kernels on the same numbers.
    assert [one.tokens for one in found] == [one.tokens for one in plain]
    if dtype == torch.float32:
        assert [one.tokens for one in found] == [library(gptj(), text, 24) for text in texts]
