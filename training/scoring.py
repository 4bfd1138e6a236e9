"""How likely a model finds completions: the score of a V-STaR verifier, and the reference of DPO.

The same tokens are summed as are learned (`training.batching`), the end of text among them, in the same kind of
batches: a policy scored before its first step has exactly its reference's log-probabilities.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from generation.registry.loading import LoadedModel
from generation.sampling.memory import give_back, ran_out
from training.batching import Example, Row, collate, encode, pad_id
from training.loop import Unwatched, Watch
from training.losses import summed_logprobs

#: Tokens of one forward pass, padding among them.
BATCH_TOKENS = 16_384


def score_examples(
    loaded: LoadedModel,
    examples: Sequence[Example],
    *,
    batch_tokens: int = BATCH_TOKENS,
    calculator: bool = True,
    watch: Watch | None = None,
) -> list[float]:
    """log p(completion | prompt) of each example, in nats. An example longer than the context has -inf.

    Equal examples are scored once and have equal scores.
    """
    distinct = list(dict.fromkeys(examples))
    rows = [encode(loaded.tokenizer, example, calculator=calculator) for example in distinct]
    scores = dict(
        zip(distinct, score_rows(loaded, rows, batch_tokens=batch_tokens, watch=watch), strict=True)
    )
    return [scores[example] for example in examples]


def score_rows(
    loaded: LoadedModel,
    rows: Sequence[Row],
    *,
    batch_tokens: int = BATCH_TOKENS,
    watch: Watch | None = None,
) -> list[float]:
    """log p of the learned tokens of each row, in nats; -inf for rows longer than the context.

    A batch that the memory does not hold is scored in halves.
    """
    watch = watch or Unwatched()
    lengths = np.array([len(row.ids) for row in rows])
    scores = np.full(len(rows), -np.inf)
    was_training = loaded.model.training
    loaded.model.eval()
    left = deque(_parts(lengths, loaded.context, batch_tokens))
    while left:
        watch.check()
        part = left.popleft()
        found = _scores(loaded, [rows[i] for i in part])
        if found is None:
            give_back()
            left.extendleft([part[len(part) // 2 :], part[: len(part) // 2]])
        else:
            scores[part] = found
    loaded.model.train(was_training)
    return [float(score) for score in scores]


def _scores(loaded: LoadedModel, rows: Sequence[Row]) -> Any:
    """None where the memory does not hold so many rows at once; raises where it does not hold one."""
    try:
        batch = collate(rows, pad=pad_id(loaded.tokenizer), device=loaded.device)
        with torch.no_grad():
            return summed_logprobs(loaded.model, batch.ids_BT, batch.learned_BT).cpu().numpy()
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error) or len(rows) == 1:
            raise
    return None


def _parts(lengths: np.ndarray, context: int, batch_tokens: int) -> list[np.ndarray]:
    """Row numbers by batch, shortest first, each batch at most `batch_tokens` with its padding, or one row."""
    order = [int(i) for i in np.argsort(lengths, kind="stable") if lengths[i] <= context]
    parts: list[list[int]] = []
    for row in order:
        # Sorted by length: the row at hand is the longest of its batch.
        if parts and (len(parts[-1]) + 1) * lengths[row] <= batch_tokens:
            parts[-1].append(row)
        else:
            parts.append([row])
    return [np.array(part) for part in parts]
