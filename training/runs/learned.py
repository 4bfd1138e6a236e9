"""How much of what it could learn from a run's result learned from: the papers' "train set used"."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from problems.types import Family
from ratings.library.models import Question
from training.runs.groups import groups_of
from training.runs.models import EXTRAS, Algorithm, Origin, PreferencePair, TrainingExample, TrainingRun
from training.runs.questions import split_questions
from training.runs.selectors import learned_by


@dataclass(frozen=True, slots=True)
class Learned:
    """Questions by how the result learned them, of those that it could learn.

    generated: with a rationale as it was given, or the model's own without a hint; also the answer alone, where a run
    learns answers. rationalized: with a hinted one only. could: the questions of the run's split, and of what joined it
    by the result's iteration.
    """

    generated: int
    rationalized: int
    could: int

    @property
    def shares(self) -> tuple[float, float]:
        """Of generated and of rationalized; questions that left the dataset's splits since count in neither."""
        return (self.generated / self.could, self.rationalized / self.could) if self.could else (0.0, 0.0)

    @property
    def share(self) -> float | None:
        """Of both; None where nothing was learned, or nothing is left of what could be."""
        learned = self.generated + self.rationalized
        return learned / self.could if learned and self.could else None


def learned_from(run: TrainingRun, iteration: int) -> Learned:
    """Of a run on rationales or answers. iteration: of its result; runs without rounds have 1.

    What is replayed or copied with its hint brings no question, so it does not count.
    """
    could = _could(run, iteration)
    kept = TrainingExample.objects.filter(learned_by(run, iteration), run=run).exclude(origin__in=EXTRAS)
    hinted = set(_questions(kept.filter(origin=Origin.RATIONALIZED))) & could
    others = set(_questions(kept.exclude(origin=Origin.RATIONALIZED))) & could
    return Learned(len(others), len(hinted - others), len(could))


def train_used(run: TrainingRun, iteration: int | None) -> float | None:
    """The questions that the result learned from, of those that it could; None where that is none.

    iteration: of the result; None for the last one. Of DPO: the questions of its pairs.
    """
    if run.algorithm != Algorithm.DPO:
        last = iteration or max((one.number for one in run.iterations.all()), default=0)
        return learned_from(run, last).share
    split = str(run.recipe.get("split", ""))
    whole = Question.objects.filter(dataset=run.dataset, split=split).count()
    pairs = run.pairs.filter(use=PreferencePair.Use.TRAIN, question__split=split)
    part = pairs.values("question").distinct().count()
    return part / whole if part and whole else None


def _questions(examples: QuerySet[TrainingExample]) -> QuerySet[TrainingExample, int]:
    return examples.order_by().values_list("question", flat=True).distinct()


def _could(run: TrainingRun, iteration: int) -> set[int]:
    """The questions that had joined by this iteration."""
    recipe = run.recipe
    splits, waits = [str(recipe.get("split", ""))], iteration < int(recipe.get("later_from") or 0)
    if recipe.get("later_split") and not waits:
        splits.append(str(recipe["later_split"]))
    rows = Question.objects.filter(dataset=run.dataset, split__in=splits)
    found = set(rows.values_list("pk", flat=True))
    if waits and (later := recipe.get("later_groups")):
        asked = split_questions(run.dataset, splits[0])
        groups = groups_of(Family(run.dataset.family), asked)
        found -= {one.question for one in asked if groups.get(one.id) in later}
    return found
