"""How well a base does on questions that it has never seen: greedy, with and without the answer as a hint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Any

from generation.prompts import Asked, build_prompt, stop_strings, uses_calculator
from generation.registry.loading import LoadedModel
from generation.sampling.local import LocalSampler
from generation.sampling.types import PromptRequest, SamplingSettings
from problems.addition import REVERSED_ORDER, WRITTEN_ORDER, is_valid_scratchpad
from problems.drawing import Drawn, draw_sums, draw_word_problems
from problems.grading import grade
from problems.types import Family, Verdict
from problems.word_problems import style_of

#: Enough for a sum of five digits, and for four explicit steps.
MAX_NEW_TOKENS = 160
#: Of ten questions drawn, one is of the test split.
_DRAWN_PER_TEST = 12


def measure(
    loaded: LoadedModel,
    *,
    count: int,
    seed: int,
    digits: Sequence[int] = (1, 2, 3, 4, 5),
    word_problems: bool = True,
    answer_order: str = WRITTEN_ORDER,
) -> dict[str, Any]:
    """Shares of right answers among at most `count` questions of the test splits for each kind.

    Returns `addition` by number of digits, `addition_valid` (no wrong line in the scratchpad) and `word_problem`, each
    also with `_hinted`; `styles` and `right_by_style` of the word problems. word_problems: False leaves these out.
    answer_order: of the sums.
    """
    backwards = answer_order == REVERSED_ORDER
    sums = {length: _test_sums(length, count, seed, backwards) for length in digits}
    words = _test_word_problems(count, seed) if word_problems else []
    found: dict[str, Any] = {}
    for hint, ending in ((False, ""), (True, "_hinted")):
        for length, questions in sums.items():
            texts = complete(loaded, Family.ADDITION, questions, hint=hint)
            right = judge(Family.ADDITION, questions, texts)
            valid = [
                is_valid_scratchpad(one.question, text) for one, text in zip(questions, texts, strict=True)
            ]
            found.setdefault(f"addition{ending}", {})[str(length)] = _share(right)
            found.setdefault(f"addition_valid{ending}", {})[str(length)] = _share(valid)
        if not words:
            continue
        texts = complete(loaded, Family.WORD_PROBLEM, words, hint=hint)
        right = judge(Family.WORD_PROBLEM, words, texts)
        found[f"word_problem{ending}"] = _share(right)
        if not hint:
            found |= _by_style(texts, right)
    return found


def complete(
    loaded: LoadedModel, family: Family, questions: Sequence[Drawn], *, hint: bool = False
) -> list[str]:
    """The model's greedy completion of each question."""
    prompts = [build_prompt(family, Asked(one.question, answer=one.answer), hint=hint) for one in questions]
    settings = SamplingSettings(
        max_new_tokens=MAX_NEW_TOKENS, stop=stop_strings(family), calculator=uses_calculator(family)
    )
    requests = [PromptRequest(prompt, seed=0) for prompt in prompts]
    return [completion.text for completion in LocalSampler(loaded).sample(requests, settings)]


def judge(family: Family, questions: Sequence[Drawn], texts: Sequence[str]) -> list[bool]:
    return [
        grade(family, text, gold=one.answer).verdict is Verdict.CORRECT
        for one, text in zip(questions, texts, strict=True)
    ]


def _test_sums(length: int, count: int, seed: int, backwards: bool) -> list[Drawn]:
    there = 100 if length == 1 else (9 * 10 ** (length - 1)) ** 2
    drawn = draw_sums(min(there, _DRAWN_PER_TEST * count), digits=[length], seed=seed, reversed=backwards)
    return list(islice((one for one in drawn if one.split == "test"), count))


def _test_word_problems(count: int, seed: int) -> list[Drawn]:
    drawn = draw_word_problems(_DRAWN_PER_TEST * count, seed=seed)
    return list(islice((one for one in drawn if one.split == "test"), count))


def _by_style(texts: Sequence[str], right: Sequence[bool]) -> dict[str, Any]:
    styles = [style_of(text).value for text in texts]
    counts = Counter(styles)
    rights = Counter(style for style, good in zip(styles, right, strict=True) if good)
    return {
        "styles": {style: round(count / len(texts), 4) for style, count in sorted(counts.items())},
        "right_by_style": {style: round(rights[style] / count, 4) for style, count in sorted(counts.items())},
    }


def _share(flags: Sequence[bool]) -> float:
    return round(sum(flags) / len(flags), 4) if flags else 0.0
