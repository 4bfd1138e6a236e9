"""A run that was interrupted: which one the same command goes on with, and what Ctrl-C leaves of it."""

from __future__ import annotations

from typing import Any

from generation.runs.models import GenerationRun
from generation.runs.spec import CheckedSpec, GenerationSpec, check_spec
from jobs.errors import Interrupted
from jobs.models import Job

#: In a run's conditions: nobody asked for a number of new tokens, and the work settled what fits.
ROOM_SETTLED = "room_settled"


def unfinished_like(spec: GenerationSpec) -> GenerationRun | None:
    """The newest run of exactly these settings and questions that was begun and did not end well.

    One that still waits for its first worker is none. Raises the errors of check_spec.
    """
    states = [Job.State.CANCELLED, Job.State.FAILED, Job.State.RUNNING]
    begun = GenerationRun.objects.filter(
        dataset__name=spec.dataset,
        model__label=spec.model,
        job__state__in=states,
        job__lanes__isnull=True,
        finished_at__isnull=True,
    )
    if not begun.exists():  # as a rule; the whole spec is checked once then
        return None
    checked = check_spec(spec)
    found = begun.filter(**_settings(checked))
    asked = [revision.pk for revision in checked.revisions]
    for run in found.select_related("job").order_by("-pk"):
        if _room_is_as_asked(run, checked) and asked == list(
            run.prompts.order_by("number").values_list("revision", flat=True)
        ):
            return run
    return None


def interrupted_generation(run: GenerationRun) -> Interrupted:
    """Of a run whose attempt has ended."""
    kept = run.candidates.count()
    return Interrupted(
        f"Interrupted: run {run.pk} keeps {kept:,} of its {run.planned:,} candidates. The same command goes on from"
        f" there, or generate --resume {run.pk}.",
        details={"run": run.pk, "candidates": kept, "planned": run.planned},
    )


def _settings(checked: CheckedSpec) -> dict[str, Any]:
    spec = checked.spec
    return {
        "model_digest": checked.model.digest,
        "source__label": checked.source,
        "split": spec.split or "",
        "samples": spec.samples,
        "temperature": spec.temperature,
        "top_p": spec.top_p,
        "seed": spec.seed,
        "shots": spec.shots,
        "prefix": checked.prefix,
        "hint": spec.hint,
        "batch_size": checked.batch_size,
        "questions": len(checked.revisions),
    }


def _room_is_as_asked(run: GenerationRun, checked: CheckedSpec) -> bool:
    wanted = checked.max_new_tokens
    return run.max_new_tokens == wanted or (wanted is None and ROOM_SETTLED in run.conditions)
