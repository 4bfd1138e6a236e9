"""What the roofline counts is what a GPT-J does, and the benchmark runs on a machine without a GPU."""

from __future__ import annotations

import re

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import GPTJConfig, GPTJForCausalLM

from benchmarks import roofline
from benchmarks.costs import SIZES, Size, step_bytes, training_flops
from benchmarks.machine import Machine
from benchmarks.roofline_training import training_memory
from training.adapters import Lora, adapted
from training.losses import completion_loss

SMALL = Size(layers=1, width=4, heads=2, rotary=2, vocabulary=10, context=8)


def built(size: Size) -> GPTJForCausalLM:
    return GPTJForCausalLM(
        GPTJConfig(
            vocab_size=size.vocabulary,
            n_positions=size.context,
            n_embd=size.width,
            n_layer=size.layers,
            n_head=size.heads,
            rotary_dim=size.rotary,
            bos_token_id=1,
            eos_token_id=0,
        )
    )


@pytest.mark.parametrize("name", [*SIZES, "by hand"])
def test_parameters_are_those_of_the_librarys_model(name: str) -> None:
    size = SIZES.get(name, SMALL)
    with torch.device("meta"):
        model = built(size)
    assert sum(weight.numel() for weight in model.parameters()) == size.parameters
    matrices = [weight for key, weight in model.named_parameters() if weight.ndim == 2 and "wte" not in key]
    assert sum(weight.numel() for weight in matrices) == size.products


def test_bytes_of_a_step_by_hand() -> None:
    """Head 40 + 10, final norm 8, block: norm 8, attention 64, MLP 64 + 16 and 64 + 4; and two rows' embeddings, 8."""
    assert SMALL.parameters == 40 + 10 + 8 + 8 + 64 + 80 + 68 + 40
    # Keys and values of 4 numbers each: 3 shared tokens once, 5 and 2 of the rows, 2 new ones.
    assert step_bytes(SMALL, [5, 2], prefix=3, value_bytes=2) == (278 + 8 + 8 * (3 + 7 + 2)) * 2
    assert step_bytes(SMALL, [5, 2], prefix=3, value_bytes=4) == 2 * step_bytes(
        SMALL, [5, 2], prefix=3, value_bytes=2
    )


def test_gpt_j_6b_reads_12_gb_a_step_and_does_not_train_whole_on_80() -> None:
    six = SIZES["6b"]
    assert six.parameters == 6_050_882_784
    assert step_bytes(six, [0], prefix=0, value_bytes=2) == pytest.approx(11.69e9, rel=1e-3)
    # 28 layers, keys and values, 4096 numbers of 2 bytes: 459 kB a token.
    one, two = (step_bytes(six, [held], prefix=0, value_bytes=2) for held in (100, 101))
    assert two - one == 458_752
    assert training_memory(six, rows=1, length=1, rank=0) > 16 * six.parameters > 80e9
    assert training_memory(six, rows=4, length=1024, rank=16) < 80e9
    assert training_memory(SIZES["1.3b"], rows=4, length=1024, rank=0) < 80e9


def test_operations_of_a_step_by_hand() -> None:
    """232 weights in products, 2 rows of 3 tokens; a token meets 2 tokens on average, 2 x 2 x 4 operations each."""
    assert SMALL.products == 232
    attention = 3 * 6 * 2 * (2 * 2 * 4)
    assert training_flops(SMALL, rows=2, length=3) == 6 * 232 * 6 + attention
    # Rank 1: A and B of four matrices of 4 x 4 and two of 4 x 16 have 72 numbers.
    assert training_flops(SMALL, rows=2, length=3, rank=1) == (4 * 232 + 6 * 72) * 6 + attention


@pytest.mark.parametrize("rank", [0, 3])
def test_operations_are_those_that_torch_counts(rank: int) -> None:
    size, rows, length = Size(2, 32, 4, 8, 50, 24), 2, 24
    model = built(size)
    ids = torch.randint(50, (rows, length))
    learned = torch.ones_like(ids, dtype=torch.bool)
    learned[:, 0] = False

    def counted() -> int:
        with FlopCounterMode(display=False) as counter:
            completion_loss(model, ids, learned).total.backward()
        return counter.get_total_flops()

    if rank:
        with adapted(model, Lora(rank=rank, alpha=1.0), seed=0):
            found = counted()
    else:
        found = counted()
    # The library multiplies the tokens behind a token too, before it masks them.
    whole = 3 * size.layers * rows * length * 4 * size.width * length
    half = 3 * size.layers * rows * length * 2 * size.width * (length + 1)
    expected = training_flops(size, rows=rows, length=length, rank=rank) - half + whole
    if rank:
        # Nobody asks for the gradient of the first block's input: four matrices' (7 W x W) and four A's.
        expected -= 2 * rows * length * (7 * size.width**2 + 4 * rank * size.width)
    assert found == expected


def test_the_benchmark_runs_and_says_what_it_reached(capsys: pytest.CaptureFixture[str]) -> None:
    words = "--shape tiny --rows 2 --tokens 4 --train-rows 1 --length 16 --steps 1 --rounds 1 --side 256"
    assert roofline.main(words.split()) == 0
    device, decoded, trained = capsys.readouterr().out.splitlines()
    assert re.fullmatch(
        r"one CPU thread, torch.float32: a copy moves [\d.,]+ GB/s, a matrix-vector product reads [\d.,]+;"
        r" a matrix product does [\d.]+ TFLOP/s",
        device,
    )
    assert "2 of 2 rows the same; behind the same tokens 10 of 10 choices the same" in decoded
    assert re.search(r"\d+% of what was measured; about [\d.]+ GB by arithmetic$", trained)


def test_a_bandwidth_is_bytes_by_seconds_and_a_peak_operations_by_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine(torch.device("cpu"), "bf16")
    monkeypatch.setattr(machine, "best", lambda act, rounds: 0.5)
    machine.measure(256)
    # 256 x 256 numbers of two bytes, read and written, in half a second; 64 x 64 x 64 products and sums.
    assert (machine.bandwidth, machine.peak) == (2 * 256 * 256 * 2 / 0.5, 2 * 64**3 / 0.5)
    assert machine.share(machine.peak / 4, of="peak") == "25% of what was measured"
    machine.sheet = (3.35e12, 989e12)
    machine.bandwidth = 3e12
    assert machine.share(1.5e12, of="bandwidth") == "50% of what was measured, 45% of the data sheet's"
