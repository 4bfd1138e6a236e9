"""Packed rows: what is in them, and that they teach what unpacked ones do."""

from __future__ import annotations

import random
from collections import Counter
from itertools import chain

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from generation.registry.loading import LoadedModel
from tests.training.reversal import examples
from tests.training.tiny import char_tokenizer, loaded_tiny, rows_of, tiny_model
from training.batching import Example, Row, collate
from training.errors import NothingToLearn
from training.loop import Optimisation
from training.losses import completion_loss
from training.packing import PackedBatch, PackedBatches, Packing, pack, packed_loss
from training.schedule import Schedule
from training.sft import epoch_steps, sft
from training.star_types import StarSettings

ROWS = rows_of([Example(f"{n}? " * (n % 4 + 1), "ab" * (n % 5) + f"{n}: it is: {n}.") for n in range(23)])


def batches(
    rows: list[Row] = ROWS, *, length: int = 80, attention: str = "example", size: int = 2, seed: int = 0
):
    packing = Packing(length, attention)  # type: ignore[arg-type]
    return PackedBatches(rows, packing, batch_size=size, seed=seed, pad=0)


def whole_epoch(packed: PackedBatches) -> list[PackedBatch]:
    return [packed.at(number) for number in range(packed.batches_per_epoch)]


def gpt2() -> torch.nn.Module:
    """Learned positions: running on and beginning anew differ."""
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=len(char_tokenizer()), n_positions=160, n_embd=32, n_layer=2, n_head=2)
    return GPT2LMHeadModel(config).eval()


def llama() -> torch.nn.Module:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(char_tokenizer()), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=160,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


# --------------------------------------------------------------------------------------------------- the same lesson


@pytest.mark.parametrize("make_model", [tiny_model, gpt2, llama], ids=["gptj", "gpt2", "llama"])
def test_packed_loss_and_gradients_are_those_of_rows_of_their_own(make_model):
    model = make_model()
    found: list[tuple[float, list[torch.Tensor]]] = []
    for losses in (
        [packed_loss(model, batch) for batch in whole_epoch(batches())],
        [
            completion_loss(model, one.ids_BT, one.learned_BT)
            for one in [collate([row], pad=0) for row in ROWS]
        ],
    ):
        total = torch.stack([loss.total for loss in losses]).sum() / sum(
            int(row.learned.sum()) for row in ROWS
        )
        model.zero_grad()
        total.backward()
        found.append(
            (float(total.detach()), [p.grad.clone() for p in model.parameters() if p.grad is not None])
        )
    (packed, gradients), (unpacked, expected) = found
    assert packed == pytest.approx(unpacked, abs=1e-5)
    assert len(gradients) == len(expected) > 5
    for one, other in zip(gradients, expected, strict=True):
        assert torch.allclose(one, other, atol=1e-5), float((one - other).abs().max())


def test_a_packed_token_sees_nothing_of_another_example_unless_concatenated_plainly():
    model = gpt2()
    for attention, sees in (("example", False), ("plain", True)):
        batch = batches(attention=attention, size=100).at(0)
        logits = model(input_ids=batch.ids_BT, position_ids=batch.positions_BT, use_cache=False).logits
        changed = batch.ids_BT.clone()
        changed[:, 0] = 50
        after = model(input_ids=changed, position_ids=batch.positions_BT, use_cache=False).logits
        # The last real token of each row of several examples.
        rows = [place for place, row in enumerate(batch.ids_BT) if (row == 1).sum() > 1]
        ends = [int((batch.ids_BT[place] == 1).nonzero()[-1]) for place in rows]
        difference = (logits - after)[rows, ends].abs().max()
        assert (float(difference) > 1e-4) is sees, attention


def test_a_training_on_packed_rows_has_the_losses_of_one_on_single_rows():
    """Over everything at each step: the same sums in another order."""
    learned = examples(range(100, 124))
    courses = []
    for packing, size in ((Packing(), len(learned)), (Packing(60), 100)):
        how = Optimisation(Schedule(1e-3), batch_size=size)
        courses.append(sft(loaded_tiny(), learned, how, steps=4, packing=packing).trained.losses)
    # Adam divides by the size of gradients, and so makes something of the rounding of those near 0.
    assert courses[0] == pytest.approx(courses[1], abs=1e-4)
    assert courses[0][0] == pytest.approx(courses[1][0], abs=1e-5) and courses[0][-1] < courses[0][0] - 0.05


def test_rows_may_be_longer_than_the_context_where_their_examples_are_not():
    """The paper's 1,024 on a model of fewer positions: a row that ends early is padded far beyond them."""
    model = tiny_model()
    [batch] = whole_epoch(batches(length=300, size=99))
    assert (batch.ids_BT[:, 200:] == 0).all(dim=1).any(), "a row that is padded beyond the context of 160"
    single = [collate([row], pad=0) for row in ROWS]
    alone = sum(float(completion_loss(model, one.ids_BT, one.learned_BT).total.detach()) for one in single)
    assert float(packed_loss(model, batch).total.detach()) == pytest.approx(alone, rel=1e-5)


# -------------------------------------------------------------------------------------------------- what is in them


