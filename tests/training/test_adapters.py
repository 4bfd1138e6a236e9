"""LoRA, gradient checkpointing and bf16: what is trained, what is left of it, and whose gradients these are."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from transformers.activations import NewGELUActivation

from generation.sampling.gptj import GptjDecoder
from generation.sampling.local import LocalSampler
from generation.sampling.types import PromptRequest, SamplingSettings
from tests.training.test_loop import Killed, KilledAfter
from tests.training.tiny import EIGHT, batches_of, loaded_tiny, same, tiny_model, weights
from training.adapters import Lora, adapted, linear_names
from training.attention import fused_attention
from training.dpo import dpo
from training.errors import LossNotFinite, TrainingError
from training.gradients import backward
from training.loop import Optimisation, Saving
from training.losses import Loss
from training.precision import chosen_precision, narrow, widen
from training.preparing import prepared
from training.records import Pair
from training.resume import latest_state
from training.schedule import Schedule
from training.scoring import score_rows
from training.sft import _loss, sft

HOW = Optimisation(Schedule(1e-2), batch_size=4, lora=Lora(rank=4, alpha=8, dropout=0.1))
LINEAR = ["k_proj", "v_proj", "q_proj", "out_proj", "fc_in", "fc_out"]


def gradients(model: torch.nn.Module, precision: str = "fp32") -> dict[str, torch.Tensor]:
    model.train()
    torch.manual_seed(0)
    batches = [batches_of(EIGHT, batch_size=8).at(0)]
    backward(model, batches, _loss, units=batches[0].units, rows=0, precision=precision)  # type: ignore[arg-type]
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def test_checkpointing_changes_no_gradient_and_is_gone_afterwards():
    plain, saving = loaded_tiny(), loaded_tiny()
    expected = gradients(plain.model)
    how = replace(HOW, lora=None, checkpointing=True)
    with prepared(saving, how):
        assert saving.model.is_activation_checkpointing
        found = gradients(saving.model)
    assert found.keys() == expected.keys()
    for name in found:
        torch.testing.assert_close(found[name], expected[name], rtol=0, atol=1e-6)
    assert not saving.model.is_activation_checkpointing


def test_fused_attention_changes_no_gradient_and_is_gone_afterwards():
    plain, fused = loaded_tiny(), loaded_tiny()
    expected = gradients(plain.model)
    with fused_attention(fused.model), fused_attention(fused.model):
        found = gradients(fused.model)
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], rtol=0, atol=1e-6)
    assert not any("_attn" in vars(block.attn) for block in fused.model.transformer.h)


def test_a_fused_activation_changes_no_gradient_keeps_less_and_is_gone_afterwards():
    plain, fused = loaded_tiny(), loaded_tiny()
    for loaded in (plain, fused):
        for block in loaded.model.transformer.h:
            block.mlp.act = NewGELUActivation()
    expected, kept = kept_by(plain.model)
    with prepared(fused, replace(HOW, lora=None)):
        found, kept_fused = kept_by(fused.model)
    for name in expected:
        torch.testing.assert_close(found[name], expected[name], rtol=0, atol=1e-6)
    assert kept_fused < 0.8 * kept
    assert all(type(block.mlp.act) is NewGELUActivation for block in fused.model.transformer.h)


def kept_by(model: torch.nn.Module) -> tuple[dict[str, torch.Tensor], int]:
    """Gradients, and the bytes of different tensors that the forward pass keeps for them; attention fused."""
    kept: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with fused_attention(model), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        found = gradients(model)
    return found, sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


def test_adapters_alone_are_trained_and_what_is_left_is_the_merged_model(tmp_path):
    # The merged weights are W + alpha / rank x B A, with A and B read back from the saved state.
    loaded, base = loaded_tiny(), weights(tiny_model())
    sft(loaded, EIGHT, HOW, steps=6, saving=Saving(tmp_path, every=6))
    merged = weights(loaded.model)
    place = latest_state(tmp_path)
    assert place is not None
    state = load_file(place / "state.safetensors")
    trained = {name for name in state if name.startswith("model/")}
    assert trained and all(".lora_A." in name or ".lora_B." in name for name in trained)
    assert merged.keys() == base.keys()
    for name, weight in merged.items():
        module = name.removesuffix(".weight")
        if module.rpartition(".")[2] in LINEAR and name.endswith(".weight"):
            a, b = (state[f"model/{module}.lora_{part}.lora.weight"] for part in "AB")
            torch.testing.assert_close(weight, base[name] + 8 / 4 * b @ a, rtol=1e-5, atol=1e-7)
            assert not torch.equal(weight, base[name])
        else:
            assert torch.equal(weight, base[name]), name
    assert all(parameter.requires_grad for parameter in loaded.model.parameters())
    assert not hasattr(loaded.model, "peft_config")


def test_an_interrupted_training_of_adapters_ends_with_bitwise_the_same_model(tmp_path):
    straight, resumed, saving = loaded_tiny(), loaded_tiny(), Saving(tmp_path, every=3)
    sft(straight, EIGHT, HOW, steps=8)
    with pytest.raises(Killed):
        sft(loaded_tiny(), EIGHT, HOW, steps=8, saving=saving, watch=KilledAfter(5))
    assert sft(resumed, EIGHT, HOW, steps=8, saving=saving).trained.resumed_at == 3
    assert same(weights(straight.model), weights(resumed.model))


def test_the_reference_of_dpo_is_the_base_without_adapters():
    pairs = [Pair(str(n), one.prompt, one.completion, "nothing.") for n, one in enumerate(EIGHT)]
    implied, given = loaded_tiny(), loaded_tiny()
    dpo(implied, pairs, HOW, steps=4, beta=0.5)
    dpo(given, pairs, HOW, steps=4, beta=0.5, reference=loaded_tiny())
    assert same(weights(implied.model), weights(given.model))
    assert not same(weights(implied.model), weights(tiny_model()))


def test_a_merged_model_is_sampled_and_trained_from_like_any_other():
    loaded = loaded_tiny()
    first = sft(
        loaded, EIGHT, replace(HOW, batch_size=8, lora=Lora(rank=8, alpha=32)), steps=60
    ).trained.losses
    assert isinstance(LocalSampler(loaded)._decoder(), GptjDecoder)
    asked = [PromptRequest(one.prompt, 0) for one in EIGHT]
    [fast] = LocalSampler(loaded).sample(asked[:1], SamplingSettings(max_new_tokens=8))
    assert fast.logprob is not None
    read = torch.tensor([[*fast.prompt_tokens, *fast.tokens]])
    logits = loaded.model(input_ids=read).logits[0, len(fast.prompt_tokens) - 1 : -1]
    chosen = torch.log_softmax(logits, -1).max(-1)
    assert chosen.indices.tolist() == list(fast.tokens)
    assert float(chosen.values.sum()) == pytest.approx(fast.logprob, rel=1e-4)
    again = sft(loaded, EIGHT, replace(HOW, batch_size=8, lora=None), steps=20).trained.losses
    assert first[0] > first[-1] > again[0] > 3 * again[-1]


def test_what_was_learned_before_a_loss_that_is_no_number_is_merged_and_handed_on():
    def poisoned(model: torch.nn.Module, batch: object) -> Loss:
        raise LossNotFinite(3, what="loss", value=float("nan"), last_saved=None)

    loaded = loaded_tiny()
    with pytest.raises(LossNotFinite) as caught, prepared(loaded, HOW):
        with torch.no_grad():
            for name, parameter in loaded.model.named_parameters():
                if "lora_B" in name:
                    parameter.fill_(0.1)
        poisoned(loaded.model, None)
    assert caught.value.loaded is loaded
    assert weights(loaded.model).keys() == weights(tiny_model()).keys()
    assert not same(weights(loaded.model), weights(tiny_model()))


def test_targets_are_the_layers_named_and_unknown_ones_are_refused_with_those_there_are():
    model = tiny_model()
    assert sorted(linear_names(model)) == sorted(LINEAR)
    with adapted(model, Lora(rank=2, alpha=2, targets=("q_proj",)), seed=0):
        names = {
            name.split(".lora_")[0].rpartition(".")[2]
            for name, p in model.named_parameters()
            if p.requires_grad
        }
        assert names == {"q_proj"}
    with pytest.raises(
        TrainingError, match="lora_targets: .* no linear layer 'query'; it has .*q_proj"
    ) as caught:
        sft(loaded_tiny(), EIGHT, replace(HOW, lora=Lora(rank=2, alpha=2, targets=("query",))), steps=1)
    assert caught.value.details["value"] == "query"
    assert same(weights(model), weights(tiny_model()))


@pytest.mark.parametrize(
    "wrong", [{"rank": 0, "alpha": 1}, {"rank": 1, "alpha": 0}, {"rank": 1, "alpha": 1, "dropout": 1}]
)
def test_impossible_adapters_are_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        Lora(**wrong)


# -------------------------------------------------------------------------------------------------------- precision


def test_a_processor_computes_in_fp32_unless_bf16_is_asked_for():
    assert chosen_precision("auto", "cpu") == "fp32"
    assert chosen_precision("bf16", "cpu") == "bf16"
    if torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False):
        assert chosen_precision("auto", "cuda") == "bf16"
        assert chosen_precision("fp32", "cuda") == "fp32"


def test_bf16_is_close_to_fp32_and_leaves_weights_and_gradients_in_fp32():
    exact, rounded = gradients(tiny_model()), gradients(tiny_model(), "bf16")
    off = [(exact[name] - rounded[name]).norm() / exact[name].norm() for name in exact]
    assert all(gradient.dtype == torch.float32 for gradient in rounded.values())
    # bf16 keeps 8 bits: some 0.4% each time that a number is rounded.
    assert 0 < float(max(off)) < 0.05


def test_a_model_stored_in_bf16_is_trained_on_fp32_masters_and_given_back_as_it_was():
    loaded = loaded_tiny()
    loaded.model.to(torch.bfloat16)
    seen: list[torch.dtype] = []

    class Looking(KilledAfter):
        def check(self) -> None:
            seen.append(next(loaded.model.parameters()).dtype)

    # So small a rate that bf16 weights alone would never move.
    how = Optimisation(Schedule(1e-5), batch_size=8)
    before = widen(copy.deepcopy(loaded.model), frozen=True)
    losses = sft(loaded, EIGHT, how, steps=40, watch=Looking(10_000)).trained.losses
    assert set(seen) == {torch.float32}
    assert losses[-1] < losses[0]
    assert all(parameter.dtype == torch.bfloat16 for parameter in loaded.model.parameters())
    assert set(before.values()) == {torch.bfloat16}
    narrow(loaded.model, before)
    assert score_rows(loaded, []) == []
