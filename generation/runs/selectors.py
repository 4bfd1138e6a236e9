"""Reading runs and candidates."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from generation.runs.errors import UnknownCandidate, UnknownRun
from generation.runs.models import Candidate, GenerationRun
from jobs.models import Job
from problems.types import Verdict


def runs() -> QuerySet[GenerationRun]:
    """All runs with what names them, newest first."""
    return GenerationRun.objects.select_related("dataset", "model", "source", "job", "created_by").order_by(
        "-id"
    )


def get_run(pk: int) -> GenerationRun:
    """Raises UnknownRun."""
    run = runs().filter(pk=pk).first()
    if run is None:
        named = {"field": "run", "value": pk, "expected": "the number of a generation run"}
        raise UnknownRun(f"There is no generation run {pk}.", details={"run": pk, **named})
    return run


def run_of_job(job_id: int) -> GenerationRun:
    """The run that a lane's job works on. Raises UnknownRun."""
    job = Job.objects.only("parent_id").get(pk=job_id)
    run = runs().filter(job_id=job.parent_id or job.pk).first()
    if run is None:
        raise UnknownRun(f"Job {job_id} has no generation run.", details={"job": job_id})
    return run


def candidates(
    *, run: GenerationRun | None = None, verdict: str | None = None, question: str | None = None
) -> QuerySet[Candidate]:
    """Candidates with what names them that pass all filters given."""
    found = Candidate.objects.select_related(
        "run__dataset", "run__model", "run__source", "prompt__question", "prompt__revision", "rationale"
    )
    if run is not None:
        found = found.filter(run=run)
    if verdict:
        found = found.filter(verdict=verdict)
    if question:
        found = found.filter(prompt__question__external_id=question)
    return found


def get_candidate(pk: int) -> Candidate:
    """Raises UnknownCandidate."""
    candidate = candidates().filter(pk=pk).first()
    if candidate is None:
        raise UnknownCandidate(f"There is no candidate {pk}.", details={"candidate": pk})
    return candidate


def summary_of(run: GenerationRun) -> dict[str, Any]:
    """CONTRACT.md's answer of `generate`: what is stored so far.

    seconds: from the first attempt's start to the last batch; null before the end. questions_right: questions with at
    least one right answer. What the work met on the way stands behind these.
    """
    verdicts = verdict_counts(run)
    rows = run.candidates.aggregate(
        candidates=Count("pk"),
        tokens=Sum("tokens"),
        right=Count("prompt_id", distinct=True, filter=Q(verdict=Verdict.CORRECT)),
    )
    return {
        "run": run.pk,
        "questions": run.questions,
        "candidates": rows["candidates"],
        **{verdict.value: verdicts.get(verdict.value, 0) for verdict in Verdict},
        "questions_right": rows["right"],
        "tokens": rows["tokens"] or 0,
        "seconds": seconds_of(run),
        **run.conditions,
    }


def verdict_counts(run: GenerationRun) -> dict[str, int]:
    rows = run.candidates.order_by().values_list("verdict").annotate(count=Count("pk"))
    return dict(rows)


def share_right(run: GenerationRun) -> float:
    """Right candidates among those stored, 0 to 1; 0 before the first."""
    counts = verdict_counts(run)
    return counts.get(Verdict.CORRECT, 0) / max(1, sum(counts.values()))


def seconds_of(run: GenerationRun) -> float | None:
    """From the first attempt's start to the last batch; None before the end."""
    if run.finished_at is None or run.job.started_at is None:
        return None
    return round((run.finished_at - run.job.started_at).total_seconds(), 3)


def shares_of(summary: dict[str, Any]) -> dict[str, float | None]:
    """Of what is stored: right candidates, and questions with at least one right answer, as shares of 1."""
    candidates, questions = summary["candidates"], summary["questions"]
    return {
        "candidates": summary[Verdict.CORRECT] / candidates if candidates else None,
        "questions": summary["questions_right"] / questions if questions else None,
    }


def neighbours_of(candidate: Candidate) -> list[Candidate]:
    """The samples of the same prompt, this one included, in order."""
    rows = Candidate.objects.filter(prompt=candidate.prompt_id).order_by("sample")
    return list(rows.only("pk", "sample", "verdict"))
