"""Between the loops' words and the database's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from generation.prompts import build_prompt
from generation.registry.loading import LoadedModel
from generation.runs.spec import asked_of
from generation.runs.texts import storable
from generation.sampling.local import LocalSampler
from generation.sampling.types import Completion, PromptRequest, SamplingSettings, Watch
from problems.types import Family
from ratings.library.models import Rationale
from ratings.studies.services import chunks
from training.batching import Example
from training.records import Question
from training.runs.grades import Grades, rationales_at
from training.runs.preferences import completion_of_rationale
from training.runs.questions import Asking

_CHUNK = 500


class StorableSampler:
    """A sampler whose texts every database can store, so that what was stored is exactly what was learned from."""

    def __init__(self, loaded: LoadedModel, *, watch: Watch | None = None) -> None:
        self._sampler = LocalSampler(loaded, watch=watch)

    def sample(self, requests: Sequence[PromptRequest], settings: SamplingSettings) -> list[Completion]:
        completions = self._sampler.sample(requests, settings)
        return [replace(completion, text=storable(completion.text)) for completion in completions]


def question_of(family: Family, asking: Asking) -> Question:
    """A question under the id by which files and pages know it."""
    return Question(asking.id, family, asking.asked)


def examples_of(
    family: Family, rationales: Sequence[int], grades: Grades | None = None
) -> Iterator[tuple[Rationale, Example]]:
    """Rationales as texts to learn from, in the order given, each at the revision that it was graded against.

    grades: when the run began; by itself those of today.
    """
    for part in chunks(rationales, _CHUNK):
        rows = rationales_at(part, grades or {})
        for pk in part:
            prompt = build_prompt(family, asked_of(rows[pk].revision))
            yield rows[pk], Example(prompt, completion_of_rationale(family, rows[pk], rows[pk].revision))
