"""What the loops' figures are called on a run's curves. Names with the same word before the slash share a chart."""

from __future__ import annotations

_NAMES = {
    "loss": "loss",
    "learning_rate": "learning rate",
    "gradient_norm": "gradient norm",
    "accuracy": "pairs put in order",
    "margin": "reward/margin",
    "reward_chosen": "reward/chosen",
    "reward_rejected": "reward/rejected",
    "validation": "held-out log-likelihood per token",
    "held_out_agreement": "held-out agreement",
    "best_of_k": "held-out best-of-k",
}


def curve_name(name: str, *, of: str = "") -> str:
    """of: whose training it is, where a run has several kinds."""
    words = _NAMES.get(name, name.replace("_", " "))
    return f"{of} {words}" if of else words
