"""What formats wrap around a reasoning: list marks, opening and closing phrases, final answers.

All functions take text with tidy white space (`problems.normalise.tidy_white_space`) and only take away.
Patterns see single lines of bounded length and never repeat a repetition, so that no text is slow.
"""

from __future__ import annotations

import re
from collections.abc import Callable

MAX_ANSWER_LENGTH = 120

_LIST_MARK = re.compile(
    r"(?:(?:\(?[0-9]{1,2}[.)]|[-*•·‣◦▪–—]|#{1,3})\s+"
    r"|\*{0,2}step\s[0-9]{1,2}\*{0,2}\s?[:.)–—-]\*{0,2}(?:\s+|$))+",
    re.IGNORECASE,
)
_LIST_MARK_STARTS = frozenset("0123456789(-*•·‣◦▪–—#Ss_=~>")
_RULE = re.compile(r"[-*_=•–—#>~\s]{1,200}")
_LEADING = re.compile(
    r"(?:\*\*|#{1,3} )?(?:"
    r"let[’']?s (?:think|work|solve|reason|go)(?: (?:about|through))?"
    r"(?: (?:this|it|that|the problem|out|things))*(?: step[ -]by[ -]step)?\s?[.:!]"
    r"|(?:sure|certainly|of course|absolutely|okay|ok|great|alright)\s?[!.]"
    r"|(?:(?:sure|certainly|of course|okay|ok)[,!] )?here(?: is|[’']s| are)[^.:\n]{0,80}:"
    r"|(?:a|answer|explanation|rationale|reasoning|solution|response|output|thought|thoughts)\s?(?:\*\*)?:"
    r"|(?:explanation|rationale|reasoning|solution)(?:\*\*)?(?=\n)"
    r")(?:\*\*)?(?:\s+|$)",
    re.IGNORECASE,
)
_TRAILING = re.compile(
    r"(?:i )?hope (?:this|that|it) helps(?: you)?\s?[.!]*"
    r"|(?:please )?let me know if [^.!?\n]{1,80}[.!]*"
    r"|(?:feel free to|don[’']t hesitate to) [^.!?\n]{1,80}[.!]*"
    r"|q\.?e\.?d\.?",
    re.IGNORECASE,
)
_END_MARKS = ("<|endoftext|>", "<|im_end|>", "<|eot_id|>", "</s>", "<eos>")
_NUMBER = r"[-+−]?\s?[$€£]?\s?[-−]?(?:[0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+)(?:\s?/\s?[0-9]+)?"
_UNIT = r"(?:\s?[%°]|\s?[^\W\d_][^\s\d.!?:,;]{0,30}(?:\s[^\W\d_][^\s\d.!?:,;]{0,30}){0,4})?"
_LETTER = r"(?:[(\[][A-Za-z][)\]]|[A-Za-z])"
#: A value that can be nothing but an answer: a number with its unit, a sum, a letter, or a choice with its
#: letter.
_NUMBER_OR_LETTER = re.compile(rf"{_NUMBER}{_UNIT}|[-+*/=0-9.,$%()x×÷ ]+|(?:option |choice )?{_LETTER}")
_VALUE = re.compile(
    rf"{_NUMBER_OR_LETTER.pattern}|(?:option |choice )?(?:[(\[][A-Za-z][)\]][.:,-]?|[A-Z][).:])"
    r"\s[^.!?:\n]{1,60}|[^.!?:;,\n()]{1,60} [(\[][A-Z][)\]]"
)
_WRAPPERS = '*_$`"“”{} '
_SHORT_LABEL = re.compile(
    r"[*_#]{0,3}\s?(?:(?-i:A)[*_]{0,2}\s?:"
    r"|(?:the )?(?:final |correct )?(?:answer|ans)[*_]{0,2}\s?[:=])[*_]{0,2}\s?",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"[*_]{0,2}(?:(?:so|thus|therefore|hence|then|and|finally|in conclusion|that means|this means)[, ]{1,2})?"
    r"(?:so |thus |therefore |hence )?(?:that )?(?:(?:the|my|our) )?(?:(?:final|correct|right|best) )?"
    r"(?:answer|option|choice)(?: to (?:the|this) (?:question|problem))? "
    r"(?:is|would be|will be|must be|should be|has to be)(?: therefore| thus| then)?\s?:?\s?",
    re.IGNORECASE,
)
_NAMED_ANSWER = re.compile(r"(?!(?:that|because|to|when|if|not)\b)[^.!?:;,\n]{1,60}[.!]?[*_]*")
_REASONED = re.compile(r"\b(?:because|since|so|therefore|which)\b", re.IGNORECASE)
_SENTENCE_MARKS = ("\n", ". ", "! ", "? ")


