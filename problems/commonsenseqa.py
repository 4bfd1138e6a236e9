"""CommonsenseQA: multiple choice, where the letter decides (Talmor et al. 2019; format of STaR, 2022).

"So the answer is filtering straw (C)." answers C, whatever C's text is; that the text beside the letter is
another one is kept as `text_agrees`. Only where no letter is stated does an exact choice text stand for its
label. A choice or a letter that a rationale merely mentions is no answer, and the article "A" is no letter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from problems.statements import Kind, Statement, answer_part, find_statements, last_line_of
from problems.text import fold
from problems.types import Choice

MAX_NAME_WORDS = 8

_LATEX = re.compile(r"\\(?:text|mathrm|mathbf|textbf|boxed)\s*\{([^{}]*)\}")
_EMPHASIS = re.compile(r"[*`$]+|(?<!\w)_+|_+(?!\w)")
_SENTENCE_END = re.compile(r"(?:(?<=\w\w)|(?<=[)\]\"'”’]))[.!?](?=\s|$)|\n")
_LEAD = re.compile(
    r"(?:(?:therefore|thus|then|indeed|clearly|probably|definitely|most likely|likely|obviously|option|choice"
    r"|letter|answer|that)\b[ ,:]*)+",
    re.IGNORECASE,
)
_NEGATION = re.compile(r"(?:not|never|neither|nor)\b", re.IGNORECASE)
_NEGATED = re.compile(
    r"(?:\b(?:not|never|neither|nor|rather than|instead of)|n['’]t)\b\W{0,9}$", re.IGNORECASE
)
_BRACKETED = re.compile(r"[(\[]\s?([A-Za-z0-9]{1,2})\s?[)\]]")
_BARE = re.compile(
    r"([A-Za-z0-9]{1,2})(?=\s*$|[).:,;\]]|\s+[-–—]\s|\s+(?:because|since|as|for|and|or|given)\b)"
)
_HEDGE = re.compile(r"\s*(?:,|/|\bor\b|\band\b)\s*(?:option |choice )?[(\[]?([A-Za-z0-9]{1,2})[)\]]?(?!\w)")
_NAME_END = re.compile(
    r"[,;.!?\n]|\s[-–—]\s|\b(?:because|since|as|which|that|who|where|when|and|but|not|so|for|due|rather|instead|over"
    r"|given|is|are|was|would|it)\b",
    re.IGNORECASE,
)
_REASON = re.compile(r",|;|\s(?:because|since|as|for|so|due to)\b", re.IGNORECASE)
_ARTICLE = re.compile(r"^(?:a|an|the)\s+")
_LIST_LINE = re.compile(r"^[ \t]*[(\[]?[B-E][)\].:]", re.MULTILINE)
_LETTER_LINE = re.compile(r"[*_ ]*[(\[]?\s?([A-Za-z0-9]{1,2})\s?[)\]]?[*_ .]*")
_BOLD_LINE = re.compile(r"\*\*([^*\n]+)\*\*[ .]*")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The label that decides; whether the text named beside it is that label's (None: none is named)."""

    label: str
    text_agrees: bool | None


def parse(text: str, choices: Sequence[Choice]) -> Chosen | None:
    """The choice that `text` states as its answer: the last statement that can be read, or None."""
    text = answer_part(text)
    lists_choices = _LIST_LINE.search(text) is not None
    for statement in reversed(find_statements(text)):
        # In a rationale that repeats the list of choices, "A: water" is one of them and no answer.
        if statement.kind is Kind.SHORT and lists_choices and not statement.on_last_line:
            continue
        chosen = _read(statement, choices)
        if chosen is not None:
            return chosen
    return _read_last_line(last_line_of(text), choices)


def parse_stated(answer: str, choices: Sequence[Choice]) -> Chosen | None:
    """The choice in an `answer` field: a label, a choice's exact text, or a text that states one."""
    label = canonical_answer(answer, choices)
    if label is None:
        return parse(answer, choices)
    is_text = _label(answer, choices) is None and not _LETTER_LINE.fullmatch(answer.strip())
    return Chosen(label, True if is_text else None)


def canonical_answer(gold: str, choices: Sequence[Choice]) -> str | None:
    """The label that `gold` is, or the first label whose text it is; None if it is neither."""
    gold = gold.strip()
    if (label := _label(gold, choices)) is not None:
        return label
    for choice in choices:
        if choice.text.strip() == gold:
            return choice.label
    letter = _LETTER_LINE.fullmatch(gold)
    if letter and (label := _label(letter[1], choices)) is not None:
        return label
    return _label_of_text(gold, choices)


