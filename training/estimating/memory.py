"""How much memory a part needs, by formula: weights, what training adds to them, what sampling keeps.

A training holds weights, gradients and AdamW's two moments, and for the backward pass the activations of one batch:
per layer and token about 16 hidden states (Korthikanti et al. 2022, table 2: 34 bytes in half precision, of which
we count values, not bytes, and no dropout), the attention's probabilities where they are made (twice, before and after
the softmax), and at the end the logits three times (themselves, their log-softmax and its gradient). A sampler keeps
keys and values of every row, half of them a second time while the cache grows.

Of several processes that share a training each is a process of its own, with libraries and weights, a gradient and the
activations of its share; the moments are the first one's.
"""

from __future__ import annotations

from collections.abc import Iterable

from training.estimating.figures import Figures, Shape
from training.estimating.parts import SAMPLER_ROWS, Part, Sampling, Scoring, Training

#: Hidden states kept for the backward pass, per layer and token.
HIDDEN_STATES = 16
#: The share of the weights that adapters have, as LoRA's usually do.
ADAPTED = 0.01
#: Bytes of a candidate in Python's memory: two prompts, the completion, its tokens.
CANDIDATE_BYTES = 6_000
#: Tokens that are scored at a time (training.scoring.BATCH_TOKENS).
SCORED_AT_ONCE = 16_384


def peak_bytes(parts: Iterable[Part], figures: Figures) -> int:
    """Of all processes together: what each holds at any rate, and the part that needs most on top of it.

    On a GPU what is computed lies there, and only the rows are the process's.
    """
    parts = list(parts)
    rows = sum(part.rows for part in parts if isinstance(part, Sampling) and part.stored)
    own = figures.held_bytes + rows * CANDIDATE_BYTES + (0 if figures.on_gpu else _most(parts, figures.shape))
    shared = [part for part in parts if isinstance(part, Training) and part.processes > 1]
    if not shared:
        return own
    helper = 0 if figures.on_gpu else max(_helper_bytes(part, figures.shape) for part in shared)
    return own + (max(part.processes for part in shared) - 1) * (figures.held_bytes + helper)


def device_bytes(parts: Iterable[Part], figures: Figures) -> int | None:
    """Of the GPU: the weights, and the part that needs most on top of them. None without one."""
    if not figures.on_gpu:
        return None
    return figures.shape.parameters * figures.shape.weight_bytes + _most(list(parts), figures.shape)


def _most(parts: list[Part], shape: Shape) -> int:
    return max((_bytes(part, shape) for part in parts), default=0)


def _bytes(part: Part, shape: Shape) -> int:
    match part:
        case Training():
            return training_bytes(
                shape,
                tokens=part.at_once,
                length=part.length,
                best=bool(part.selections),
                checkpointing=part.checkpointing,
                adapted=part.adapted,
            )
        case Sampling():
            return sampling_bytes(
                shape, rows=min(part.rows, part.together, SAMPLER_ROWS), length=part.prompt + part.longest
            )
        case Scoring():
            tokens = min(SCORED_AT_ONCE, part.texts * part.length)
            # Without a backward pass: logits and their log-softmax, and one layer at a time.
            return round(tokens * shape.weight_bytes * (2 * shape.vocabulary + HIDDEN_STATES * shape.width))
    return 0


def _helper_bytes(part: Training, shape: Shape) -> int:
    return training_bytes(
        shape,
        tokens=part.at_once,
        length=part.length,
        checkpointing=part.checkpointing,
        adapted=part.adapted,
        moments=False,
    )


def training_bytes(
    shape: Shape,
    *,
    tokens: float,
    length: float,
    best: bool = False,
    checkpointing: bool = False,
    adapted: bool = False,
    moments: bool = True,
) -> int:
    """On top of the weights. tokens: of one batch. best: whether the best weights so far are kept beside them.

    checkpointing: one state is kept for each layer, and one layer at a time made whole again. adapted: only adapters
    are learned. moments: False for a process that only helps.
    """
    learned = shape.parameters * (ADAPTED if adapted else 1.0)
    layer = HIDDEN_STATES * shape.width + 2 * shape.heads * length
    kept = shape.layers * shape.width + layer if checkpointing else shape.layers * layer
    values = (1 + 2 * moments + best) * learned + tokens * (kept + 3 * shape.vocabulary)
    return round(values * shape.weight_bytes)


def sampling_bytes(shape: Shape, *, rows: int, length: float) -> int:
    """On top of the weights. length: of prompt and completion together."""
    cache = rows * length * shape.layers * 2 * shape.width * shape.weight_bytes
    return round(1.5 * cache + rows * 3 * shape.vocabulary * shape.weight_bytes)
