from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from problems.numbers import canonical, read_number


@pytest.mark.parametrize(
    ("content", "number"),
    [
        ("18", "18"),
        ("18.0", "18"),
        ("0018", "18"),
        ("18.50", "18.5"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("+7", "7"),
        ("-0", "0"),
        ("−5", "-5"),
        ("– 5", "-5"),
        ("1,450,000", "1450000"),
        ("$1,000.25", "1000.25"),
        ("-$5", "-5"),
        ("$-5", "-5"),
        ("5€", "5"),
        ("18%", "18"),
        ("18 dollars per day.", "18"),
        ("18km/h", "18"),
        ("3 M&Ms", "3"),
        ("1/2", "0.5"),
        ("-3/4 cup", "-0.75"),
        ("1/3", "1/3"),
        ("2/6", "1/3"),
        ("1 1/2 hours", "1.5"),
        ("1.8 billion", "1800000000"),
        ("-1.8 billion", "-1800000000"),
        ("two", None),
        ("**18**", "18"),
        ("`18`", "18"),
        ("(18)", "18"),
        ("about 18", "18"),
        ("3 + 4 = 7", "7"),
        ("x = 18 apples", "18"),
        (r"$\boxed{18}$", "18"),
        (r"\$1{,}800", "1800"),
        (r"\frac{3}{4}", "0.75"),
        (r"18\text{ dollars}", "18"),
        ("0.1", "0.1"),
        ("12345678901234567890.5", "12345678901234567890.5"),
    ],
)
def test_a_number_is_read_exactly(content: str, number: str | None) -> None:
    assert read_number(content) == number


@pytest.mark.parametrize(
    "content",
    ["", ".", "-", "$", "10:30", "3:2", "1,00", "1,0000", "1.2.3", "5/6/2020", "1/0", "3 0/0", "16 - 3", "3 * 4",
     "18, then 20", "10²", "1e5", "٣", "18. Then she sells them", "--5", "1 2", "18 " + "very " * 7 + "long"],
)  # fmt: skip
def test_what_is_not_one_number_is_not_read(content: str) -> None:
    assert read_number(content) is None


def test_a_runaway_string_of_digits_is_not_read() -> None:
    assert read_number("9" * 5000) is None
    assert read_number("0." + "3" * 5000) is None


@settings(deadline=None)  # other work on the machine is no failure
@given(st.fractions())
def test_the_canonical_form_is_read_back_as_itself(number: Fraction) -> None:
    text = canonical(number)
    assert Fraction(text) == number
    if len(text) <= 200:
        assert read_number(text) == text


@settings(deadline=None)  # other work on the machine is no failure
@given(st.integers(), st.integers(min_value=0, max_value=6))
def test_commas_zeros_and_currency_do_not_change_a_number(number: int, zeros: int) -> None:
    written = f"{number:,}" + ("." + "0" * zeros if zeros else "")
    assert read_number(written) == str(number) == read_number(f"${written}.")
