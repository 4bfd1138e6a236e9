"""What is minimised: cross-entropy of completions, and DPO on pairs.

Axes: B rows, T tokens, V vocabulary, N learned tokens of all rows in reading order.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Loss:
    """A batch's loss, summed over its units (tokens, pairs); the trainer divides by the units of the whole step.

    total: scalar with a gradient. sums: other figures, summed over the same units.
    """

    total: Tensor
    sums: dict[str, float] = field(default_factory=dict)


def learned_logprobs(
    model: nn.Module, ids_BT: Tensor, learned_BT: Tensor, *, positions_BT: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Log-probability of each learned token given all tokens before it, and the row that it stands in.

    ids_BT: int64, rows padded on the right. learned_BT: bool, the tokens asked for, never the first of a row.
    positions_BT: int64, for rows of several examples: from 0 in each, and no token sees another example's. None: one
    example a row.
    Returns (N,) in nats, float32, and (N,) row numbers. Raises ValueError when the first token of a row is learned:
    nothing predicts it.
    """
    if bool(learned_BT[:, 0].any()):
        raise ValueError("learned_BT: holds the first token of a row, which nothing predicts")
    # Row b's token t is predicted at t - 1. Padding is on the right, so no attention mask is needed.
    asked_BT = learned_BT[:, 1:]
    # Positions that begin anew are how transformers is told of packed rows: it builds the mask from them.
    packed = {} if positions_BT is None else {"position_ids": positions_BT}
    logits_NV = model(input_ids=ids_BT, use_cache=False, **packed).logits[:, :-1][asked_BT]
    logprobs = -F.cross_entropy(logits_NV.float(), ids_BT[:, 1:][asked_BT], reduction="none")
    return logprobs, asked_BT.nonzero()[:, 0]


def summed_logprobs(model: nn.Module, ids_BT: Tensor, learned_BT: Tensor) -> Tensor:
    """log p(completion | prompt) of each row: the sum over its learned tokens, shape (B,), in nats."""
    logprobs, rows = learned_logprobs(model, ids_BT, learned_BT)
    return logprobs.new_zeros(len(ids_BT)).index_add(0, rows, logprobs)


def completion_loss(
    model: nn.Module, ids_BT: Tensor, learned_BT: Tensor, *, positions_BT: Tensor | None = None
) -> Loss:
    """Cross-entropy of the learned tokens, in nats, summed over all of them: a long completion weighs more."""
    logprobs, _ = learned_logprobs(model, ids_BT, learned_BT, positions_BT=positions_BT)
    return Loss(-logprobs.sum())


def dpo_losses(
    chosen_B: Tensor,
    rejected_B: Tensor,
    reference_chosen_B: Tensor,
    reference_rejected_B: Tensor,
    *,
    beta: float,
    label_smoothing: float = 0.0,
) -> Tensor:
    """Each pair's loss: how unlikely it is, under the policy's implied reward, that chosen beats rejected.

    All four: log p(completion | prompt) in nats, shape (B,), of the policy and of the frozen reference.
    beta: nats of reward per nat of log-ratio, above 0. label_smoothing: the chance, in [0, 0.5), that a pair was
    labelled the wrong way round (cDPO); 0 is the paper's loss.
    Returns (B,) in nats; log 2 where policy and reference agree.
    Source: Rafailov et al. 2023, eq. 7; Mitchell 2023 for the smoothing; V-STaR 2024 uses it with label_smoothing 0.
    """
    if beta <= 0:
        raise ValueError(f"beta: {beta}; expected a number above 0")
    if not 0 <= label_smoothing < 0.5:
        raise ValueError(f"label_smoothing: {label_smoothing}; expected a number in [0, 0.5)")
    margins = beta * ((chosen_B - reference_chosen_B) - (rejected_B - reference_rejected_B))
    return -(1 - label_smoothing) * F.logsigmoid(margins) - label_smoothing * F.logsigmoid(-margins)


def dpo_loss(
    model: nn.Module,
    ids_BT: Tensor,
    learned_BT: Tensor,
    reference_B: Tensor,
    weights_P: Tensor,
    *,
    beta: float,
    label_smoothing: float = 0.0,
) -> Loss:
    """DPO over P pairs, their losses weighted by `weights_P` and summed.

    ids_BT, learned_BT: the P chosen rows, then the P rejected ones, B = 2P. reference_B: the reference's summed
    log-probabilities of these rows, computed once before training.
    Sums, weighted alike: `pair_accuracy` (chosen has the higher reward), `reward_margin` in nats, and both rewards.
    """
    policy_B = summed_logprobs(model, ids_BT, learned_BT)
    chosen, rejected = policy_B.chunk(2)
    reference_chosen, reference_rejected = reference_B.chunk(2)
    losses = dpo_losses(
        chosen, rejected, reference_chosen, reference_rejected, beta=beta, label_smoothing=label_smoothing
    )
    with torch.no_grad():
        reward_chosen = beta * (chosen - reference_chosen)
        reward_rejected = beta * (rejected - reference_rejected)
        figures = {
            "pair_accuracy": (reward_chosen > reward_rejected).float(),
            "reward_margin": reward_chosen - reward_rejected,
            "reward_chosen": reward_chosen,
            "reward_rejected": reward_rejected,
        }
        sums = {name: float((weights_P * value).sum()) for name, value in figures.items()}
    return Loss((weights_P * losses).sum(), sums)
