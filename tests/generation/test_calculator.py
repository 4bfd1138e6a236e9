"""The calculator computes exactly, never runs anything, and training masks what it wrote."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.registry.tokens import encode_completion
from generation.sampling.calculator import compute, find_spliced, splice_after, spliced_mask
from generation.sampling.text import TokenText, token_text
from problems.arithmetic import MAX_EXPRESSION
from tests.generation.models import tokenizer

#: Sums of products of sums, as Python reads them too.
NUMBERS = st.integers(0, 999).map(str)
EXPRESSIONS = st.recursive(
    NUMBERS,
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({' '.join(parts)})"),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("3*4", "12"),
        ("3 + 4*5", "23"),
        ("(3+4)*5", "35"),
        ("2-3-4", "-5"),
        ("-(2+3)*2", "-10"),
        ("2--3", "5"),
        ("1/4", "0.25"),
        ("0.1+0.2", "0.3"),
        (".5*4", "2"),
        ("7.", "7"),
        ("100/8/2", "6.25"),
        ("10/5", "2"),
        ("123456789012345678901234567890*10", "1234567890123456789012345678900"),
    ],
)
def test_results_are_exact_and_written_plainly(expression: str, result: str) -> None:
    assert compute(expression) == result


@pytest.mark.parametrize(
    "expression",
    [
        "",
        " ",
        "()",
        "3*",
        "*3",
        "2*(3",
        "2)",
        "4 5",
        "1..2",
        "1.2.3",
        "1/0",
        "1/(2-2)",
        "10/3",
        "2**3",
        "3//2",
        "x+1",
    ]
    + ["1e5", "1,000*2", "$5*2", "5%", "2^3", "٣*4", "3*4\n", "__import__('os')", "9" * (MAX_EXPRESSION + 1)],
)
def test_anything_else_is_left_to_the_model(expression: str) -> None:
    assert compute(expression) is None


@given(EXPRESSIONS)
def test_it_agrees_with_fractions_worked_out_by_python(expression: str) -> None:
    exact = "".join(f"F({part})" if part.isdigit() else part for part in _split(expression))
    try:
        value = eval(exact, {"__builtins__": {}, "F": Fraction})  # noqa: S307 - made of numbers and four signs above
    except ZeroDivisionError:
        value = None
    found = compute(expression)
    if len(expression) > MAX_EXPRESSION or value is None or _endless(value):
        assert found is None
    else:
        assert found is not None and Fraction(found) == value and "/" not in found


def _split(expression: str) -> list[str]:
    for sign in "()+-*/":
        expression = expression.replace(sign, f" {sign} ")
    return expression.split()


def _endless(value: Fraction) -> bool:
    rest = value.denominator
    for factor in (2, 5):
        while rest % factor == 0:
            rest //= factor
    return rest != 1


def test_depth_and_length_of_an_expression_are_bounded() -> None:
    assert compute("(" * 49 + "1" + ")" * 49) == "1"
    assert compute("(" * 50 + "1" + ")" * 50) is None
    assert compute("-" * 99 + "1") == "-1"


@pytest.mark.parametrize(
    ("text", "splice"),
    [
        ("He has <<3*4=", "12>>"),
        ("<<1+1=2>>2 and <<2*2=", "4>>"),
        ("<<<3*4=", "12>>"),
        ("<<3*4", None),
        ("3*4=", None),
        ("<<3*4=12>>12 = 12, so x=", None),
        ("<<3*4==", None),
        ("<<10/3=", None),
        ("<<apples*2=", None),
        ("<<3*4\n=", None),
        (f"<<{'1+' * 60}1=", None),
    ],
)
def test_it_is_asked_only_inside_an_open_mark(text: str, splice: str | None) -> None:
    assert splice_after(text) == splice


def masked(text: str) -> list[str]:
    tokens = encode_completion(tokenizer(), text)
    mask = spliced_mask(tokenizer(), tokens)
    assert len(mask) == len(tokens)
    return [tokenizer().decode([token]) for token, spliced in zip(tokens, mask, strict=True) if spliced]


def test_the_result_and_its_closing_mark_are_the_calculators() -> None:
    assert masked(" He has <<12*12=144>>144 apples.\n#### 144") == ["14", "4", ">>"]
    assert masked("<<1+1=2>>2 <<2*2=4>>4") == ["2", ">>", "4", ">>"]
    assert masked("é日本 <<1+1=2>>2") == ["2", ">>"]


@pytest.mark.parametrize(
    "text",
    ["<<12*12=145>>145", "<<12*12= 144>>144", "12*12=144>>", "<<10/3=3.33>>", "no marks", "<<12*12=144", ""],
)
def test_what_it_would_not_have_written_is_the_models(text: str) -> None:
    assert masked(text) == []


def test_spans_are_found_by_place() -> None:
    text = "a <<3*4=12>>12 b <<5-6=-1>>"
    assert [text[start:end] for start, end in find_spliced(text)] == ["12>>", "-1>>"]


def test_a_long_text_is_searched_in_no_time() -> None:
    text = "<<" + "1+" * 20_000 + "=" * 5_000
    assert find_spliced(text) == []


def test_the_quick_text_of_tokens_is_the_librarys() -> None:
    quick = token_text(tokenizer())
    for text in ("He has 12 apples.", "é日本 👍🏽\n", "<eos> \x00\t"):
        tokens = [1, *encode_completion(tokenizer(), text)]
        assert quick.decode(tokens) == text
        assert quick.decode(tokens[:-3]) == tokenizer().decode(tokens[:-3], skip_special_tokens=True)


def test_tokenizers_without_bytes_of_their_own_are_masked_the_same() -> None:
    tokens = encode_completion(tokenizer(), "é <<12*12=144>>144 apples")
    slow = TokenText(tokenizer())
    slow._pieces = None
    text, ends = slow.ascii_text(tokens)
    assert text == "é <<12*12=144>>144 apples"
    assert [
        text[start:end] for start, end in zip([0, *ends], ends, strict=False) if ">" in text[start:end]
    ] == [">>"]
