"""The local sampler writes what the library would write, and a row's completion is nobody else's business."""

from __future__ import annotations

import copy
import random
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from generation.registry.loading import LoadedModel
from generation.sampling import gptj as fast
from generation.sampling.decoders import share
from generation.sampling.errors import NotFinite, OutOfMemory, PromptTooLong
from generation.sampling.local import LocalSampler, closing_tokens
from generation.sampling.types import Completion, PromptRequest, SamplingSettings
from tests.generation.models import CONTEXT, LEARNT, PROMPT, gptj, other, parrot, tokenizer

KINDS = ["gptj", "llama", "gpt2", "gpt_neox"]
GREEDY = SamplingSettings(max_new_tokens=24)
DRAWN = SamplingSettings(max_new_tokens=24, temperature=0.9, top_p=0.95)


def model(kind: str) -> LoadedModel:
    return gptj() if kind == "gptj" else other(kind)


def prompts(count: int, *, seed: int = 0) -> list[str]:
    """Of very different lengths, a few of them equal."""
    rng = random.Random(seed)
    words = ["Tom", "has", "12", "boxes", "of", "apples.", "\n", "Q:", "560", "+", "Ünïcode", "<<3*4="]
    made = [" ".join(rng.choices(words, k=rng.randint(1, 25))) for _ in range(count)]
    return [made[number // 2] if number % 5 == 0 else made[number] for number in range(count)]


def sample(
    loaded: LoadedModel, texts: list[str], settings: SamplingSettings, **given: Any
) -> list[Completion]:
    requests = [PromptRequest(text, seed=1000 + number) for number, text in enumerate(texts)]
    return LocalSampler(loaded, **given).sample(requests, settings)


def library(loaded: LoadedModel, text: str, new_tokens: int) -> tuple[int, ...]:
    """What `generate` writes greedily behind one prompt, alone."""
    rows = loaded.tokenizer(text, return_tensors="pt")
    with torch.inference_mode():
        out = loaded.model.generate(**rows, max_new_tokens=new_tokens, do_sample=False, pad_token_id=2)
    return tuple(out[0, rows["input_ids"].shape[1] :].tolist())


@pytest.mark.parametrize("kind", KINDS)
def test_greedy_tokens_are_those_of_generate(kind: str) -> None:
    texts = prompts(12)
    found = sample(model(kind), texts, GREEDY)
    assert [one.tokens for one in found] == [library(model(kind), text, 24) for text in texts]


def test_some_completions_end_by_themselves_and_others_are_cut_off() -> None:
    found = sample(gptj(), prompts(40), DRAWN)
    assert {one.finish for one in found} == {"stop", "length"}
    for one in found:
        assert (one.finish == "stop") == (one.tokens[-1] == tokenizer().eos_token_id)
        assert one.token_count == one.scored_tokens == len(one.tokens) <= 24
        assert one.text == tokenizer().decode(one.tokens, skip_special_tokens=True)


@pytest.mark.parametrize("kind", ["gptj", "llama"])
@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_a_row_does_not_depend_on_batch_order_or_neighbours(kind: str, batch_size: int) -> None:
    texts = prompts(20)
    expected = sample(model(kind), texts, DRAWN)
    requests = [PromptRequest(text, seed=1000 + number) for number, text in enumerate(texts)]
    order = random.Random(3).sample(range(20), k=14)
    found = LocalSampler(model(kind), batch_size).sample([requests[index] for index in order], DRAWN)
    for index, one in zip(order, found, strict=True):
        assert one.tokens == expected[index].tokens
        assert one.logprob == pytest.approx(expected[index].logprob, abs=1e-4)


def test_the_two_ways_through_a_gptj_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = prompts(20)
    expected = sample(gptj(), texts, DRAWN)
    monkeypatch.setattr("generation.sampling.local.is_supported", lambda model: False)
    found = sample(gptj(), texts, DRAWN)
    assert [one.tokens for one in found] == [one.tokens for one in expected]


def test_weights_that_are_too_large_to_copy_and_prompts_read_in_parts_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = prompts(20)
    expected = sample(gptj(), texts, DRAWN)
    monkeypatch.setattr(fast, "_JOIN_BELOW", 0)
    monkeypatch.setattr(fast, "_CHUNK_TOKENS", 50)
    assert [one.tokens for one in sample(gptj(), texts, DRAWN)] == [one.tokens for one in expected]


@pytest.mark.parametrize("kind", ["gptj", "llama"])
def test_a_shared_beginning_is_read_once_and_changes_nothing(kind: str) -> None:
    beginning = "Q: Tom has 12 boxes of 4 apples.\nA: He has 48 apples.\n\n" * 3
    texts = [beginning + text for text in prompts(8)]
    assert len(share([tuple(tokenizer()(text)["input_ids"]) for text in texts]).prefix) >= 60
    alone = [sample(model(kind), [text], GREEDY)[0] for text in texts]
    for one, other_one in zip(sample(model(kind), texts, GREEDY), alone, strict=True):
        assert one.tokens == other_one.tokens
        assert one.logprob == pytest.approx(other_one.logprob, abs=1e-4)


def test_one_prompt_asked_many_times_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    start = fast.GptjDecoder.start

    def counted(self: Any, batch: Any, room: int) -> Any:
        read.append(len(batch.suffixes))
        return start(self, batch, room)

    monkeypatch.setattr(fast.GptjDecoder, "start", counted)
    found = sample(gptj(), ["Q: Tom"] * 16, DRAWN)
    assert read == [1]
    assert len({one.tokens for one in found}) > 8


def test_the_same_seed_draws_the_same_and_another_draws_something_else() -> None:
    sampler = LocalSampler(gptj())
    twice = sampler.sample([PromptRequest("Q:", 5), PromptRequest("Q:", 5), PromptRequest("Q:", 6)], DRAWN)
    assert twice[0].tokens == twice[1].tokens != twice[2].tokens


def test_the_log_probability_is_the_sum_over_the_tokens_by_the_library() -> None:
    for one in sample(gptj(), prompts(6), DRAWN):
        whole = torch.tensor([[*one.prompt_tokens, *one.tokens]])
        with torch.inference_mode():
            logprobs = gptj().model(whole).logits.double().log_softmax(-1)[0, len(one.prompt_tokens) - 1 : -1]
        assert one.logprob == pytest.approx(
            logprobs[range(len(one.tokens)), one.tokens].sum().item(), abs=1e-4
        )


def test_a_stop_text_ends_the_completion_before_it() -> None:
    whole = sample(parrot(), [PROMPT], GREEDY)[0]
    assert whole.text == LEARNT
    stopped = sample(parrot(), [PROMPT], SamplingSettings(max_new_tokens=24, stop=("\n###", "never")))[0]
    assert stopped.text == LEARNT.partition("\n###")[0]
    assert stopped.finish == "stop"
    # The tokens of the stop text were chosen too, and count.
    assert tokenizer().decode(stopped.tokens).endswith("\n####")
    assert stopped.scored_tokens == len(stopped.tokens)


def test_the_first_of_several_stop_texts_counts() -> None:
    stopped = sample(parrot(), [PROMPT], SamplingSettings(max_new_tokens=24, stop=("#", " apples", "99")))[0]
    assert stopped.text == " He has <<12*4="


def test_the_calculator_writes_over_the_model_and_does_not_count() -> None:
    without, with_it = (
        sample(parrot(), [PROMPT], SamplingSettings(max_new_tokens=24, calculator=on))[0]
        for on in (False, True)
    )
    assert without.text == LEARNT
    assert with_it.text.startswith(" He has <<12*4=48>>")
    assert with_it.scored_tokens == with_it.token_count - 2
    assert with_it.tokens[:8] != without.tokens[:8]


@pytest.mark.parametrize(
    ("room", "text"), [(7, " He has <<12*4="), (8, " He has <<12*4="), (9, " He has <<12*4=48>>")]
)
def test_half_a_result_is_never_written(room: int, text: str) -> None:
    assert len(tokenizer()(" He has <<12*4=")["input_ids"]) == 7
    found = sample(parrot(), [PROMPT], SamplingSettings(max_new_tokens=room, calculator=True))[0]
    assert (found.text, found.finish) == (text, "length")


def test_rows_that_are_being_written_to_survive_the_end_of_others() -> None:
    settings = SamplingSettings(max_new_tokens=24, calculator=True)
    alone = sample(parrot(), [PROMPT], settings)[0]
    texts = [PROMPT if number % 3 else f"{PROMPT} Tom" for number in range(12)]
    for text, one in zip(texts, sample(parrot(), texts, settings), strict=True):
        assert text != PROMPT or one.tokens == alone.tokens


def test_thinking_is_kept_apart() -> None:
    loaded = copy.copy(parrot())
    loaded.model = copy.deepcopy(loaded.model)
    from tests.generation.models import learn

    learn(loaded, [("Q:", "<think>12 boxes.</think> 48")], steps=60)
    found = sample(loaded, ["Q:"], SamplingSettings(max_new_tokens=60))[0]
    assert (found.reasoning, found.text) == ("12 boxes.", "48")
    [whole] = LocalSampler(loaded, keep_tags=True).sample(
        [PromptRequest("Q:", 0)], SamplingSettings(max_new_tokens=60)
    )
    assert (whole.reasoning, whole.text) == ("", "<think>12 boxes.</think> 48")


def test_a_prompt_that_does_not_fit_is_refused_with_its_lengths_before_anything_runs() -> None:
    long = "Q:" * CONTEXT
    with pytest.raises(PromptTooLong, match=r"384 tokens; with up to 24 .* context of 192 tokens") as caught:
        sample(gptj(), ["Q:", long], GREEDY)
    assert caught.value.details == {"prompt_tokens": 384, "max_new_tokens": 24, "context": CONTEXT}


@pytest.mark.parametrize("kind", KINDS)
def test_a_prompt_that_just_fits_is_completed(kind: str) -> None:
    text = "Q:" * ((CONTEXT - 24) // 2)
    assert sample(model(kind), [text], GREEDY)[0].tokens == library(model(kind), text, 24)


def test_nothing_asked_is_nothing_answered_and_an_empty_prompt_is_refused() -> None:
    assert sample(gptj(), [], GREEDY) == []
    with pytest.raises(ValueError, match="prompt: it is empty"):
        sample(gptj(), [""], GREEDY)
    with pytest.raises(ValueError, match="batch_size: 0"):
        LocalSampler(gptj(), 0)


def test_a_model_that_has_diverged_is_an_error_and_no_completion() -> None:
    broken = copy.copy(gptj())
    broken.model = copy.deepcopy(gptj().model)
    with torch.no_grad():
        broken.model.transformer.h[1].mlp.fc_out.bias[0] = float("nan")
    for settings in (GREEDY, DRAWN):
        with pytest.raises(NotFinite, match="not finite"):
            sample(broken, ["Q:"], settings)


def test_a_model_in_training_is_sampled_without_dropout_and_goes_on_training() -> None:
    loaded = copy.copy(gptj())
    loaded.model = copy.deepcopy(gptj().model)
    loaded.model.train()
    assert sample(loaded, prompts(4), GREEDY) == sample(gptj(), prompts(4), GREEDY)
    assert loaded.model.training


def test_a_trained_model_is_sampled_as_it_is_now() -> None:
    loaded = copy.copy(gptj())
    loaded.model = copy.deepcopy(gptj().model)
    sampler = LocalSampler(loaded)
    before = sampler.sample([PromptRequest("Q:", 1)], GREEDY)
    with torch.no_grad():
        loaded.model.transformer.h[0].attn.q_proj.weight.mul_(-1)
    assert sampler.sample([PromptRequest("Q:", 1)], GREEDY) != before


def test_models_that_close_a_text_in_several_ways_are_believed() -> None:
    loaded = copy.copy(gptj())
    loaded.model = copy.deepcopy(gptj().model)
    loaded.model.generation_config.eos_token_id = [0, 17, 100_000]
    assert closing_tokens(loaded) == {0, 17}


def test_a_batch_that_the_memory_does_not_hold_is_halved_until_it_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start, tried = fast.GptjDecoder.start, []
    room = 5

    def starved(self: Any, batch: Any, new: int) -> Any:
        tried.append(len(batch.owner))
        if len(batch.owner) > room:
            raise torch.OutOfMemoryError("a GPU would say so")
        return start(self, batch, new)

    expected = sample(gptj(), prompts(20), DRAWN)
    monkeypatch.setattr(fast.GptjDecoder, "start", starved)
    said: list[str] = []
    watch = SimpleNamespace(log=said.append)
    found = sample(gptj(), prompts(20), DRAWN, batch_size=16, watch=watch)
    assert [one.tokens for one in found] == [one.tokens for one in expected]
    assert [words.split(" at once: ")[1] for words in said] == [
        "8 at once from here on.",
        "4 at once from here on.",
    ]
    assert tried == [16, 8, 4, 4, 4, 4, 4]
    room = 0
    with pytest.raises(OutOfMemory, match="does not hold"):
        sample(gptj(), prompts(3), DRAWN)


@pytest.mark.gpu
def test_a_gpu_writes_what_the_cpu_writes() -> None:
    moved = copy.copy(gptj())
    moved.model = copy.deepcopy(gptj().model).to("cuda")
    moved.device = "cuda"
    assert [one.tokens for one in sample(moved, prompts(12), GREEDY)] == [
        one.tokens for one in sample(gptj(), prompts(12), GREEDY)
    ]
