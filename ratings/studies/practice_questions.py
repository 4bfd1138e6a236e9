"""Practice on questions of the study's own dataset: their texts are fetched once, when the study is made.

The stored journey then holds what is shown, word by word, whatever becomes of the dataset; the questions themselves
are kept out of the draw, for nobody may judge what everybody was told about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.errors import InvalidInput
from ratings.library.models import Dataset, QuestionRevision, Rationale, Source
from ratings.studies.candidates import question_candidates
from ratings.studies.draw import Drawn, QuestionCandidates, choose


@dataclass(frozen=True, slots=True)
class NotUsable:
    """Why a question can not be practised on: what was expected of it."""

    expected: str


def practised_questions(journey: Mapping[str, Any]) -> list[str]:
    """External ids of the questions that the journey's practice takes from the dataset."""
    return [item["from"] for item in _items(journey) if "from" in item]


def without(
    questions: Iterator[QuestionCandidates], practised: Sequence[str]
) -> Iterator[QuestionCandidates]:
    """The draw's questions but for those that are practised on."""
    left_out = set(practised)
    return (question for question in questions if question.key not in left_out)


def written_out(
    journey: Mapping[str, Any], dataset: Dataset, sources: Sequence[Source], *, seed: int
) -> dict[str, Any]:
    """The journey with each practice question's texts in place of its id. Raises InvalidInput.

    One rationale of each source, right or wrong, by the same lot as the draw's; notes and ranking count the sources in
    the study's order.
    """
    wanted = practised_questions(journey)
    if not wanted:
        return dict(journey)
    found = practice_texts(dataset, sources, wanted, seed=seed)
    items = [
        {**_usable(item["from"], index, found), **_told(item)} if "from" in item else item
        for index, item in enumerate(_items(journey))
    ]
    return {**journey, "practice": {**journey["practice"], "items": items}}


def practice_texts(
    dataset: Dataset, sources: Sequence[Source], keys: Collection[str], *, seed: int
) -> dict[str, dict[str, Any] | NotUsable]:
    """By id: the texts of a question as practice shows them, or why it can not be practised on.

    Without sources only the question itself is looked at, and its rationales are none.
    """
    there = {question.key: question for question in question_candidates(dataset, sources, keys=keys)}
    chosen: dict[str, Drawn | NotUsable] = {}
    for key in keys:
        if key in there:
            chosen[key] = _chosen(there[key], len(sources), seed)
        else:
            chosen[key] = NotUsable("the id of a question of the study's dataset")
    return _with_texts(chosen)


def _chosen(question: QuestionCandidates, sources: int, seed: int) -> Drawn | NotUsable:
    drawn = choose(question, sources=sources, seed=seed, any_answer=True, strict_text=False)
    if isinstance(drawn, str):
        return NotUsable("a question, not of split `prompt`, with a rationale of each source")
    return drawn


def _with_texts(chosen: Mapping[str, Drawn | NotUsable]) -> dict[str, dict[str, Any] | NotUsable]:
    drawn = [one for one in chosen.values() if isinstance(one, Drawn)]
    rationales = Rationale.objects.in_bulk([c.rationale for one in drawn for c in one.candidates])
    current = QuestionRevision.objects.filter(question_id__in=[one.question for one in drawn], current=True)
    revisions = {revision.question_id: revision for revision in current}
    return {
        key: one if isinstance(one, NotUsable) else _texts(one, revisions[one.question], rationales)
        for key, one in chosen.items()
    }


def _items(journey: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(journey.get("practice", {}).get("items", []))


def _told(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "from"}


def _texts(chosen: Drawn, revision: QuestionRevision, rationales: Mapping[int, Rationale]) -> dict[str, Any]:
    return {
        "question": revision.text,
        "choices": [{"label": choice["label"], "text": choice["text"]} for choice in revision.choices],
        "answer": revision.answer,
        "rationales": [rationales[candidate.rationale].normalised for candidate in chosen.candidates],
    }


def _usable(key: str, index: int, found: Mapping[str, dict[str, Any] | NotUsable]) -> dict[str, Any]:
    texts = found[key]
    if not isinstance(texts, NotUsable):
        return texts
    field = f"journey.practice.items[{index}].from"
    raise InvalidInput(
        f"{field}: {key!r} is not usable, expected {texts.expected}.",
        details={"field": field, "value": key, "expected": texts.expected},
    )
