"""The tokenizer's promises hold for any text, and the tiny GPT-J is the same one each time."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from generation.registry.tiny import MIN_VOCABULARY, new_tiny_gptj, train_tokenizer
from generation.registry.tokens import encode_completion, encode_completions, encode_prompt, encode_prompts
from tests.generation.models import CORPUS, tokenizer

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def pieces(text: str) -> list[str]:
    return [tokenizer().decode([token]) for token in encode_prompt(tokenizer(), text)]


@given(ANY_TEXT)
def test_any_text_comes_back_to_the_letter(text: str) -> None:
    assert tokenizer().decode(encode_completion(tokenizer(), text, eos=False)) == text


@pytest.mark.parametrize("space", ["", " "])
def test_every_number_of_one_or_two_digits_is_one_token(space: str) -> None:
    numbers = [*map(str, range(10)), *(f"{number:02}" for number in range(100))]
    assert [len(encode_prompt(tokenizer(), space + number)) for number in numbers] == [1] * 110
    assert len({encode_prompt(tokenizer(), space + number)[0] for number in numbers}) == 110


def test_longer_numbers_are_read_two_digits_at_a_time_from_the_left() -> None:
    assert pieces("1143") == ["11", "43"]
    assert pieces(" 12345") == [" 12", "34", "5"]


def test_digits_that_stand_apart_are_tokens_of_their_own() -> None:
    assert pieces("5 6 0 + 5 8 3") == ["5", " 6", " 0", " +", " 5", " 8", " 3"]


def test_a_frequent_word_with_its_space_is_one_token() -> None:
    assert pieces(" apples are") == [" apples", " are"]


def test_line_breaks_stand_alone() -> None:
    assert pieces("A:\n\n####") == ["A", ":", "\n", "\n", "####"]


def test_marks_of_the_calculator_are_never_joined_with_what_stands_beside_them() -> None:
    assert pieces("<<12*4=48>>48.")[-8:] == ["12", "*", "4", "=", "48", ">>", "48", "."]


def test_special_tokens_can_not_be_written_as_text() -> None:
    tokens = encode_prompt(tokenizer(), "a <eos> b <pad><bos>")
    assert not set(tokens) & set(tokenizer().all_special_ids)
    assert tokenizer().decode(tokens) == "a <eos> b <pad><bos>"


def test_a_completion_is_closed_and_a_prompt_is_not() -> None:
    assert encode_completion(tokenizer(), "x")[-1] == tokenizer().eos_token_id
    assert tokenizer().eos_token_id not in encode_prompt(tokenizer(), "x")


def test_many_texts_are_encoded_as_each_of_them_alone() -> None:
    texts = ["", "one", *CORPUS]
    assert encode_prompts(tokenizer(), texts) == [encode_prompt(tokenizer(), text) for text in texts]
    assert encode_completions(tokenizer(), texts) == [encode_completion(tokenizer(), text) for text in texts]
    assert encode_prompts(tokenizer(), []) == []


def test_a_tokenizer_with_a_leading_token_puts_it_before_prompts_only() -> None:
    from tokenizers.processors import TemplateProcessing

    leading = train_tokenizer(CORPUS, MIN_VOCABULARY)
    leading.backend_tokenizer.post_processor = TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", 1), ("<eos>", 0)]
    )
    assert encode_prompt(leading, "12") == [1, *encode_completion(leading, "12", eos=False)]


def test_the_same_corpus_gives_the_same_tokenizer() -> None:
    again = train_tokenizer(CORPUS, 540)
    assert again.backend_tokenizer.to_str() == tokenizer().backend_tokenizer.to_str()


def test_a_vocabulary_without_room_for_the_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match=f"vocabulary: 400; expected at least {MIN_VOCABULARY}"):
        train_tokenizer(CORPUS, 400)
    assert len(train_tokenizer(CORPUS, MIN_VOCABULARY)) == MIN_VOCABULARY


def test_the_same_seed_gives_the_same_weights_and_leaves_torchs_own_seed_alone() -> None:
    def weights(seed: int) -> torch.Tensor:
        loaded = new_tiny_gptj(tokenizer(), layers=1, width=16, heads=2, context=32, rotary=4, seed=seed)
        return loaded.model.transformer.h[0].attn.q_proj.weight

    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    assert torch.equal(weights(3), weights(3))
    assert not torch.equal(weights(3), weights(4))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(
    ("heads", "rotary", "named"),
    [(3, 4, "heads: 3"), (2, 5, "rotary: 5"), (2, 10, "rotary: 10"), (2, 0, "rotary: 0")],
)
def test_a_shape_that_can_not_be_is_refused(heads: int, rotary: int, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        new_tiny_gptj(tokenizer(), layers=1, width=16, heads=heads, context=32, rotary=rotary, seed=0)
