"""`manage.py generate`: candidates of a model for a dataset's questions, sampled in this very process."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import CommandParser

from accounts.arguments import BadArguments
from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from generation.registry.services import OWN_BASES, ensure_own_base
from generation.runs.models import GenerationRun
from generation.runs.resuming import interrupted_generation, unfinished_like
from generation.runs.selectors import get_run, summary_of
from generation.runs.services import launch_generation
from generation.runs.spec import GenerationSpec
from jobs.leases import still_held, take_from_the_lost
from jobs.services import cancel_job, resume_job, run_here

_DEFAULTS = GenerationSpec(dataset="", model="", samples=1)
_NEEDED = ("dataset", "model", "samples")


class Command(JsonCommand):
    help = (
        "Samples candidates of a model for the questions of a dataset: every one is kept with its prompt, seed, "
        "log-probability and verdict, and its rationale joins the library under the source. An interrupted run "
        "keeps what it stored: the same command goes on with it, as long as the questions are the same, or --resume."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        add("--dataset", metavar="NAME", help="whose questions are asked")
        add("--model", metavar="LABEL", help="a registered model")
        add("--samples", type=int, metavar="K", help="candidates per question")
        add("--split", help="only this split; all but `prompt` if not given")
        add("--temperature", type=float, default=_DEFAULTS.temperature, help="0 is greedy")
        add("--top-p", type=float, default=_DEFAULTS.top_p, help="nucleus sampling; 1 draws from all tokens")
        add("--seed", type=int, default=_DEFAULTS.seed, help="the same seed gives the same candidates")
        add(
            "--source",
            metavar="LABEL",
            help="what the rationales are filed under; the model's label if not given",
        )
        add("--shots", type=int, default=_DEFAULTS.shots, help="worked examples, drawn from split `prompt`")
        add("--hint", action="store_true", help="give the right answer away in the prompt (rationalization)")
        add(
            "--max-new-tokens",
            type=int,
            metavar="N",
            help="longest completion; what fits, at most 256, if not given",
        )
        add("--batch-size", type=int, metavar="N", help="candidates stored, or repeated after a kill, as one")
        add(
            "--resume",
            type=int,
            metavar="RUN",
            help="go on with a run that was interrupted, cancelled or failed",
        )

    def run(self, *, resume: int | None, **options: Any) -> dict[str, Any]:
        began = time.monotonic()
        chosen = {name: value for name, value in options.items() if name in GenerationSpec.__slots__}
        run = _launched(chosen) if resume is None else _resumed(resume, chosen)
        if run.finished_at is None:
            try:
                run_here(run.job_id, watched=True)
            except KeyboardInterrupt:
                raise interrupted_generation(run) from None
        return {**summary_of(get_run(run.pk)), "seconds": round(time.monotonic() - began, 3)}


def _launched(chosen: dict[str, Any]) -> GenerationRun:
    missing = [f"--{name}" for name in _NEEDED if chosen[name] is None]
    if missing:
        raise BadArguments(
            f"the following arguments are required: {', '.join(missing)}",
            field=missing[0].lstrip("-"),
            value=None,
            expected="a value",
        )
    if chosen["model"] in OWN_BASES:
        ensure_own_base(chosen["model"], actor=COMMAND)
    spec = GenerationSpec(**chosen, lanes=1)
    unfinished = unfinished_like(spec)
    return launch_generation(spec, actor=COMMAND) if unfinished is None else _gone_on(unfinished)


def _resumed(pk: int, chosen: dict[str, Any]) -> GenerationRun:
    if given := [f"--{name}" for name in _NEEDED if chosen[name] is not None]:
        raise BadArguments(
            f"argument --resume: the run knows its settings; not allowed with {', '.join(given)}",
            field="resume",
            value=pk,
            expected=f"a run alone, without {', '.join(given)}",
        )
    return _gone_on(get_run(pk))


def _gone_on(run: GenerationRun) -> GenerationRun:
    """From what is stored; a finished one as it is. Raises StillHeld where another process is at work on it."""
    if take_from_the_lost(run.job_id) is not None:
        cancel_job(run.job_id, actor=COMMAND)
        run.job.refresh_from_db()
    if (held := still_held(run.job, f"Run {run.pk}")) is not None:
        held.details["run"] = run.pk
        raise held
    if run.job.is_resumable:
        resume_job(run.job_id, actor=COMMAND)
    return run