def remove_list_marks(text: str) -> str:
    """Lines without `1.`, `2)`, `-`, `*`, `Step 1:` in front, and no lines that are only rules (`---`)."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if line and line[0] in _LIST_MARK_STARTS:
            mark = _LIST_MARK.match(line)
            line = line[mark.end() :] if mark else line
            lines[index] = "" if _RULE.fullmatch(line) else line
    return _joined(lines)


def remove_leading_phrases(text: str) -> str:
    """Without "Let's think step by step.", "Sure!", "A:", "Explanation:" and their like, however many."""
    position = 0
    while match := _LEADING.match(text, position):
        position = match.end()
    return text[position:]


def remove_trailing_phrases(text: str) -> str:
    """Without "I hope this helps!", end-of-text marks and their like, as many as there are."""
    end = len(text)
    while True:
        before = end
        mark = next((mark for mark in _END_MARKS if text.endswith(mark, 0, end)), "")
        end = _stripped_end(text, end - len(mark))
        start = _last_sentence(text, end)
        if start is not None and _TRAILING.fullmatch(text, start, end):
            end = _stripped_end(text, start)
        if end == before:
            return text[:end]


def remove_final_answers(text: str) -> str:
    """Without lines and closing sentences that only state an answer.

    Lines wherever they stand: `#### 18`, `A: 18`, `Answer: (C)`, `\\boxed{18}`. Sentences at the end: "So
    the answer is 18.", "The answer is filtering straw (C)."
    """
    if "####" in text or ":" in text or "=" in text or "*" in text or "\\" in text:
        lines = text.split("\n")
        unhashed = [_without_hashes(line) for line in lines]
        kept = [line for line in unhashed if line is not None and not _is_answer_line(line)]
        if kept != lines:
            text = _joined(kept)
    return _without_last(text, _SENTENCE, _is_value)


def remove_named_answers(text: str) -> str:
    """Without closing sentences or lines that name an answer: "The answer is water.", "Answer: water"."""
    return _without_last(_without_last(text, _SHORT_LABEL, _is_short_name), _SENTENCE, _is_name)


def _joined(lines: list[str]) -> str:
    text = "\n".join(lines)
    return (re.sub(r"\n{3,}", "\n\n", text) if "\n\n\n" in text else text).strip()


def _without_hashes(line: str) -> str | None:
    """`line` without `#### value` at its end; None if nothing else is there."""
    if "####" not in line:
        return line
    start = line.rfind("####")
    kept = line[:start].rstrip("#")
    value = line[len(kept) :].lstrip("#").strip()
    if value and not _is_value(value):
        return line
    return kept.rstrip() or None


def _is_answer_line(line: str) -> bool:
    if not line or len(line) > MAX_ANSWER_LENGTH:
        return False
    label = _SHORT_LABEL.match(line)
    if label:
        return label.end() == len(line) or _is_value(line[label.end() :])
    if not line.startswith(("\\boxed", "$\\boxed", "**")):
        return False
    return _NUMBER_OR_LETTER.fullmatch(_unwrapped(line)) is not None


def _without_last(text: str, lead: re.Pattern[str], is_answer: Callable[[str], bool]) -> str:
    """`text` without its last sentences as long as they are `lead` and an answer."""
    end = len(text)
    while (start := _last_sentence(text, end)) is not None:
        match = lead.match(text, start, end)
        if match is None or not is_answer(text[match.end() : end]):
            break
        end = _stripped_end(text, start)
    return text[:end]


def _unwrapped(value: str) -> str:
    value = value.strip(_WRAPPERS).removeprefix("\\boxed").strip(_WRAPPERS)
    return value.rstrip(".!" + _WRAPPERS)


def _is_value(value: str) -> bool:
    if len(value) > MAX_ANSWER_LENGTH:
        return False
    value = _unwrapped(value)
    return _VALUE.fullmatch(value) is not None and _REASONED.search(value) is None


def _is_name(value: str) -> bool:
    return _NAMED_ANSWER.fullmatch(value) is not None and _REASONED.search(value) is None


def _is_short_name(value: str) -> bool:
    # Behind "A:" a whole sentence may begin; the longest choices of CommonsenseQA aside, names have up to five words.
    return len(value.split()) <= 5 and _is_name(value)


def _last_sentence(text: str, end: int) -> int | None:
    """Where the last sentence of `text[:end]` begins; None if it is too long for a phrase, or missing."""
    start = max(0, end - MAX_ANSWER_LENGTH)
    last = max(text.rfind(mark, start, end) for mark in _SENTENCE_MARKS)
    if last < 0:
        return 0 if start == 0 and end else None
    return last + (1 if text[last] == "\n" else 2)


def _stripped_end(text: str, end: int) -> int:
    while end > 0 and text[end - 1].isspace():
        end -= 1
    return end
