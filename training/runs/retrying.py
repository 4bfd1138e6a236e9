"""Wrong solutions of the library or of an earlier run, with their corrections: what `learn = "retries"` learns from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from generation.prompts import build_prompt
from generation.runs.spec import asked_of
from problems.steps import split_steps
from problems.traces import Span
from problems.types import Family, Verdict
from ratings.exports.selectors import rated_triples
from ratings.library.models import Dataset, Rationale
from ratings.studies.models import Study
from training.recipes.schema import Sft
from training.retries import marked_span, retry_of
from training.runs.grades import Grades, rationales_at
from training.runs.models import EXTRAS, Fate, Origin, TrainingExample, TrainingRun
from training.runs.preferences import completion_of_rationale
from training.runs.rationales import learnable

if TYPE_CHECKING:
    from training.batching import Example


@dataclass(frozen=True, slots=True)
class Wrong:
    """A solution that may have a wrong step. marked: where people found one."""

    question: int
    text: str
    answer_is_wrong: bool
    marked: Span | None = None


def gathered_retries(dataset: Dataset, studies: Sequence[Study], recipe: Sft) -> list[dict[str, Any]]:
    """Each correction once, as JSON: {"solution": rationale, "id": question, "beginning", "correction"}, by question.

    A question's solutions are tried in their order: the first one that goes on from where a text went wrong is taken.
    """
    family = Family(dataset.family)
    marks = _marks(studies, raters=recipe.raters)
    solutions = _solutions(dataset, studies, recipe, family, but=marks)
    found: list[dict[str, Any]] = []
    taken: Counter[int] = Counter()
    for wrong in _wrong(dataset, marks, recipe, family):
        if recipe.retries_per_question and taken[wrong.question] >= recipe.retries_per_question:
            continue
        for rationale, text in solutions.get(wrong.question, ()):
            retry = retry_of(
                family,
                rationale.revision.text,
                wrong.text,
                text,
                answer_is_wrong=wrong.answer_is_wrong,
                marked=wrong.marked,
            )
            if retry is None:
                continue
            one = {
                "solution": rationale.pk,
                "id": rationale.question.external_id,
                "beginning": retry.beginning,
                "correction": retry.correction,
            }
            if one not in found[-taken[wrong.question] :]:
                found.append(one)
                taken[wrong.question] += 1
            break
    return found


def solutions_beside(dataset: Dataset, studies: Sequence[Study], recipe: Sft) -> list[int]:
    """The right rationales that came with the split's questions, or were rated, but for those marked wrong."""
    marks = _marks(studies, raters=recipe.raters)
    right = learnable(dataset, recipe.split, studies=studies).values_list("pk", flat=True)
    return [pk for pk in right if pk not in marks]


def retry_contents(retries: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    """What they say, without keys of this database."""
    return [[one["id"], one["beginning"], one["correction"]] for one in retries]


def retry_rows(
    run: TrainingRun, retries: Sequence[Mapping[str, Any]], grades: Grades
) -> Iterator[tuple[Example, TrainingExample]]:
    """Each as a text to learn from, the mistake in its prompt, and as the row that it is stored as."""
    from training.batching import (
        Example,
    )  # torch: only who trains needs it, and the web process counts retries

    family = Family(run.dataset.family)
    solutions = rationales_at([one["solution"] for one in retries], grades)
    samples: Counter[int] = Counter()
    for one in retries:
        solution = solutions[one["solution"]]
        prompt = build_prompt(family, asked_of(solution.revision)) + one["beginning"]
        row = TrainingExample(
            run=run,
            iteration=1,
            origin=Origin.RETRY,
            question_id=solution.question_id,
            revision_id=solution.revision_id,
            sample=samples[solution.question_id],
            training_prompt=prompt,
            completion=one["correction"],
            answer=solution.revision.answer or "",
            verdict=Verdict.CORRECT,
            fate=Fate.KEPT,
            rationale=solution,
        )
        samples[solution.question_id] += 1
        yield Example(prompt, one["correction"]), row


def _solutions(
    dataset: Dataset, studies: Sequence[Study], recipe: Sft, family: Family, *, but: Container[int]
) -> dict[int, list[tuple[Rationale, str]]]:
    """What came with each question, or was rated, and is right, as a model would write it.

    but: rationales that correct nothing.
    """
    found: dict[int, list[tuple[Rationale, str]]] = defaultdict(list)
    rows = learnable(dataset, recipe.split, studies=studies).select_related("question", "revision")
    for row in rows.iterator(500):
        if row.pk not in but:
            found[row.question_id].append((row, completion_of_rationale(family, row, row.revision)))
    return found


def _wrong(dataset: Dataset, marks: Mapping[int, int], recipe: Sft, family: Family) -> Iterator[Wrong]:
    """In the order of questions, each question's together."""
    if recipe.from_run:
        for row in _of_run(dataset, recipe):
            yield Wrong(row.question_id, row.completion, row.verdict == Verdict.WRONG)
        return
    for rationale in _of_library(dataset, recipe):
        text = completion_of_rationale(family, rationale, rationale.revision)
        marked = None
        if rationale.pk in marks:
            marked = marked_span(family, text, split_steps(rationale.normalised), marks[rationale.pk])
        yield Wrong(rationale.question_id, text, rationale.verdict == Verdict.WRONG, marked)


def _of_run(dataset: Dataset, recipe: Sft) -> Iterator[TrainingExample]:
    """What an earlier run sampled that is wrong, or right by wrong steps."""
    wrong = Q(verdict=Verdict.WRONG) | Q(verdict=Verdict.CORRECT, trace_valid=False)
    rows = TrainingExample.objects.filter(
        wrong,
        run__label=recipe.from_run,
        run__holds_label=True,
        question__dataset=dataset,
        question__split=recipe.split,
        revision__current=True,
        iteration__gt=0,
    )
    own = rows.exclude(origin__in=EXTRAS)
    yield from own.order_by("question__external_id", "iteration", "origin", "sample").iterator(500)


def _of_library(dataset: Dataset, recipe: Sft) -> Iterator[Rationale]:
    rows = Rationale.objects.filter(
        question__dataset=dataset,
        question__split=recipe.split,
        live=True,
        revision__current=True,
        verdict__in=[Verdict.WRONG, Verdict.CORRECT, Verdict.GIVEN],
    ).select_related("question", "revision")
    if recipe.sources:
        rows = rows.filter(source__label__in=recipe.sources)
    yield from rows.order_by("question__external_id", "source__label", "text_digest").iterator(500)


def _marks(studies: Sequence[Study], *, raters: str) -> dict[int, int]:
    """For each rationale the step that most of its raters marked as the first wrong one, the earliest of equals."""
    found: dict[int, Counter[int]] = defaultdict(Counter)
    for study in studies:
        for rated in rated_triples(study, raters=raters, split=None, counted_only=True, with_texts=True):
            for source, step in rated.first_wrong_step.items():
                found[rated.triple.cards[int(source)].rationale][int(step)] += 1
    return {pk: min(steps, key=lambda step: (-steps[step], step)) for pk, steps in found.items()}
