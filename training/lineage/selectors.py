"""The chain rationale -> candidate -> model -> run -> data -> votes, read from where each link is kept."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q

from accounts.errors import NotFound
from generation.registry.models import LanguageModel
from generation.registry.selectors import lineage as ancestors_of
from generation.runs.models import Candidate
from ratings.exports.pairs import comparisons
from ratings.library.models import Rationale
from ratings.slots.counted import COUNTED
from ratings.slots.models import Rating
from ratings.studies.form import read_form
from ratings.studies.models import Study, TripleCard
from training.runs.blinding import visible_runs
from training.runs.models import Checkpoint, Fate, PreferencePair, TrainingExample, TrainingRun

#: Candidates that are told; a greedy model may have written one text very often.
SHOWN = 50


class UnknownRationale(NotFound):
    code = "unknown_rationale"


def lineage_of(pk: int) -> dict[str, Any]:
    """All that is known of a rationale's origin and use. Raises UnknownRationale.

    Names sources and models: not for whoever may not see these. What raters made of it is told only of studies whose
    results may be seen.
    """
    rationale = (
        Rationale.objects.select_related("question__dataset", "revision", "source").filter(pk=pk).first()
    )
    if rationale is None:
        raise UnknownRationale(f"There is no rationale {pk}.", details={"rationale": pk})
    candidates = _candidates(rationale)
    return {
        "rationale": {
            "id": rationale.pk,
            "sha256": rationale.text_digest,
            "source": rationale.source.label,
            "dataset": rationale.question.dataset.name,
            "question": rationale.question.external_id,
            "question_revision": rationale.revision.number,
            "split": rationale.question.split,
            "verdict": rationale.verdict,
            "live": rationale.live,
        },
        "candidates": [_candidate(candidate) for candidate in candidates[:SHOWN]],
        "candidate_count": len(candidates),
        "models": [_model(model) for model in _models(candidates)],
        "studies": _studies(rationale),
        "learned_by": _learned_by(rationale),
    }


def _candidates(rationale: Rationale) -> list[Candidate]:
    rows = Candidate.objects.filter(rationale=rationale).select_related("run__model", "prompt")
    return list(rows.order_by("pk"))


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "id": candidate.pk,
        "generation_run": candidate.run_id,
        "model": candidate.run.model.label,
        "prompt": candidate.run.prefix + candidate.prompt.text,
        "sample": candidate.sample,
        "seed": candidate.seed,
        "temperature": candidate.run.temperature,
        "logprob": candidate.logprob,
        "hint": candidate.run.hint,
    }


def _models(candidates: list[Candidate]) -> list[LanguageModel]:
    """The models that wrote it, each once, in the order in which they did."""
    return list({candidate.run.model_id: candidate.run.model for candidate in candidates}.values())


def _model(model: LanguageModel) -> dict[str, Any]:
    """A model with the runs that led to it, the nearest first."""
    chain = [model, *ancestors_of(model)]
    made = {
        checkpoint.model_id: checkpoint
        for checkpoint in Checkpoint.objects.filter(model__in=chain).select_related(
            "run__base", "run__dataset"
        )
    }
    return {
        "label": model.label,
        "kind": model.kind,
        "digest": model.digest,
        "trained": [_trained(made[one.pk]) for one in chain if one.pk in made],
    }


def _trained(checkpoint: Checkpoint) -> dict[str, Any]:
    run = checkpoint.run
    return {
        "run": run.pk,
        "label": run.label,
        "algorithm": run.algorithm,
        "checkpoint": checkpoint.name,
        "iteration": checkpoint.iteration,
        "step": checkpoint.step,
        "base": run.base.label,
        "dataset": run.dataset.name,
        "studies": sorted(run.studies.values_list("name", flat=True)),
        "recipe_sha256": run.recipe_sha256,
        "data_sha256": run.data_sha256,
        "code_version": run.code_version,
        "seed": run.seed,
        "votes": _votes_behind(run),
    }


def _votes_behind(run: TrainingRun) -> dict[str, int]:
    """How many pairs of votes a run learned from, by study."""
    pairs = PreferencePair.objects.filter(
        run=run, origin=PreferencePair.Origin.RATERS, use=PreferencePair.Use.TRAIN
    )
    counts: dict[str, int] = {}
    for votes in pairs.values_list("votes", flat=True).iterator(chunk_size=2_000):
        counts[votes["study"]] = counts.get(votes["study"], 0) + 1
    return counts


def _studies(rationale: Rationale) -> list[dict[str, Any]]:
    """The studies that showed it; how it was ranked, where that may be seen."""
    cards = TripleCard.objects.filter(rationale=rationale).select_related("triple__study")
    return [_study(card, card.triple.study) for card in cards.order_by("triple__study_id")]


def _study(card: TripleCard, study: Study) -> dict[str, Any]:
    told = {"study": study.name, "triple": card.triple.number, "blinded": not study.results_are_visible}
    if not study.results_are_visible:
        return told
    counted = Rating.objects.filter(COUNTED, triple=card.triple)
    form = read_form(study.form)
    by_kind: dict[str, dict[str, int]] = {}
    for kind, ranking in counted.values_list("rater__kind", "ranking"):
        tally = by_kind.setdefault(kind, {"ratings": 0, "wins": 0, "losses": 0, "ties": 0})
        tally["ratings"] += 1
        for pair in comparisons(ranking, beaten=form.beaten(ranking)):
            if card.source_index in pair[:2]:
                won = pair.chosen == card.source_index
                tally["ties" if pair.tied else "wins" if won else "losses"] += 1
    return {**told, "by_raters": by_kind}


def _learned_by(rationale: Rationale) -> list[dict[str, Any]]:
    """Runs that learned from it: as an example, or as one side of a pair.

    Those whose votes are still hidden are left out: they would say whether raters preferred it.
    """
    examples = TrainingExample.objects.filter(rationale=rationale, fate=Fate.KEPT).values_list("run")
    counts = dict(examples.annotate(count=Count("pk")).order_by("run"))
    pairs = PreferencePair.objects.filter(use=PreferencePair.Use.TRAIN).filter(
        Q(chosen_rationale=rationale) | Q(rejected_rationale=rationale)
    )
    chosen = dict(
        pairs.filter(chosen_rationale=rationale)
        .values_list("run")
        .annotate(count=Count("pk"))
        .order_by("run")
    )
    rejected = dict(
        pairs.filter(rejected_rationale=rationale)
        .values_list("run")
        .annotate(count=Count("pk"))
        .order_by("run")
    )
    runs = TrainingRun.objects.filter(pk__in={*counts, *chosen, *rejected}).order_by("pk")
    return [
        {
            "run": run.pk,
            "label": run.label,
            "algorithm": run.algorithm,
            "examples": counts.get(run.pk, 0),
            "chosen": chosen.get(run.pk, 0),
            "rejected": rejected.get(run.pk, 0),
        }
        for run in visible_runs(runs.prefetch_related("studies"))
    ]
