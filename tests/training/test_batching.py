"""Which tokens are learned, and which examples make up which batch."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from generation.registry.tiny import train_tokenizer
from tests.training.tiny import char_tokenizer, rows_of, tiny_model
from training.batching import BatchOrder, Example, RowBatches, collate, encode, encode_all
from training.losses import completion_loss, learned_logprobs, summed_logprobs

SCRATCHPAD = """<scratch>
5 6 0 + 5 8 3 , C: 0
6 + 8 , 3 C: 0
5 + 5 , 4 3 C: 1
, 1 4 3 C: 1
1 1 4 3
</scratch>
1 1 4 3"""

EXAMPLES = {
    "scratchpad": Example("Input:\n5 6 0 + 5 8 3\nTarget:\n", SCRATCHPAD),
    "colons": Example("Q: At 10:30, how many: 2 or 3?\nA:", " Note: at 10:30 there are: 2.\n#### 2"),
    "marks in the prompt": Example("Q: What is #### for?\nA:", " It marks the answer.\n#### 4"),
    "nothing": Example("Q: Say nothing.\nA:", ""),
}


def learned_text(example: Example) -> str:
    tokenizer = char_tokenizer()
    row = encode(tokenizer, example)
    return str(tokenizer.decode(row.ids[row.learned]))


@cache
def byte_pair_tokenizer() -> Any:
    """The kind of the committed base: numbers of two digits, words and runs of marks are single tokens."""
    texts = [example.prompt + example.completion for example in EXAMPLES.values()]
    return train_tokenizer(texts * 3, 600)


# ------------------------------------------------------------------------------------------------------------- masks


@pytest.mark.parametrize("make_tokenizer", [char_tokenizer, byte_pair_tokenizer])
@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())
def test_the_completion_and_the_end_of_text_are_learned_and_nothing_else(example, make_tokenizer):
    tokenizer = make_tokenizer()
    row = encode(tokenizer, example)
    assert tokenizer.decode(row.ids[row.learned]) == example.completion + "<eos>"
    assert tokenizer.decode(row.ids[: row.prompt_length]) == example.prompt
    assert not row.learned[: row.prompt_length].any()
    assert row.learned[row.prompt_length :].all()


def test_what_the_calculator_writes_is_not_learned():
    example = Example("Q: How many: 2 * 12 + 3?\nA:", " 2*12=<<2*12=24>>24. Then: <<24+3=27>>27.\n#### 27")
    assert learned_text(example) == " 2*12=<<2*12=24. Then: <<24+3=27.\n#### 27<eos>"
    row = encode(byte_pair_tokenizer(), example)
    assert byte_pair_tokenizer().decode(row.ids[row.learned]) == learned_text(example)


def test_without_a_calculator_results_are_learned_like_all_else():
    example = Example("Q: 2 * 12?\nA:", " <<2*12=24>>24")
    assert encode(char_tokenizer(), example, calculator=False).learned[-1 - len(example.completion) :].all()


def test_a_wrong_result_is_the_models_own_and_is_learned():
    assert learned_text(Example("A:", " <<2*12=25>>25")) == " <<2*12=25>>25<eos>"


def test_an_annotation_in_the_prompt_stays_prompt():
    assert learned_text(Example("Q: <<1+1=2>>2?\nA:", " 2")) == " 2<eos>"


def test_special_tokens_spelt_in_a_text_are_text():
    row = encode(char_tokenizer(), Example("a<eos>", "b<eos>"))
    assert (row.ids == char_tokenizer().eos_token_id).sum() == 1


def test_an_empty_prompt_still_gives_the_first_token_something_to_follow():
    row = encode(char_tokenizer(), Example("", "x"))
    assert row.prompt_length == 1
    assert not row.learned[0]


def test_what_is_longer_than_the_context_is_named_and_left_out():
    examples = [Example("ab", "cd"), Example("a" * 50, "b"), Example("a", "b" * 3)]
    rows, too_long = encode_all(char_tokenizer(), examples, context=5)
    assert too_long == [1]
    # Two of prompt, two of completion, the end of text: exactly the context.
    assert [len(row.ids) for row in rows] == [5, 5]


def test_the_loss_is_that_of_the_completion_alone_computed_token_by_token():
    model, row = tiny_model(), rows_of([EXAMPLES["colons"]])[0]
    batch = collate([row], pad=0)
    loss = completion_loss(model, batch.ids_BT, batch.learned_BT)
    by_hand = torch.tensor(0.0)
    for at in range(row.prompt_length, len(row.ids)):
        logits = model(torch.from_numpy(row.ids[None, :at])).logits[0, -1]
        by_hand -= torch.log_softmax(logits, -1)[row.ids[at]]
    assert loss.total.item() == pytest.approx(by_hand.item(), rel=1e-5)
    assert batch.units == len(row.ids) - row.prompt_length


def test_padding_changes_neither_loss_nor_gradient():
    rows = rows_of([EXAMPLES["scratchpad"], EXAMPLES["nothing"]])
    model = tiny_model()
    alone = [summed_logprobs(model, *_tensors([row])).item() for row in rows]
    together = summed_logprobs(model, *_tensors(rows)).tolist()
    assert together == pytest.approx(alone, rel=1e-5)


def test_an_attention_mask_over_the_padding_would_change_nothing():
    batch = collate(rows_of(list(EXAMPLES.values())), pad=0)
    model = tiny_model()
    mask = (batch.ids_BT != 0).long()
    masked = model(input_ids=batch.ids_BT, attention_mask=mask).logits[:, :-1][batch.learned_BT[:, 1:]]
    wanted = batch.ids_BT[:, 1:][batch.learned_BT[:, 1:]]
    expected = torch.log_softmax(masked, -1).gather(1, wanted[:, None])[:, 0]
    ours, _ = learned_logprobs(model, batch.ids_BT, batch.learned_BT)
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)


def _tensors(rows):
    batch = collate(rows, pad=0)
    return batch.ids_BT, batch.learned_BT


# ----------------------------------------------------------------------------------------------------------- batches


def test_every_example_comes_once_an_epoch():
    order = BatchOrder(np.arange(100) % 7, batch_size=8, seed=0)
    assert order.batches_per_epoch == 13
    for epoch in (0, 1):
        seen = np.concatenate(order.epoch(epoch))
        assert sorted(seen) == list(range(100))


def test_batches_depend_on_the_seed_and_the_number_alone():
    lengths = np.random.default_rng(0).integers(1, 50, 1000)
    order, again = BatchOrder(lengths, 16, seed=1), BatchOrder(lengths, 16, seed=1)
    assert [order.at(i).tolist() for i in (0, 5, 70)] == [again.at(i).tolist() for i in (0, 5, 70)]
    assert order.at(0).tolist() != BatchOrder(lengths, 16, seed=2).at(0).tolist()
    assert order.epoch(0)[0].tolist() != order.epoch(1)[0].tolist()


def test_batches_hold_examples_of_like_lengths():
    lengths = np.random.default_rng(0).integers(1, 101, 4096)
    order = BatchOrder(lengths, 16, seed=0)
    padded = sum(lengths[batch].max() * len(batch) for batch in order.epoch(0))
    in_random_order = sum(
        lengths[part].max() * len(part) for part in np.random.default_rng(1).permutation(4096).reshape(-1, 16)
    )
    assert padded < 1.15 * lengths.sum() < in_random_order


def test_long_and_short_batches_are_mixed_over_the_epoch():
    lengths = np.sort(np.random.default_rng(0).integers(1, 101, 4096))
    means = [lengths[batch].mean() for batch in BatchOrder(lengths, 16, seed=0).epoch(0)]
    assert abs(np.corrcoef(np.arange(len(means)), means)[0, 1]) < 0.2


def test_a_data_set_smaller_than_a_batch_is_one_batch():
    assert BatchOrder(np.array([3, 4]), 8, seed=0).at(5).tolist() in ([0, 1], [1, 0])


@pytest.mark.parametrize(("lengths", "size"), [([], 4), ([3], 0)])
def test_batches_of_nothing_are_refused(lengths, size):
    with pytest.raises(ValueError, match="expected at least"):
        BatchOrder(np.array(lengths), size, seed=0)


def test_the_fingerprint_changes_with_a_token_a_mask_the_size_and_the_seed():
    rows = rows_of([Example("a", "b"), Example("c", "<<1+1=2>>")])
    other_mask = encode_all(
        char_tokenizer(), [Example("a", "b"), Example("c", "<<1+1=2>>")], context=99, calculator=False
    )
    variants = [
        RowBatches(rows, batch_size=2, seed=0, pad=0),
        RowBatches(rows_of([Example("a", "d"), Example("c", "<<1+1=2>>")]), batch_size=2, seed=0, pad=0),
        RowBatches(other_mask[0], batch_size=2, seed=0, pad=0),
        RowBatches(rows, batch_size=1, seed=0, pad=0),
        RowBatches(rows, batch_size=2, seed=1, pad=0),
    ]
    assert len({batches.fingerprint for batches in variants}) == len(variants)
    assert RowBatches(rows, batch_size=2, seed=0, pad=0).fingerprint == variants[0].fingerprint
