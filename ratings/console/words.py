"""What the product's codes mean, for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ratings.studies import draw

#: Why the draw left questions out.
EXCLUDED = {
    draw.PROMPT: "They stand in a few-shot prompt (split “prompt”), so raters never see them.",
    draw.MISSING: "A source has no rationale for them.",
    draw.NOT_RIGHT: "A source has a rationale, but none that reaches the right answer.",
    draw.TEXT_DISAGREES: "The letter is right, but the words name another choice (strict text).",
    draw.IDENTICAL: "Two of their rationales read the same.",
}

#: Why ratings were not counted.
NOT_COUNTED = {
    "skipped": "skipped by the rater",
    "surplus": "rated after another rater had taken the slot",
    "superseded": "revised later by the same rater",
    "revised": "revised later by the same rater",
    "not_current": "revised later by the same rater",
}

LINT_RULES = {
    "incomplete": "A rationale is missing or empty",
    "identical": "Two rationales read the same",
    "source_name": "A rationale contains a source's name",
    "everyday_label": "A rationale contains a source's name that is an everyday word",
    "leftover": "The normaliser left something behind",
    "model_name": "A rationale names a model",
    "prompt_leftover": "A rationale still has a part of its prompt",
    "thinking_tag": "A rationale has a tag of a model's thinking",
    "odd_character": "A rationale has an odd character",
    "length_outlier": "A rationale is more than twice as long as its triple's median",
    "looks": "Looks alone tell the sources, better than chance",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """How many things were left out for one reason, and what that means."""

    code: str
    count: int
    words: str


def explain(counts: Mapping[str, int], meanings: Mapping[str, str]) -> list[Reason]:
    """Most frequent first."""
    return [
        Reason(code=code, count=count, words=meanings.get(code, code.replace("_", " ")))
        for code, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
