"""Reading one number, exactly: no floats, so that 18.0 is 18 and 0.1 is a tenth."""

from __future__ import annotations

import re
from fractions import Fraction

#: Longer contents are no answers, and longer digit strings are a model that ran away.
MAX_CONTENT = 200
MAX_UNIT_WORDS = 6

_MINUS = str.maketrans({"−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "﹣": "-", "－": "-", "⁄": "/"})
_LATEX_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_LATEX_COMMAND = re.compile(r"\\(?:text|mathrm|mathbf|textbf|boxed)\s*\{([^{}]*)\}")
_LATEX_SPACE = re.compile(r"\\[,;:! ]|\{,\}")
_HEDGE = re.compile(
    r"(?:(?:about|approximately|exactly|around|only|just|a total of|equal to|[≈~=:])\s*)+", re.IGNORECASE
)
_NUMBER = re.compile(
    r"""(?P<sign>[-+]?)\s?[$€£¥₹]?\s?(?P<inner>[-+]?)
    (?:(?P<whole>[0-9]{1,3})\s+(?P<top>[0-9]{1,3})\s?/\s?(?P<bottom>[0-9]{1,3})(?![0-9.,/])
    |(?P<digits>[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)?(?P<decimals>\.[0-9]+)?
     (?:\s?/\s?(?P<denominator>[0-9]+)(?![0-9]*[.,/][0-9]))?)""",
    re.VERBOSE,
)
_NO_UNIT = re.compile(r"[\d²³¹⁰-₉½¼¾⅐-⅞=+*<>^{}\\]")
_SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}


def read_number(content: str) -> str | None:
    """The one number that `content` consists of, as a canonical string, or None.

    Understood: signs (Unicode's too), thousands commas, decimals, a leading `.5`, fractions and mixed
    numbers, currency, per cent, magnitudes (`1.8 billion`), up to six words of units, markdown emphasis,
    LaTeX's `\\boxed`, `\\text` and `\\frac`, a trailing period, and a computation whose last `=` has the
    number behind it.

    Canonical: a decimal without exponent, superfluous zeros, commas or plus sign (`18`, `-0.5`), or, where
    no decimal ends, a fraction in lowest terms (`1/3`). Reading a canonical string gives it back.
    """
    content = content.strip()
    # What most answers are; the rest of this function is twenty times slower.
    if content.isascii() and content.isdigit() and len(content) <= MAX_CONTENT:
        return content.lstrip("0") or "0"
    if not content or len(content) > MAX_CONTENT:
        return None
    value = _clean(content)
    match = _NUMBER.match(value)
    if match is None or not any(match[name] for name in ("whole", "digits", "decimals")):
        return None
    scale = _scale_of(value[match.end() :])
    if scale is None or (match["sign"] and match["inner"]):
        return None
    number = _value_of(match)
    return None if number is None else canonical(number * scale)


def canonical(number: Fraction) -> str:
    """`number` as a decimal if it has an end, else as a fraction in lowest terms."""
    rest, twos, fives = number.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"{number.numerator}/{number.denominator}"
    places = max(twos, fives)
    digits = str(abs(number.numerator) * 10**places // number.denominator).rjust(places + 1, "0")
    sign = "-" if number < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else sign + digits


def _clean(content: str) -> str:
    content = content.translate(_MINUS)
    if "\\" in content:
        content = _LATEX_SPACE.sub("", content).replace("\\$", "$").replace("\\%", "%")
        content = _LATEX_FRACTION.sub(r"\1/\2", content)
        content = _LATEX_COMMAND.sub(r" \1", content)
    content = content.rpartition("=")[2]
    content = content.replace("*", "").replace("`", "").replace("$$", "$")
    content = content.strip(" \t_\"'([{")
    content = content[match.end() :] if (match := _HEDGE.match(content)) else content
    return content.strip(" \t_\"'([{)]}").rstrip(" \t.!;,$")


def _scale_of(unit: str) -> int | None:
    """What the words behind a number multiply it by: 1 for plain units, None where they are no units."""
    if not unit:
        return 1
    if _NO_UNIT.search(unit) or unit[0] in ":,.;?!":
        return None
    words = unit.split()
    if len(words) > MAX_UNIT_WORDS:
        return None
    return _SCALES.get(words[0].casefold(), 1) if words else 1


def _value_of(match: re.Match[str]) -> Fraction | None:
    if match["whole"]:
        if int(match["bottom"]) == 0:
            return None
        number = int(match["whole"]) + Fraction(int(match["top"]), int(match["bottom"]))
    else:
        number = Fraction((match["digits"] or "0").replace(",", "") + (match["decimals"] or ""))
        if match["denominator"]:
            if int(match["denominator"]) == 0:
                return None
            number /= int(match["denominator"])
    return -number if "-" in (match["sign"], match["inner"]) else number
