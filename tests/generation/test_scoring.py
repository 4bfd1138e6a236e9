"""Scores are the sampler's own log-probabilities, and the library's."""

from __future__ import annotations

import copy
import math

import pytest
import torch

from generation.registry.tokens import encode_completion, encode_prompt
from generation.sampling.errors import NotFinite, PromptTooLong
from generation.sampling.local import LocalSampler
from generation.sampling.scoring import completion_logprobs, score_tokens
from generation.sampling.types import PromptRequest, SamplingSettings
from tests.generation.models import LEARNT, PROMPT, gptj, other, parrot, tokenizer
from tests.generation.test_local import prompts


@pytest.mark.parametrize("kind", ["gptj", "llama", "gpt2"])
def test_a_sampled_completion_scores_what_the_sampler_said(kind: str) -> None:
    loaded = gptj() if kind == "gptj" else other(kind)
    requests = [PromptRequest(text, seed) for seed, text in enumerate(prompts(24))]
    found = LocalSampler(loaded).sample(requests, SamplingSettings(max_new_tokens=20, temperature=1.0))
    scores = score_tokens(loaded, [(one.prompt_tokens, one.tokens) for one in found], calculator=False)
    assert scores == pytest.approx([one.logprob for one in found], abs=1e-4)


def test_what_the_calculator_wrote_is_left_out_by_both() -> None:
    settings = SamplingSettings(max_new_tokens=24, calculator=True)
    (found,) = LocalSampler(parrot()).sample([PromptRequest(PROMPT, 0)], settings)
    assert found.scored_tokens < found.token_count and found.logprob is not None
    pair = (found.prompt_tokens, found.tokens)
    assert score_tokens(parrot(), [pair]) == pytest.approx([found.logprob], abs=1e-4)
    # The model was sure of 99: with the calculator's 48 counted in, the text is far less likely.
    assert score_tokens(parrot(), [pair], calculator=False)[0] < found.logprob - 1


def test_a_text_scores_the_sum_by_the_library_with_its_closing_token() -> None:
    pairs = [(PROMPT, LEARNT), ("Q:", " yes"), ("Tom has 12 boxes", " of 4 apples.")]
    for eos in (True, False):
        expected = []
        for prompt, completion in pairs:
            before = encode_prompt(tokenizer(), prompt)
            after = encode_completion(tokenizer(), completion, eos=eos)
            with torch.inference_mode():
                logits = gptj().model(torch.tensor([before + after])).logits.double()[0]
            logprobs = logits.log_softmax(-1)[len(before) - 1 : -1]
            expected.append(logprobs[range(len(after)), after].sum().item())
        assert completion_logprobs(gptj(), pairs, eos=eos) == pytest.approx(expected, abs=1e-4)


def test_batches_of_any_size_give_the_same_scores_in_the_callers_order() -> None:
    pairs = [(text, text[::-1]) for text in prompts(20)]
    expected = completion_logprobs(gptj(), pairs)
    assert len(set(expected)) > 10
    for batch_tokens in (1, 150, 700):
        assert completion_logprobs(gptj(), pairs, batch_tokens=batch_tokens) == pytest.approx(
            expected, abs=1e-4
        )


def test_logits_of_a_large_vocabulary_are_held_for_few_rows_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pairs = [(text, " apples") for text in prompts(10)]
    expected = completion_logprobs(gptj(), pairs)
    monkeypatch.setattr("generation.sampling.scoring._MAX_LOGITS", 2_000)
    assert completion_logprobs(gptj(), pairs) == pytest.approx(expected, abs=1e-4)


def test_colons_and_marks_in_a_prompt_or_completion_move_nothing() -> None:
    before, after = (
        encode_prompt(tokenizer(), "Q: a: b\nA:"),
        encode_completion(tokenizer(), " C: 1\n#### 2: 3"),
    )
    parts = [score_tokens(gptj(), [([*before, *after[:cut]], after[cut:])])[0] for cut in range(len(after))]
    ones = [score_tokens(gptj(), [([*before, *after[:at]], [after[at]])])[0] for at in range(len(after))]
    assert parts == pytest.approx([math.fsum(ones[cut:]) for cut in range(len(after))], abs=1e-4)


def test_an_empty_completion_is_certain_and_nothing_has_no_scores() -> None:
    assert score_tokens(gptj(), [([5], []), ([5], [7])])[0] == 0.0
    assert score_tokens(gptj(), []) == []


def test_what_does_not_fit_is_refused_before_anything_is_read() -> None:
    with pytest.raises(PromptTooLong, match="150 tokens"):
        score_tokens(gptj(), [([5], [7]), ([5] * 150, [7] * 50)])
    with pytest.raises(ValueError, match="prompt: it is empty"):
        score_tokens(gptj(), [([], [7])])


def test_a_model_that_has_diverged_is_an_error_and_no_score() -> None:
    broken = copy.copy(gptj())
    broken.model = copy.deepcopy(gptj().model)
    with torch.no_grad():
        broken.model.lm_head.bias.fill_(float("nan"))
    with pytest.raises(NotFinite):
        score_tokens(broken, [([5], [7])])
