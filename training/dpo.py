"""Direct preference optimisation (Rafailov et al. 2023): from pairs to a policy, or to V-STaR's verifier.

The reference is the model as it stands before the first step, unless another is given; its log-probabilities are
computed once, so that a step costs one forward and one backward pass over both sides of each pair.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from generation.registry.loading import LoadedModel
from training.activation import fused_activation
from training.attention import fused_attention
from training.batching import BatchOrder, Example, Row, collate, encode, fingerprint, pad_id
from training.errors import NothingToLearn
from training.evaluation.agreement import PairAgreement, ScoredPair, pair_agreement
from training.loop import Optimisation, Saving, Selection, Trained, Watch, train
from training.losses import Loss, dpo_loss
from training.precision import chosen_precision, computing_in
from training.preparing import prepared
from training.records import Pair
from training.scoring import score_examples, score_rows


@dataclass(frozen=True, slots=True)
class DpoResult:
    """trained: the course of the training. pairs: learned from. too_long: indices of those that did not fit."""

    trained: Trained
    pairs: int
    too_long: list[int]


def dpo(
    policy: LoadedModel,
    pairs: Sequence[Pair],
    how: Optimisation,
    *,
    steps: int,
    beta: float,
    label_smoothing: float = 0.0,
    reference: LoadedModel | None = None,
    calculator: bool = True,
    watch: Watch | None = None,
    saving: Saving | None = None,
    selection: Selection | None = None,
) -> DpoResult:
    """Train `policy` in place to prefer what was chosen.

    how.batch_size: pairs. beta, label_smoothing: as in `training.losses.dpo_losses`; for a V-STaR verifier on a small
    model take beta 2, not the usual 0.1 (docs/papers.md). reference: frozen; None is the policy before training, which
    must then be handed over in that state on every call, a resumed one too.
    Raises NothingToLearn when no pair fits into the context, and all that `train` raises.
    """
    encoded = [_encode(policy, pair, calculator) for pair in pairs]
    longest = [max(len(chosen.ids), len(rejected.ids)) for chosen, rejected in encoded]
    too_long = [i for i, length in enumerate(longest) if length > policy.context]
    kept = [i for i, length in enumerate(longest) if length <= policy.context]
    if not kept:
        raise NothingToLearn(
            f"None of {len(pairs)} pairs fits into the model's {policy.context} tokens."
            if pairs
            else "There is no pair to learn from.",
            details={"pairs": len(pairs), "context": policy.context},
        )
    with prepared(policy, how):
        # Before the first step its adapters add nothing: the policy is its own reference, in the very numbers that it
        # is trained in.
        precision = chosen_precision(how.precision, policy.device)
        model = (reference or policy).model
        with computing_in(precision, policy.device), fused_attention(model), fused_activation(model):
            batches = PairBatches.of(
                policy,
                [encoded[i] for i in kept],
                [pairs[i].weight for i in kept],
                how,
                reference=reference or policy,
                watch=watch,
            )
        trained = train(
            policy.model,
            batches,
            PairLoss(beta, label_smoothing),
            how,
            steps=steps,
            watch=watch,
            saving=saving,
            selection=selection,
        )
    return DpoResult(trained, len(kept), too_long)


def agreement_on(verifier: LoadedModel, pairs: Sequence[Pair], *, seed: int = 0) -> PairAgreement:
    """How often `verifier` finds likelier what was chosen, on pairs that it should not have learned from.

    Pairs too long for the context on both sides count as ties.
    """
    examples = [Example(pair.prompt, text) for pair in pairs for text in (pair.chosen, pair.rejected)]
    scores = score_examples(verifier, examples)
    scored = [
        ScoredPair(pair.question, chosen, rejected, pair.weight)
        for pair, chosen, rejected in zip(pairs, scores[::2], scores[1::2], strict=True)
    ]
    return pair_agreement(scored, seed=seed)


@dataclass(frozen=True, slots=True)
class PairLoss:
    """The loss of a batch of pairs. A class, so that it can be sent to another process."""

    beta: float
    label_smoothing: float

    def __call__(self, model: nn.Module, batch: PairBatch) -> Loss:
        return dpo_loss(
            model, batch.ids_BT, batch.learned_BT, batch.reference_B, batch.weights_P,
            beta=self.beta, label_smoothing=self.label_smoothing,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class PairBatch:
    """P pairs as 2P rows, the chosen first. reference_B: (2P,) nats. weights_P: (P,). units: their sum."""

    ids_BT: Tensor
    learned_BT: Tensor
    reference_B: Tensor
    weights_P: Tensor
    units: float

    def __len__(self) -> int:
        return len(self.weights_P)

    def part(self, start: int, stop: int) -> PairBatch:
        """Some of its pairs, both sides of each."""
        ids, learned, reference = (
            torch.cat([side[start:stop] for side in rows.chunk(2)])
            for rows in (self.ids_BT, self.learned_BT, self.reference_B)
        )
        weights = self.weights_P[start:stop]
        return PairBatch(ids, learned, reference, weights, float(weights.sum()))

    def to(self, device: str | torch.device) -> PairBatch:
        return PairBatch(
            self.ids_BT.to(device),
            self.learned_BT.to(device),
            self.reference_B.to(device),
            self.weights_P.to(device),
            self.units,
        )


class PairBatches:
    """The batches of DPO, by number."""

    def __init__(
        self,
        rows: Sequence[tuple[Row, Row]],
        reference: Sequence[tuple[float, float]],
        weights: Sequence[float],
        how: Optimisation,
        *,
        pad: int,
        device: str,
    ) -> None:
        self._rows, self._pad, self._device = rows, pad, device
        self._reference = torch.tensor(reference, dtype=torch.float32)
        self._weights = torch.tensor(weights, dtype=torch.float32)
        lengths = np.array([max(len(chosen.ids), len(rejected.ids)) for chosen, rejected in rows])
        self.order = BatchOrder(lengths, how.batch_size, how.seed)

    @classmethod
    def of(
        cls,
        policy: LoadedModel,
        rows: Sequence[tuple[Row, Row]],
        weights: Sequence[float],
        how: Optimisation,
        *,
        reference: LoadedModel,
        watch: Watch | None = None,
    ) -> PairBatches:
        """With the log-probabilities of `reference` for every row."""
        if min(weights) <= 0:
            raise ValueError(f"weight: {min(weights)}; expected a number above 0")
        scores = score_rows(reference, [row for pair in rows for row in pair], watch=watch)
        both = list(zip(scores[::2], scores[1::2], strict=True))
        return cls(rows, both, weights, how, pad=pad_id(policy.tokenizer), device=policy.device)

    def at(self, index: int) -> PairBatch:
        numbers = self.order.at(index)
        pairs = [self._rows[i] for i in numbers]
        rows = collate(
            [chosen for chosen, _ in pairs] + [rejected for _, rejected in pairs],
            pad=self._pad,
            device=self._device,
        )
        chosen = torch.from_numpy(numbers)
        weights = self._weights[chosen]
        reference = self._reference[chosen].T.reshape(-1)
        return PairBatch(
            rows.ids_BT,
            rows.learned_BT,
            reference.to(self._device),
            weights.to(self._device),
            float(weights.sum()),
        )

    @cached_property
    def fingerprint(self) -> str:
        """A digest of tokens, masks, weights and order. The reference's numbers follow from a model, not from data."""
        rows = fingerprint([row for pair in self._rows for row in pair], self.order)
        return hashlib.sha256(rows.encode() + self._weights.numpy().tobytes()).hexdigest()


def _encode(policy: LoadedModel, pair: Pair, calculator: bool) -> tuple[Row, Row]:
    return (
        encode(policy.tokenizer, Example(pair.prompt, pair.chosen), calculator=calculator),
        encode(policy.tokenizer, Example(pair.prompt, pair.rejected), calculator=calculator),
    )