def _read(statement: Statement, choices: Sequence[Choice]) -> Chosen | None:
    content = _LATEX.sub(r"\1", statement.content)
    content = _EMPHASIS.sub("", content).strip(" \t\"'“”‘’")
    sentence = _SENTENCE_END.split(content, maxsplit=1)[0]
    # Before anything is taken for a turn of speech: "never", "likely" and "answer" are choices of real questions.
    label = _label_of_text(sentence, choices)
    if label is not None:
        return Chosen(label, True)
    bracketed = _read_bracketed(sentence, choices)
    if bracketed is not None:
        return bracketed
    content, sentence = _without_lead(content), _without_lead(sentence)
    if _NEGATION.match(content):
        return None
    return _read_bare(content, choices) or _read_text(sentence, choices)


def _read_bracketed(sentence: str, choices: Sequence[Choice]) -> Chosen | None:
    for match in _BRACKETED.finditer(sentence):
        label = _label(match[1], choices)
        before, after = sentence[: match.start()], sentence[match.end() :]
        if label is None or (_NEGATED.search(before) and _label_of_text(before, choices) is None):
            continue
        if _hedges(label, after, choices):
            return None
        if _agrees(label, before, choices):
            return Chosen(label, True)
        before = _without_lead(before)
        # "not (A) but (C)": what stands before the letter belongs to another one.
        is_name = fold(before) and not _BRACKETED.search(before)
        return Chosen(label, _agrees(label, before if is_name else _name_in(after), choices))
    return None


def _read_bare(content: str, choices: Sequence[Choice]) -> Chosen | None:
    match = _BARE.match(content)
    label = _label(match[1], choices) if match else None
    if match is None or label is None:
        return None
    after = content[match.end() :]
    alone = not fold(after)
    # A small letter is one only where nothing but punctuation can follow a word like "a".
    if match[1] != label and not alone and after[0] not in ").:":
        return None
    if _hedges(label, after, choices):
        return None
    if after.startswith((".", ",")):
        # "C. Water is wet." goes on with another thought, "C. water" names its choice: only an exact text
        # counts.
        other = _label_of_text(after, choices)
        return Chosen(label, None if other is None else _agrees(label, after, choices))
    return Chosen(label, _agrees(label, _name_in(after.lstrip(").:]- –—")), choices))


def _read_text(sentence: str, choices: Sequence[Choice]) -> Chosen | None:
    """The choice whose exact text the sentence is, before any reason that it gives."""
    for name in (sentence, _REASON.split(sentence, maxsplit=1)[0]):
        label = _label_of_text(name, choices)
        if label is not None:
            return Chosen(label, True)
    return None


def _read_last_line(line: str, choices: Sequence[Choice]) -> Chosen | None:
    """A last line that is nothing but a letter, `(C)` or `**C**`, or that is all bold: `**(C) water**`."""
    letter = _LETTER_LINE.fullmatch(line)
    if letter and (letter[1].isupper() or letter[1].isdigit() or not line[0].isalpha()):
        label = _label(letter[1], choices)
        return None if label is None else Chosen(label, None)
    bold = _BOLD_LINE.fullmatch(line)
    if bold is None:
        return None
    return _read_bracketed(bold[1], choices) or _read_bare(bold[1], choices)


def _label(letter: str, choices: Sequence[Choice]) -> str | None:
    for choice in choices:
        if choice.label == letter:
            return choice.label
    folded = letter.casefold()
    return next((choice.label for choice in choices if choice.label.casefold() == folded), None)


def _label_of_text(text: str, choices: Sequence[Choice]) -> str | None:
    name = fold(text)
    if not name:
        return None
    exact = next((choice.label for choice in choices if fold(choice.text) == name), None)
    if exact is not None:
        return exact
    name = _bare_name(text)
    return next((choice.label for choice in choices if _bare_name(choice.text) == name), None)


def _bare_name(text: str) -> str:
    return _ARTICLE.sub("", fold(text))


def _name_in(after: str) -> str:
    """The text that is named behind a letter: what comes before a reason, a clause or the sentence's end."""
    return _NAME_END.split(after.lstrip(" :)-–—."), maxsplit=1)[0]


def _agrees(label: str, named: str, choices: Sequence[Choice]) -> bool | None:
    name = _bare_name(named)
    if not name:
        return None
    own = next(_bare_name(choice.text) for choice in choices if choice.label == label)
    if name == own or name.endswith(f" {own}"):
        return True
    return False if len(name.split()) <= MAX_NAME_WORDS else None


def _hedges(label: str, after: str, choices: Sequence[Choice]) -> bool:
    """Whether a second, other letter follows at once ("(B) or (C)"): then no answer is stated."""
    match = _HEDGE.match(after.lstrip(")]"))
    second = _label(match[1], choices) if match and match[1] not in ("a", "i") else None
    return second is not None and second != label


def _without_lead(text: str) -> str:
    match = _LEAD.match(text)
    return text[match.end() :] if match else text
