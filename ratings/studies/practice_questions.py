"""Practice on questions of the study's own dataset: their texts are fetched once, when the study is made.

The stored journey then holds what is shown, word by word, whatever becomes of the dataset; the questions themselves
are kept out of the draw, for nobody may judge what everybody was told about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from accounts.errors import InvalidInput
from ratings.library.models import Dataset, QuestionRevision, Rationale, Source
from ratings.studies.candidates import question_candidates
from ratings.studies.draw import QuestionCandidates, choose


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
    wanted = set(practised_questions(journey))
    if not wanted:
        return dict(journey)
    found = {
        question.key: question for question in question_candidates(dataset, sources) if question.key in wanted
    }
    items = [
        {**_texts(item["from"], index, found, len(sources), seed), **_told(item)} if "from" in item else item
        for index, item in enumerate(_items(journey))
    ]
    return {**journey, "practice": {**journey["practice"], "items": items}}


def _items(journey: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(journey.get("practice", {}).get("items", []))


def _told(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "from"}


def _texts(
    key: str, index: int, found: Mapping[str, QuestionCandidates], sources: int, seed: int
) -> dict[str, Any]:
    if key not in found:
        _refuse(index, key, "the id of a question of the study's dataset")
    chosen = choose(found[key], sources=sources, seed=seed, any_answer=True, strict_text=False)
    if isinstance(chosen, str):
        _refuse(index, key, "a question, not of split `prompt`, with a rationale of each source")
    revision = QuestionRevision.objects.get(question_id=chosen.question, current=True)
    rationales = Rationale.objects.in_bulk([candidate.rationale for candidate in chosen.candidates])
    return {
        "question": revision.text,
        "choices": [{"label": choice["label"], "text": choice["text"]} for choice in revision.choices],
        "answer": revision.answer,
        "rationales": [rationales[candidate.rationale].normalised for candidate in chosen.candidates],
    }


def _refuse(index: int, key: str, expected: str) -> NoReturn:
    field = f"journey.practice.items[{index}].from"
    raise InvalidInput(
        f"{field}: {key!r} is not usable, expected {expected}.",
        details={"field": field, "value": key, "expected": expected},
    )
