"""Reading the parts of a journey, all of them bounded. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ratings.studies.journey_parts import (
    CARDS,
    CODE_PLACE,
    COMPLETION_OUTCOMES,
    MAX_CHOICES,
    MAX_ITEMS,
    MAX_LINE,
    MAX_QUESTIONS,
    MAX_TEXT,
    Completion,
    Comprehension,
    ComprehensionQuestion,
    Debrief,
    DebriefQuestion,
    Practice,
    PracticeItem,
)
from ratings.studies.journey_values import (
    BadJourney,
    at,
    check_number,
    check_text,
    read_list,
    read_number,
    read_object,
    read_switch,
    read_text,
)

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def read_practice(value: Any) -> Practice:
    part = read_object(value, "practice", ("items", "count"))
    items = tuple(_item(item, path) for path, item in read_list(part, "practice", "items", most=MAX_ITEMS))
    if not items:
        return Practice()
    count = read_number(part, "practice", "count", low=1, high=len(items), default=len(items))
    return Practice(items=items, count=count)


def _item(value: Any, path: str) -> PracticeItem:
    names = ("from", "question", "answer", "choices", "rationales", "ranking", "notes", "feedback")
    item = read_object(value, path, names)
    feedback = read_text(item, path, "feedback", limit=MAX_TEXT, required=True)
    ranking, notes = _ranking(item, path), _texts(item, path, "notes")
    if "from" in item:
        for name in ("question", "answer", "choices", "rationales"):
            if name in item:
                raise BadJourney(at(path, name), item[name], "nothing beside `from`, which brings it")
        source_question = check_text(item["from"], at(path, "from"), limit=200)
        return PracticeItem(feedback, source_question=source_question, ranking=ranking, notes=notes)
    rationales = _texts(item, path, "rationales")
    if not rationales:
        raise BadJourney(at(path, "rationales"), item.get("rationales"), f"a list of {CARDS} texts")
    return PracticeItem(
        feedback,
        question=read_text(item, path, "question", limit=MAX_TEXT, required=True),
        answer=read_text(item, path, "answer", limit=MAX_LINE, required=True),
        choices=tuple(
            _choice(choice, place) for place, choice in read_list(item, path, "choices", most=MAX_CHOICES)
        ),
        rationales=rationales,
        ranking=ranking,
        notes=notes,
    )


def _texts(item: Mapping[str, Any], path: str, name: str) -> tuple[str, ...]:
    """One text for each card, or none at all."""
    parts = read_list(item, path, name, most=CARDS, least=CARDS if item.get(name) else 0)
    return tuple(check_text(part, place, limit=MAX_TEXT) for place, part in parts)


def _choice(value: Any, path: str) -> tuple[str, str]:
    choice = read_object(value, path, ("label", "text"))
    return (
        read_text(choice, path, "label", limit=10, required=True),
        read_text(choice, path, "text", limit=MAX_LINE, required=True),
    )


def _ranking(item: Mapping[str, Any], path: str) -> tuple[tuple[int, ...], ...]:
    groups = []
    for place, group in read_list(item, path, "ranking", most=CARDS):
        if not isinstance(group, list | tuple) or not group:
            raise BadJourney(place, group, "a list of indices of rationales")
        groups.append(tuple(check_number(index, place, low=0, high=CARDS - 1) for index in group))
    named = [index for group in groups for index in group]
    if len(set(named)) != len(named):
        raise BadJourney(at(path, "ranking"), item["ranking"], "each rationale at most once")
    return tuple(groups)


def read_comprehension(value: Any) -> Comprehension:
    part = read_object(value, "comprehension", ("questions", "tries"))
    questions = read_list(part, "comprehension", "questions", most=MAX_QUESTIONS)
    # A check at the start has two tries at least: panels' rule, and ours.
    return Comprehension(
        questions=tuple(_comprehension_question(question, path) for path, question in questions),
        tries=read_number(part, "comprehension", "tries", low=2, high=5, default=2),
    )


def _comprehension_question(value: Any, path: str) -> ComprehensionQuestion:
    question = read_object(value, path, ("question", "choices", "right", "explanation"))
    choices = _choices(question, path, least=2)
    return ComprehensionQuestion(
        question=read_text(question, path, "question", limit=MAX_TEXT, required=True),
        choices=choices,
        right=check_number(question.get("right"), at(path, "right"), low=0, high=len(choices) - 1),
        explanation=read_text(question, path, "explanation", limit=MAX_TEXT, required=True),
    )


def _choices(question: Mapping[str, Any], path: str, *, least: int) -> tuple[str, ...]:
    parts = read_list(question, path, "choices", most=MAX_CHOICES, least=least)
    choices = tuple(check_text(part, place, limit=MAX_LINE) for place, part in parts)
    if len(set(choices)) != len(choices):
        raise BadJourney(at(path, "choices"), list(choices), "different choices")
    return choices


def read_debrief(value: Any) -> Debrief:
    part = read_object(value, "debrief", ("questions", "guess", "guess_triples", "human", "comment"))
    human = read_list(part, "debrief", "human", most=CARDS)
    return Debrief(
        questions=tuple(
            _debrief_question(question, path)
            for path, question in read_list(part, "debrief", "questions", most=MAX_QUESTIONS)
        ),
        guess=read_switch(part, "debrief", "guess"),
        guess_triples=read_number(part, "debrief", "guess_triples", low=1, high=10, default=3),
        human=tuple(check_text(label, path, limit=100) for path, label in human),
        comment=read_switch(part, "debrief", "comment"),
    )


def _debrief_question(value: Any, path: str) -> DebriefQuestion:
    question = read_object(value, path, ("question", "choices"))
    return DebriefQuestion(
        question=read_text(question, path, "question", limit=MAX_TEXT, required=True),
        choices=_choices(question, path, least=2 if question.get("choices") else 0),
    )


def read_completion(value: Any) -> Completion:
    part = read_object(value, "completion", ("codes", "url"))
    codes = read_object(part.get("codes", {}), "completion.codes", COMPLETION_OUTCOMES)
    for outcome, code in codes.items():
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            raise BadJourney(f"completion.codes.{outcome}", code, "1 to 64 letters, digits, - and _")
    return Completion(codes=codes, url=_url(read_text(part, "completion", "url", limit=MAX_LINE)))


def _url(url: str) -> str:
    expected = f"an https address with {CODE_PLACE} where the code goes"
    if not url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise BadJourney("completion.url", url, expected) from error
    fits = parts.scheme == "https" and parts.hostname and "@" not in parts.netloc
    if not fits or CODE_PLACE not in parts.path + parts.query or any(c.isspace() for c in url):
        raise BadJourney("completion.url", url, expected)
    return url