@pytest.mark.parametrize("attention", ["example", "plain"])
def test_every_example_is_whole_learned_as_recorded_and_numbered_from_its_beginning(attention):
    found: Counter[tuple[tuple[int, ...], tuple[bool, ...]]] = Counter()
    for batch in whole_epoch(batches(attention=attention)):
        assert batch.ids_BT.shape[1] <= 80 and len(batch) <= 2
        assert batch.units == batch.learned_BT.sum()
        for ids, learned, positions in zip(
            batch.ids_BT.tolist(),
            batch.learned_BT.tolist(),
            (batch.ids_BT if batch.positions_BT is None else batch.positions_BT).tolist(),
            strict=True,
        ):
            start = 0
            while 1 in ids[start:]:
                end = ids.index(1, start) + 1
                found[tuple(ids[start:end]), tuple(learned[start:end])] += 1
                if attention == "example":
                    assert positions[start:end] == list(range(end - start))
                start = end
            assert set(ids[start:]) <= {0} and not any(learned[start:])
            assert attention == "plain" or set(positions[start:]) <= {0}
        assert (batch.positions_BT is None) == (attention == "plain")
    assert found == Counter((tuple(row.ids.tolist()), tuple(row.learned.tolist())) for row in ROWS)


def test_each_epoch_holds_every_example_once_in_another_order_and_any_batch_can_be_asked_for_first():
    one, other = batches(seed=3), batches(seed=3)
    in_order = [one.at(number).ids_BT for number in range(20)]
    assert torch.equal(other.at(17).ids_BT, in_order[17]) and torch.equal(other.at(2).ids_BT, in_order[2])
    epochs = 0
    seen: Counter[tuple[int, ...]] = Counter()
    for ids in in_order:
        for row in ids.tolist():
            while 1 in row:
                end = row.index(1) + 1
                seen[tuple(row[:end])] += 1
                row = row[end:]
        if sum(seen.values()) % len(ROWS) == 0:
            epochs += 1
            assert set(seen.values()) == {epochs} and len(seen) == len(ROWS)
    assert epochs >= 2
    assert not torch.equal(batches(seed=4).at(0).ids_BT, in_order[0])


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(50, 200))
def test_packing_loses_nothing_and_keeps_to_the_length(lengths, most):
    rows = pack(lengths, most=most)
    assert sorted(chain.from_iterable(rows)) == list(range(len(lengths)))
    assert all(row == sorted(row) and 0 < sum(lengths[n] for n in row) <= most for row in rows)
    # Any two rows together are more than one: no row could have been saved by joining two.
    sizes = sorted(sum(lengths[n] for n in row) for row in rows)
    assert len(sizes) < 2 or sizes[0] + sizes[1] > most


def test_eight_rows_of_a_thousand_tokens_as_in_the_paper_waste_little():
    rng = random.Random(0)
    lengths = [rng.randrange(40, 300) for _ in range(400)]
    assert sum(lengths) / (1024 * len(pack(lengths, most=1024))) > 0.95


def test_parts_of_a_batch_make_up_the_whole():
    batch = batches(size=4).at(0)
    parts = [batch.part(0, 1), batch.part(1, 4)]
    assert sum(part.units for part in parts) == batch.units and [len(part) for part in parts] == [1, 3]
    model = tiny_model()
    losses = [float(packed_loss(model, part).total) for part in parts]
    assert sum(losses) == pytest.approx(float(packed_loss(model, batch).total), rel=1e-5)


# ---------------------------------------------------------------------------------------------------- in a training


def test_what_is_longer_than_a_packed_row_is_left_out_and_named():
    learned = [Example("1>", "x" * 30), Example("2>", "y"), Example("3>", "z")]
    loaded = loaded_tiny()
    how = Optimisation(Schedule(1e-3), batch_size=1)
    result = sft(loaded, learned, how, steps=1, packing=Packing(20))
    assert (result.examples, result.too_long) == (2, [0])
    with pytest.raises(NothingToLearn, match="None of 1 examples fits into a packed row's 20 tokens"):
        sft(loaded, learned[:1], how, steps=1, packing=Packing(20))


def test_steps_of_an_epoch_count_packed_rows():
    loaded = LoadedModel(tiny_model(), char_tokenizer(), 160, "cpu")
    learned, how = examples(range(100, 130)), Optimisation(Schedule(1e-3), batch_size=2, accumulate=2)
    assert epoch_steps(loaded, learned, how) == 8
    # Each is 4 + 9 + 1 tokens: five to a row of 70, six rows, three batches, two steps.
    assert epoch_steps(loaded, learned, how, packing=Packing(70)) == 2


def test_positions_that_run_on_stay_within_the_context():
    assert Packing(1024, "plain").within(160) == Packing(160, "plain")
    assert Packing(1024).within(160) == Packing(1024)
    assert (Packing(1024).fits(160), Packing(100).fits(160), Packing().fits(160)) == (160, 100, 160)


@pytest.mark.parametrize("wrong", [{"length": -1}, {"attention": "all"}])
def test_impossible_packings_are_refused_by_name(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}: .*expected"):
        Packing(**wrong)


def test_star_packs_nothing_unless_asked_to():
    assert StarSettings.__dataclass_fields__["packing"].default == Packing(0)


def test_the_digest_tells_packings_apart():
    digests = {
        batches(length=length, attention=attention, size=size, seed=seed).fingerprint
        for length, attention, size, seed in [(80, "example", 2, 0), (81, "example", 2, 0), (80, "plain", 2, 0),
                                              (80, "example", 3, 0), (80, "example", 2, 1)]
    }  # fmt: skip
    assert len(digests) == 5
    assert batches().fingerprint == batches().fingerprint != batches(ROWS[:5]).fingerprint
