"""The groups that accuracy is told by, and that may join a run later: digits of a sum, steps of a word problem."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from generation.registry.provenance import CAME_WITH_QUESTION
from problems.calculations import count_calculations
from problems.types import Family
from ratings.library.models import Rationale
from ratings.studies.services import chunks
from training.runs.questions import Asking
from training.runs.shots import digits_of

#: What a family is grouped by, as an iteration's metrics name it (`by_digits`, `by_steps`).
GROUPED_BY = {Family.ADDITION: "digits", Family.WORD_PROBLEM: "steps", Family.GSM8K: "steps"}
_CHUNK = 500


def groups_of(family: Family, questions: Sequence[Asking]) -> dict[str, int]:
    """The group of each question, by its external id; {} for a family without groups.

    Steps are the computations of the longest solution that came with the question; one without any is in no group.
    """
    if family is Family.ADDITION:
        return {one.id: digits_of(one.asked.text) for one in questions}
    if family not in GROUPED_BY:
        return {}
    steps: dict[int, int] = {}
    for part in chunks([one.question for one in questions], _CHUNK):
        rows = Rationale.objects.filter(CAME_WITH_QUESTION, question__in=part, live=True)
        for question, text in rows.values_list("question", "text"):
            steps[question] = max(steps.get(question, 0), count_calculations(text))
    return {one.id: steps[one.question] for one in questions if one.question in steps}


def accuracy_by_group(results: Mapping[str, bool], groups: Mapping[str, int]) -> dict[str, float]:
    """Share of right results in each group, smallest first."""
    found: dict[int, list[bool]] = defaultdict(list)
    for key, right in results.items():
        if key in groups:
            found[groups[key]].append(right)
    return {str(group): sum(right) / len(right) for group, right in sorted(found.items())}


def group_metrics(family: Family, accuracies: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """As an iteration's metrics hold them: under `by_digits` or `by_steps`."""
    kind = GROUPED_BY.get(family)
    return {f"by_{kind}": dict(accuracies)} if kind else {}
