"""What stands under a label: how a command that names it differs from the run that has it."""

from __future__ import annotations

from typing import Any

from accounts.errors import StarchamberError
from generation.registry.models import LanguageModel
from jobs.models import Job
from training.recipes.errors import RecipeError
from training.recipes.reader import ReadRecipe, from_stored
from training.runs.errors import LabelTaken
from training.runs.freezing import is_comparable
from training.runs.models import Algorithm, TrainingRun

#: Named in a message; the details have all.
NAMED = 5

#: What ends an attempt through no fault of its recipe. Such a run keeps its label: it can go on.
OF_THE_MACHINE = frozenset(
    ["internal_error", "disk_full", "storage_unusable", "database_error", "lease_lost", "process_lost"]
    + ["state_not_written", "not_written", "try_again", "model_changed", "model_unusable"]
    + ["checkpoint_missing"]
)
#: Its own copy of the data is gone and they are others now: such a run never goes on.
CANNOT_RESUME = "cannot_resume"

#: By key of the recipe: {"run": its value there, "asked": here}.
Differences = dict[str, dict[str, Any]]


def holder_of(label: str) -> TrainingRun | None:
    """The run that has the label, with its job as it is now."""
    found = TrainingRun.objects.select_related("job", "base", "dataset")
    return found.filter(label=label, holds_label=True).first()


def differences(recipe: ReadRecipe, run: TrainingRun) -> Differences:
    """{} where the run is of exactly this recipe and its base still has the weights that it began with.

    A key that came with a later version of the program has its usual value in an earlier run.
    """
    there, here = _whole(run), {"algorithm": recipe.algorithm, **recipe.as_json()}
    found = {
        key: {"run": there.get(key), "asked": here.get(key)}
        for key in dict.fromkeys([*here, *there])
        if there.get(key) != here.get(key)
    }
    if "base" not in found:
        base = LanguageModel.objects.filter(label=here["base"]).first()
        if base is not None and base != run.base:
            weights = {"run": run.base.digest[:12], "asked": base.digest[:12]}
            found["base"] = {side: f"{here['base']} ({digest})" for side, digest in weights.items()}
    return found


def data_differences(run: TrainingRun) -> Differences:
    """Whether what the run learned from is no longer what it would learn from today: digests of both.

    {} as well where an earlier version of the program recorded them by another rule: nobody can tell.
    """
    if not is_comparable(run):
        return {}
    try:
        now: str | None = _data_now(run)
    except StarchamberError:  # there is nothing to learn from any more
        now = None
    return {} if now == run.data_sha256 else {"data": {"run": run.data_sha256, "asked": now}}


def gave_up(job: Job) -> bool:
    """Whether a run ended by its own recipe or data, so that its label is better used by another one."""
    code = (job.error or {}).get("code")
    return job.state == Job.State.FAILED and code is not None and code not in OF_THE_MACHINE


def earlier_run(recipe: ReadRecipe, label: str) -> TrainingRun | None:
    """The newest run of exactly this recipe that had the label once, and can go on."""
    found = TrainingRun.objects.select_related("job", "base", "dataset").filter(
        label=label, holds_label=False, job__state__in=[Job.State.CANCELLED, Job.State.FAILED]
    )
    for run in found.order_by("-pk"):
        goes_on = run.job.is_resumable and (run.job.error or {}).get("code") != CANNOT_RESUME
        if goes_on and not differences(recipe, run):
            return run
    return None


def taken(run: TrainingRun, differs: Differences) -> LabelTaken:
    """Whose the label is, what differs, and how to go on."""
    result = run.checkpoints.filter(is_result=True, model__isnull=False).select_related("model").first()
    checkpoint = result.model.label if result and result.model else None
    finished = run.job.state == Job.State.FINISHED
    if "data" in differs:
        what = "Its recipe is this one, but the questions, rationales or votes that it learned from have changed since."
    elif differs:
        what = f"This command differs from it in {_words(differs)}."
    else:
        what = "Its recipe is this one."
    how = (
        "Take another label for a new run"
        if finished
        else "Take another label, repeat that run's own command, which goes on with it, or begin anew with --anew,"
        " after which it can not go on"
    )
    return LabelTaken(
        f"label: {run.label!r} belongs to run {run.pk} already, which is {run.job.state}. {what} {how}.",
        details={
            "field": "label",
            "value": run.label,
            "run": run.pk,
            "state": run.job.state,
            "checkpoint": checkpoint,
            "differs": differs,
        },
    )


def _whole(run: TrainingRun) -> dict[str, Any]:
    try:
        recipe = from_stored(run.algorithm, run.recipe_name, run.recipe).as_json()
    except RecipeError:  # it has a key that this version of the program does not know
        recipe = run.recipe
    return {"algorithm": run.algorithm, **recipe}


def _data_now(run: TrainingRun) -> str:
    """The digest of what the run would learn from if it began now."""
    # The work's own gathering, which costs torch to import.
    from training.runs import dpo_work, sft_work, star_work, vstar_work

    recipe: Any = from_stored(run.algorithm, run.recipe_name, run.recipe).values
    works: dict[str, Any] = {
        Algorithm.SFT: sft_work,
        Algorithm.DPO: dpo_work,
        Algorithm.STAR: star_work,
        Algorithm.VSTAR: vstar_work,
    }
    return str(works[run.algorithm].gather(run, recipe).content)


def _words(differs: Differences) -> str:
    named = [f"{key} ({one['run']!r} there, {one['asked']!r} here)" for key, one in differs.items()]
    more = len(named) - NAMED
    return ", ".join(named[:NAMED]) + (f" and {more} more" if more > 0 else "")
