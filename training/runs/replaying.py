"""Rationales of the library as what a STaR run replays: solved questions that are never asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from generation.sampling.types import Completion
from problems.traces import trace_is_valid
from problems.types import Family, Grade, Verdict
from ratings.library.models import Rationale
from training.batching import Example
from training.records import Candidate, Fate, Origin
from training.runs.grades import Grades
from training.runs.questions import Asking, asking_of
from training.runs.sampling import examples_of


class Replay:
    """given: in the frozen order. questions: theirs, by id. rationales: keys of the library, by question and sample."""

    def __init__(self, family: Family, rationales: Sequence[int], grades: Grades) -> None:
        self.given: list[Candidate] = []
        self.questions: dict[str, Asking] = {}
        self.rationales: dict[tuple[str, int], int] = {}
        samples = Counter[str]()
        for rationale, example in examples_of(family, rationales, grades):
            asking = asking_of(rationale.revision)
            sample = samples[asking.id]
            samples[asking.id] += 1
            self.questions[asking.id] = asking
            self.rationales[asking.id, sample] = rationale.pk
            self.given.append(_candidate(family, asking, sample, rationale, example))


def _candidate(
    family: Family, asking: Asking, sample: int, rationale: Rationale, example: Example
) -> Candidate:
    return Candidate(
        question=asking.id,
        sample=sample,
        origin=Origin.REPLAYED,
        prefix="",
        own_prompt="",
        training_prompt=example.prompt,
        completion=Completion(
            text=example.completion, finish="stop", logprob=None, scored_tokens=0, token_count=0
        ),
        seed=0,
        grade=Grade(Verdict(rationale.verdict), rationale.answer or None, rationale.text_agrees),
        fate=Fate.KEPT,
        trace_valid=trace_is_valid(family, asking.asked.text, example.completion),
    )
