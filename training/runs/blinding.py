"""The gate of what votes say: pages and API hide it for runs that learned from a study that still runs blind.

Only a command, which acts as owner, makes such a run. Its models may be used; which of two texts raters preferred, and
how many texts of the recipe's sources they did, would tell who wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q

from ratings.exports.models import Export
from ratings.studies.blinding import Blinded
from ratings.studies.models import Study
from training.runs.models import Algorithm, PreferencePair, TrainingRun

#: Of an SFT run's numbers those that follow from how many rationales raters preferred.
_COUNTING = frozenset({"examples", "kept", "too_long", "steps", "best_step"})


def blind_studies(run: TrainingRun) -> list[Study]:
    """The studies whose votes the run learns from and whose results are still hidden, by name.

    Its own, and those behind an export that it reads, whether named by its version or by the path of a file.
    """
    found = {study.pk: study for study in run.studies.all()}
    export = str(run.recipe.get("export") or "")
    if export:
        exports = Export.objects.filter(_same_file(run, export)).select_related("study")
        found |= {one.study_id: one.study for one in exports}
    hidden = [study for study in found.values() if not study.results_are_visible]
    return sorted(hidden, key=lambda study: study.name)


def _same_file(run: TrainingRun, export: str) -> Q:
    """Exports of that version, and those whose file the stored pairs were read from."""
    pairs = PreferencePair.objects.filter(run=run, origin=PreferencePair.Origin.FILE)
    votes = pairs.values_list("votes", flat=True).first()
    same = Q(version=export)
    return same | Q(sha256__startswith=votes["file"]) if votes else same


def require_visible_votes(run: TrainingRun) -> None:
    """Raises Blinded where what the run learned from says which source raters prefer."""
    hidden = blind_studies(run)
    if hidden:
        names = ", ".join(repr(study.name) for study in hidden)
        raise Blinded(
            f"Run {run.label!r} learned from study {names}, which is blinded: what it learned from says which source"
            " raters prefer, so it is hidden until the study is closed or un-blinded.",
            details={"run": run.pk, "studies": [study.name for study in hidden]},
        )


def counts_are_hidden(run: TrainingRun) -> bool:
    """Whether the run's numbers of examples tell how many texts of a source were preferred."""
    return run.algorithm == Algorithm.SFT and bool(blind_studies(run))


def told(run: TrainingRun, numbers: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a run, of an iteration or of a checkpoint without those that tell what raters preferred."""
    if not counts_are_hidden(run):
        return dict(numbers)
    return {name: value for name, value in numbers.items() if name not in _COUNTING}


def visible_runs(runs: Iterable[TrainingRun]) -> list[TrainingRun]:
    """Those of the runs whose examples and pairs may be seen."""
    return [run for run in runs if not blind_studies(run)]
