"""Marks in a rationale that tell how it was made: model names, prompts, thinking tags, odd characters. Pure.

They only warn: what surely must not be shown, the normaliser removes, and its leftovers block (ratings.studies.lint).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

#: Names of models and makers that a rationale has no reason to contain. Some are surnames.
MODEL_NAMES = re.compile(
    r"\b(gpt-?[0-9a-z.]*|chatgpt|openai|llama|mistral|mixtral|claude|gemini|anthropic|deepseek|qwen|phi-[0-9]"
    r"|gemma|grok-?[0-9]|xai|cohere|vicuna|olmo|nemotron|codex|palm-?2"
    r"|large language model|language model|as an ai)\b",
    re.I,
)
#: One of these stands in every text that MODEL_NAMES finds something in. A study has millions of texts, and looking for
#: plain words takes a hundredth of the time.
_MODEL_WORDS = (
    *("gpt", "openai", "llama", "mistral", "mixtral", "claude", "gemini", "anthropic", "deepseek", "qwen"),
    *("gemma", "grok", "xai", "cohere", "vicuna", "olmo", "nemotron", "codex", "palm"),
    *("phi-", "language model", "as an ai"),
)

#: What stands around the text in a prompt or a chat, and should have stayed there: marks, labels at the beginning of a
#: line, phrases.
PROMPT_MARKS = re.compile(
    r"<\|[a-z_ ]{2,30}\|>|\[/?INST\]|<</?SYS>>|</?s>|<(?:bos|eos|pad|unk)>|<(?:start|end)_of_turn>"
    r"|^#{2,3} *(?:instruction|response|input|output|question|answer|user|assistant|system)\b",
    re.I | re.M,
)
PROMPT_LABELS = re.compile(
    r"(?:\A|\n)((?:q|question|human|user|assistant|system|instruction|prompt|response|target|answer choices"
    r"|rationale) *:)",
    re.I,
)
#: The hint is the right answer, told to a model that has to explain it: STaR's rationalization.
PROMPT_PHRASES = re.compile(
    r"\blet['’]?s think step by step\b|\bin the style of the examples?\b"
    r"|\b(?:according to|based on|given|from|following|as per|as|using) the (?:given |provided )?hint\b"
    r"|\bthe (?:given |provided )?hint (?:says|said|suggests|tells|told|states|indicates|implies|is|was|gives|gave)\b",
    re.I,
)

THINKING = re.compile(
    r"</?(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|analysis|scratch(?:pad)?|inner_monologue|answer"
    r"|start_?thought|end_?thought)>|\[/?(?:think(?:ing)?|reasoning)\]",
    re.I,
)

#: Categories of characters that no honest text has: control, format, private, surrogate, unassigned.
_NEVER = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})
#: Signs that people do type.
_USUAL_SYMBOLS = frozenset("°©®™№℃℉✓✔✗✘□■●○▪→←↑↓⇒⇔")
_LATIN_WITH_OTHER = re.compile(r"[A-Za-z\u00c0-\u024f][\u0400-\u058f]|[\u0400-\u058f][A-Za-z\u00c0-\u024f]")


def find_marks(text: str) -> Iterator[tuple[str, str]]:
    """(rule, what was found) of each kind of mark in one text, at most one of each."""
    lower = text.lower()
    if any(word in lower for word in _MODEL_WORDS) and (match := MODEL_NAMES.search(text)):
        yield "model_name", match[0]
    if left := _prompt_leftover(text, lower):
        yield "prompt_leftover", left
    if ("<" in text or "[" in text) and (match := THINKING.search(text)):
        yield "thinking_tag", match[0]
    if odd := odd_character(text):
        yield "odd_character", odd


def _prompt_leftover(text: str, lower: str) -> str:
    """The first of its kinds; empty: none."""
    if ("<" in text or "[" in text or "##" in text) and (match := PROMPT_MARKS.search(text)):
        return match[0]
    if ":" in text and (match := PROMPT_LABELS.search(text)):
        return match[1]
    prompted = any(words in lower for words in ("step by step", "in the style", "hint"))
    if prompted and (match := PROMPT_PHRASES.search(text)):
        return match[0]
    return ""


def odd_character(text: str) -> str:
    """The first character that an honest text does not have, by its code and name; empty: none.

    Letters of any script, accents, punctuation and mathematical signs are honest. Odd are invisible and broken
    characters, emoji and other pictures, letters dressed up as mathematical or full-width signs, and Cyrillic or
    Armenian letters that pose as Latin ones within a word.
    """
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return ""
    # Each different character is looked up once.
    if odd := set(filter(_is_odd, set(text))):
        return _named(next(character for character in text if character in odd))
    if match := _LATIN_WITH_OTHER.search(text):
        return _named(next(letter for letter in match[0] if "\u0400" <= letter <= "\u058f"))
    return ""


def _is_odd(character: str) -> bool:
    if character in "\n\t" or " " <= character <= "~":
        return False
    category = unicodedata.category(character)
    return (
        category in _NEVER
        or character == "\ufffd"
        or (category == "So" and character not in _USUAL_SYMBOLS)
        or "\uff01" <= character <= "\uff5e"
        or "\U0001d400" <= character <= "\U0001d7ff"
    )


def _named(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, 'without a name').lower()}"
