"""Worked examples for few-shot prompts: drawn by the run's seed from the questions that are never rated.

They came with their questions (generation.registry.provenance): else what models write would change the prompts.
"""

from __future__ import annotations

from collections import defaultdict

from generation.registry.provenance import CAME_WITH_QUESTION
from generation.runs.seeds import shot_rank
from problems.types import Verdict
from ratings.library.models import Dataset, Rationale
from ratings.library.options import refuse
from ratings.library.prompting import FILES
from ratings.library.writers import unsaid_words
from ratings.studies.draw import PROMPT_SPLIT


def draw_shots(dataset: Dataset, count: int, *, seed: int) -> list[Rationale]:
    """`count` rationales of different questions of split `prompt`, each right or written for its stated answer.

    The questions with the smallest ranks by the seed, in that order, and of each the rationale with the smallest rank:
    adding rationales to other questions, or importing the same files elsewhere, draws the same examples.
    Raises InvalidInput when there are too few.
    """
    if not count:
        return []
    by_question: dict[str, list[Rationale]] = defaultdict(list)
    rows = Rationale.objects.filter(
        CAME_WITH_QUESTION,
        question__dataset=dataset,
        question__split=PROMPT_SPLIT,
        live=True,
        verdict__in=[Verdict.CORRECT, Verdict.GIVEN],
    )
    for rationale in rows.select_related("question", "revision"):
        by_question[rationale.question.external_id].append(rationale)
    if len(by_question) < count:
        refuse(
            "shots",
            count,
            f"at most {len(by_question)}: so many questions of split 'prompt' have a right rationale"
            f" that came with them{_where_from(dataset)}{unsaid_words(dataset, PROMPT_SPLIT)}",
        )
    chosen = sorted(by_question, key=lambda question: (shot_rank(seed, question), question))[:count]
    return [
        min(by_question[question], key=lambda one: shot_rank(seed, question, one.text_digest))
        for question in chosen
    ]


def _where_from(dataset: Dataset) -> str:
    """How worked examples come into a dataset of a family that this project has some for."""
    named = dataset.family in FILES
    return f" (manage.py import_prompts --dataset {dataset.name} brings this project's own)" if named else ""
