"""A model, a tokenizer and rows small enough to train inside a test."""

from __future__ import annotations

import string
from collections.abc import Sequence

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import GPTJConfig, GPTJForCausalLM, PreTrainedTokenizerFast

from generation.registry.loading import LoadedModel
from training.batching import Example, Row, RowBatches, encode_all, pad_id

torch.set_num_threads(1)


def char_tokenizer() -> PreTrainedTokenizerFast:
    """One token a character; end of text and padding are tokens of their own."""
    characters = [*string.printable, "…"]
    vocabulary = {token: number for number, token in enumerate(["<pad>", "<eos>", "<unk>", *characters])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    )


def tiny_model(
    *, seed: int = 0, layers: int = 2, width: int = 32, context: int = 160, dropout: float = 0.0
) -> GPTJForCausalLM:
    """A GPT-J from scratch over the characters of `char_tokenizer`."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = GPTJConfig(
            vocab_size=len(char_tokenizer()),
            n_positions=context,
            n_embd=width,
            n_layer=layers,
            n_head=2,
            rotary_dim=8,
            activation_function="gelu_pytorch_tanh",
            resid_pdrop=dropout,
            embd_pdrop=dropout,
            attn_pdrop=dropout,
            bos_token_id=None,
            eos_token_id=1,
            pad_token_id=0,
        )
        return GPTJForCausalLM(config).eval()


def loaded_tiny(*, seed: int = 0, layers: int = 2, width: int = 32) -> LoadedModel:
    """The tiny model as the registry hands models out."""
    model = tiny_model(seed=seed, layers=layers, width=width)
    return LoadedModel(model, char_tokenizer(), model.config.n_positions, "cpu")


#: Eight things to learn by heart.
NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven"]
EIGHT = [Example(f"{number}? ", f"{name}.") for number, name in enumerate(NAMES)]


def rows_of(examples: Sequence[Example]) -> list[Row]:
    return encode_all(char_tokenizer(), examples, context=160)[0]


def batches_of(examples: Sequence[Example], *, batch_size: int = 4, seed: int = 0) -> RowBatches:
    return RowBatches(rows_of(examples), batch_size=batch_size, seed=seed, pad=pad_id(char_tokenizer()))


def weights(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    """Bitwise."""
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
