"""Cross-entropy and DPO: laws, hand-worked values, and the formula written out a second time."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tests.training.tiny import rows_of, tiny_model
from training.batching import Example, collate
from training.losses import dpo_loss, dpo_losses, learned_logprobs, summed_logprobs

nats = st.floats(-50, 0, width=32)
PAIRS = [
    (Example("Q: 1+1\nA:", " two: 2"), Example("Q: 1+1\nA:", " 3")),
    (Example("Q: 2+2\nA:", " 4"), Example("Q: 2+2\nA:", " five #### 5")),
    (Example("Q: 3\nA:", " 3."), Example("Q: 3\nA:", "")),
]


def column(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


def plain_logprob(model: torch.nn.Module, example: Example) -> Tensor:
    """log p of the completion and the end of text, one token at a time."""
    row = rows_of([example])[0]
    total = torch.tensor(0.0)
    for at in range(row.prompt_length, len(row.ids)):
        logits = model(torch.from_numpy(row.ids[None, :at])).logits[0, -1]
        total = total + torch.log_softmax(logits, -1)[int(row.ids[at])]
    return total


# --------------------------------------------------------------------------------------------------------------- DPO


def test_dpo_by_hand():
    # Margin: 2 x ((-1 - -2) - (-3 - -3)) = 2; loss log(1 + e^-2).
    loss = dpo_losses(column(-1), column(-3), column(-2), column(-3), beta=2)
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-2)))


@given(nats, nats, nats, nats, st.floats(0.05, 5))
def test_swapping_chosen_and_rejected_turns_the_margin_around(a, b, ra, rb, beta):
    # log sigmoid(m) - log sigmoid(-m) = m, so the losses of a pair and of its mirror differ by the margin.
    forth = dpo_losses(column(a), column(b), column(ra), column(rb), beta=beta)
    back = dpo_losses(column(b), column(a), column(rb), column(ra), beta=beta)
    assert (back - forth).item() == pytest.approx(beta * ((a - ra) - (b - rb)), abs=1e-3)


@given(nats, nats, nats, nats, st.floats(-20, 20, width=32))
def test_shifting_a_questions_log_probabilities_changes_nothing(a, b, ra, rb, shift):
    loss = dpo_losses(column(a), column(b), column(ra), column(rb), beta=0.5)
    policy = dpo_losses(column(a + shift), column(b + shift), column(ra), column(rb), beta=0.5)
    reference = dpo_losses(column(a), column(b), column(ra + shift), column(rb + shift), beta=0.5)
    torch.testing.assert_close(policy, loss, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(reference, loss, atol=1e-4, rtol=1e-4)


def test_where_policy_and_reference_agree_the_loss_is_log_two():
    same = column(-3.0, -7.0), column(-4.0, -1.0)
    torch.testing.assert_close(dpo_losses(*same, *same, beta=2), column(math.log(2), math.log(2)))


def test_label_smoothing_mixes_in_the_mirrored_loss():
    arguments = column(-1.0), column(-3.0), column(-2.0), column(-2.5)
    forth = dpo_losses(*arguments, beta=1)
    back = dpo_losses(arguments[1], arguments[0], arguments[3], arguments[2], beta=1)
    smoothed = dpo_losses(*arguments, beta=1, label_smoothing=0.1)
    torch.testing.assert_close(smoothed, 0.9 * forth + 0.1 * back)


@pytest.mark.parametrize(("beta", "smoothing"), [(0, 0), (-1, 0), (1, 0.5), (1, -0.1)])
def test_impossible_settings_of_dpo_are_refused(beta, smoothing):
    with pytest.raises(ValueError, match="expected"):
        dpo_losses(*[column(0.0)] * 4, beta=beta, label_smoothing=smoothing)


def test_a_batch_of_dpo_equals_the_plain_formula_in_value_and_gradient():
    policy, reference = tiny_model(seed=1), tiny_model(seed=2)
    weights, beta = column(1.0, 0.5, 2.0), 0.7

    def plain() -> Tensor:
        total = torch.tensor(0.0)
        for (chosen, rejected), weight in zip(PAIRS, weights, strict=True):
            with torch.no_grad():
                base = plain_logprob(reference, chosen) - plain_logprob(reference, rejected)
            ratio = plain_logprob(policy, chosen) - plain_logprob(policy, rejected) - base
            total = total - weight * torch.log(torch.sigmoid(beta * ratio))
        return total

    rows = rows_of([chosen for chosen, _ in PAIRS]) + rows_of([rejected for _, rejected in PAIRS])
    batch = collate(rows, pad=0)
    with torch.no_grad():
        reference_B = summed_logprobs(reference, batch.ids_BT, batch.learned_BT)
    ours = dpo_loss(policy, batch.ids_BT, batch.learned_BT, reference_B, weights, beta=beta).total
    expected = plain()
    assert ours.item() == pytest.approx(expected.item(), rel=1e-5)
    parameters = list(policy.parameters())
    for mine, theirs in zip(
        torch.autograd.grad(ours, parameters), torch.autograd.grad(expected, parameters), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-5)


def test_the_figures_beside_the_loss_are_sums_over_weighted_pairs():
    policy, reference = tiny_model(seed=1), tiny_model(seed=2)
    rows = rows_of([chosen for chosen, _ in PAIRS]) + rows_of([rejected for _, rejected in PAIRS])
    batch = collate(rows, pad=0)
    reference_B = summed_logprobs(reference, batch.ids_BT, batch.learned_BT)
    policy_B = summed_logprobs(policy, batch.ids_BT, batch.learned_BT)
    weights = column(1.0, 0.5, 2.0)
    sums = dpo_loss(policy, batch.ids_BT, batch.learned_BT, reference_B, weights, beta=0.5).sums
    rewards = 0.5 * (policy_B - reference_B).detach()
    assert sums["reward_chosen"] == pytest.approx(float((weights * rewards[:3]).sum()), rel=1e-4)
    assert sums["reward_margin"] == pytest.approx(sums["reward_chosen"] - sums["reward_rejected"], rel=1e-4)
    assert sums["pair_accuracy"] == float(weights[rewards[:3] > rewards[3:]].sum())


def test_a_first_token_that_nothing_predicts_is_refused():
    with pytest.raises(ValueError, match="first token"):
        learned_logprobs(
            tiny_model(), torch.zeros(1, 3, dtype=torch.long), torch.ones(1, 3, dtype=torch.bool)
        )
