"""What the grader is told about a stored question, and what it says in the form in which it is stored."""

from __future__ import annotations

from problems.types import Family, Grade
from ratings.library.importing.stored import StoredQuestion
from ratings.library.importing.working import Task, grade_task
from ratings.library.models import Rationale


def task_for(question: StoredQuestion, *, text: str, stated: str, given: bool) -> Task:
    """stated: the file's own answer, "" where the text is read."""
    return Task(text, question.answer or None, question.choices, stated or None, given)


def grade_again(rationale: Rationale, question: StoredQuestion, family: Family) -> None:
    """Sets what depends on the gold answer; the caller saves it."""
    task = task_for(question, text=rationale.text, stated=rationale.stated_answer, given=rationale.given)
    found: Grade = grade_task(family, task)
    rationale.revision_id = question.revision
    rationale.verdict = found.verdict.value
    rationale.answer = found.answer or ""
    rationale.text_agrees = found.text_agrees
