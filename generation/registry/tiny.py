"""A tiny GPT-J and its tokenizer, from scratch: the model of the demo, of the tests, and of anybody's first try.

GPT-J as `transformers` has it, so that what works here works for `EleutherAI/gpt-j-6b`: parallel attention and MLP,
rotary positions on part of each head, no other positions. Two settings differ for speed and change no result:
`gelu_pytorch_tanh` is `gelu_new` in one fused kernel, and `n_positions` is small because `transformers` repeats the
whole table of rotary positions for every row of a batch.

The tokenizer is byte-level BPE: any text can be written and comes back byte for byte, and there is no unknown token.
Its pre-tokenizer cuts so that the pieces mean the same wherever they stand:

- one or two digits, with or without the space before them, are one token each, always in the vocabulary: arithmetic
  is learnt on digits, and `1143` is `11` `43`;
- a word with the space before it is one piece, and one token if it is frequent enough;
- a run of one punctuation mark is one piece (`<<`, `>>`, `####`), different marks are different pieces, so that what
  the calculator splices in (`12>>`) is tokenised as it would be in a whole text;
- a line break stands alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import product
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPTJConfig, GPTJForCausalLM, PreTrainedTokenizerFast

from generation.registry.loading import LoadedModel

EOS, BOS, PAD = "<eos>", "<bos>", "<pad>"

_PIECES = (
    r"'(?:s|t|re|ve|ll|d|m)(?!\p{L})"
    r"|\n"
    r"| ?[0-9]{1,2}"
    r"| ?\p{L}+"
    r"| ?([^\s\p{L}0-9])\1*"
    r"|[^\S\n]"
)
_DIGITS = "0123456789"
#: How the byte-level alphabet writes a space.
_SPACE = "Ġ"
#: (space, digit), (digit, digit), (space and digit, digit): 210 merges; no piece but a number ever meets them.
_DIGIT_MERGES = (
    *product([_SPACE], _DIGITS),
    *product(_DIGITS, _DIGITS),
    *product([_SPACE + digit for digit in _DIGITS], _DIGITS),
)
#: Three special tokens, 256 bytes and the numbers.
MIN_VOCABULARY = 3 + 256 + len(_DIGIT_MERGES)


def train_tokenizer(corpus: Iterable[str], vocabulary: int) -> Any:
    """A tokenizer of at most `vocabulary` tokens, learnt from `corpus`; the same corpus gives the same tokenizer.

    corpus: texts; their words become tokens by frequency. vocabulary: at least MIN_VOCABULARY; a small corpus fills
    less. Returns a `PreTrainedTokenizerFast` with `<eos>`, `<bos>` and `<pad>` as tokens 0, 1 and 2.
    """
    if vocabulary < MIN_VOCABULARY:
        raise ValueError(f"vocabulary: {vocabulary}; expected at least {MIN_VOCABULARY}")
    learnt = _learn_merges(corpus, vocabulary - MIN_VOCABULARY)
    merges = [*_DIGIT_MERGES, *learnt]
    names = [EOS, BOS, PAD, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    names += ["".join(merge) for merge in merges]
    tokenizer = _bare(models.BPE({name: number for number, name in enumerate(names)}, merges))
    fast: Any = PreTrainedTokenizerFast
    return fast(
        tokenizer_object=tokenizer,
        eos_token=EOS,
        bos_token=BOS,
        pad_token=PAD,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )


def new_tiny_gptj(
    tokenizer: Any,
    *,
    layers: int,
    width: int,
    heads: int,
    context: int,
    rotary: int,
    seed: int,
    tied: bool = False,
) -> LoadedModel:
    """An untrained GPT-J on the CPU; the same arguments give the same weights, and torch's own seed stays as it was.

    layers, width (of the residual stream; the MLP is four times as wide), heads (dividing width), context (most tokens
    of prompt and completion), rotary (even, at most width / heads: the dimensions of each head that carry the
    position). tied: the output layer shares the embedding's weights. Raises ValueError.
    """
    if heads < 1 or width % heads:
        raise ValueError(f"heads: {heads}; expected a divisor of width, {width}")
    if rotary % 2 or not 0 < rotary <= width // heads:
        raise ValueError(
            f"rotary: {rotary}; expected an even number from 2 to width / heads, {width // heads}"
        )
    config = GPTJConfig(
        vocab_size=len(tokenizer),
        n_positions=context,
        n_embd=width,
        n_layer=layers,
        n_head=heads,
        rotary_dim=rotary,
        activation_function="gelu_pytorch_tanh",
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=tied,
    )
    config._attn_implementation = "eager"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model: Any = GPTJForCausalLM(config)
    tokenizer.model_max_length = context
    return LoadedModel(model=model.eval(), tokenizer=tokenizer, context=context, device="cpu")


def _bare(model: models.Model) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _learn_merges(corpus: Iterable[str], count: int) -> list[tuple[str, str]]:
    """At most `count` merges of everything but digits, the most frequent pair first."""
    if count == 0:
        return []
    tokenizer = _bare(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=256 + count,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        min_frequency=2,
        show_progress=False,
    )
    # A line break is a piece of its own and takes part in no merge.
    without_digits = str.maketrans(_DIGITS, "\n" * 10)
    tokenizer.train_from_iterator((text.translate(without_digits) for text in corpus), trainer)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return [(left, right) for left, right in merges][:count]
