"""What a run will take: its recipe, what the database holds of it, and the newest measurement. No torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.errors import InvalidInput
from generation.registry.models import LanguageModel
from problems.types import Family
from ratings.exports.keys import derive_keys
from ratings.exports.pairs import ordered_pairs
from ratings.exports.selectors import rated_triples
from ratings.library.models import Dataset
from ratings.library.splitting import questions_by_split
from ratings.slots.models import Rating
from ratings.studies.models import Study, StudySource
from training.estimating.estimate import Estimate, estimate, planned_stages, steps_without_figures
from training.estimating.overlooked import overlooked
from training.estimating.planning import ANSWERS, OWN
from training.estimating.sizes import Sizes
from training.estimating.warming import UnendedWarmUp, unended_warm_up
from training.recipes.schema import Dpo, Recipe, Sft, Star, Vstar
from training.runs import measuring
from training.runs.checking import Inputs
from training.runs.groups import groups_of
from training.runs.measured_models import Measurement
from training.runs.preference_files import find_export_file, pairs_of_file
from training.runs.questions import split_questions
from training.runs.rationales import kept_examples, learnable, preferred
from training.runs.retrying import gathered_retries, solutions_beside

#: Votes that are read to count their pairs; of more the share is taken for all.
COUNTED_VOTES = 20_000


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of a run before it is launched.

    estimate: None before the base was measured on the dataset. steps: of the optimiser, None where even they depend on
    what the model gets right. measurement: behind the estimate. pending: the one that is on its way. failed: why the
    last one has no figures.
    """

    base: LanguageModel
    dataset: Dataset
    estimate: Estimate | None
    steps: int | None
    measurement: Measurement | None
    pending: Measurement | None
    failed: Measurement | None
    #: Of what is known of its trainings.
    warm_up: UnendedWarmUp | None = None
    #: Of its processes and numbers, on the machine that was measured, else on this one.
    overlooked: Sequence[str] = ()

    @property
    def advice(self) -> list[str]:
        """What is allowed and easily overlooked."""
        return [*([] if self.warm_up is None else [self.warm_up.words]), *self.overlooked]


def outlook(recipe: Recipe, inputs: Inputs) -> Outlook:
    sizes = sizes_of(recipe, inputs)
    measured = measuring.newest(inputs.base, inputs.dataset)
    found = None if measured is None else estimate(recipe, sizes, measuring.figures_of(measured))
    return Outlook(
        base=inputs.base,
        dataset=inputs.dataset,
        estimate=found,
        steps=steps_without_figures(recipe, sizes) if found is None else found.steps,
        measurement=measured,
        pending=measuring.pending(inputs.base, inputs.dataset),
        failed=None if measured else measuring.failed(inputs.base, inputs.dataset),
        warm_up=_warm_up(recipe, sizes, found),
        overlooked=_overlooked(recipe, measured),
    )


def _overlooked(recipe: Recipe, measured: Measurement | None) -> list[str]:
    if measured is None:
        here = os.cpu_count() or 1
        return overlooked(recipe, cores=here, on_gpu=False) if settings.DEVICE == "cpu" else []
    figures = measuring.figures_of(measured)
    return overlooked(recipe, cores=figures.cores, on_gpu=figures.on_gpu)


def _warm_up(recipe: Recipe, sizes: Sizes, found: Estimate | None) -> UnendedWarmUp | None:
    if not recipe.warmup_steps or (found is None and steps_without_figures(recipe, sizes) is None):
        return None
    stages = planned_stages(recipe, sizes) if found is None else found.stages
    # "training", and V-STaR's "training the verifier".
    trainings = [one.units for one in stages if one.stage.startswith("training")]
    return unended_warm_up(recipe.warmup_steps, trainings)


def warm_up_of(recipe: Recipe, inputs: Inputs) -> UnendedWarmUp | None:
    """As far as it is known at the launch; None also for an export file that can not be read to its end."""
    if not recipe.warmup_steps:
        return None
    try:
        return outlook(recipe, inputs).warm_up
    except InvalidInput:
        return None


def estimated(recipe: Recipe, inputs: Inputs) -> dict[str, Any]:
    """What is stored with a run as it is launched; {} where nothing was measured.

    Also for an export file that can not be read to its end: the run says so, and which line it is.
    """
    if measuring.newest(inputs.base, inputs.dataset) is None:
        return {}
    try:
        found = outlook(recipe, inputs).estimate
    except InvalidInput:
        return {}
    return {} if found is None else found.as_json()


def sizes_of(recipe: Recipe, inputs: Inputs) -> Sizes:
    """Counted as the run gathers them."""
    match recipe:
        case Sft():
            return _sft(recipe, inputs)
        case Dpo():
            return _dpo(recipe, inputs)
        case Star():
            return _star(recipe, inputs)
        case Vstar():
            return _vstar(recipe, inputs)
    raise ValueError(f"recipe: {type(recipe).__name__}; expected one of sft, dpo, star, vstar")


def _sft(recipe: Sft, inputs: Inputs) -> Sizes:
    dataset = inputs.dataset
    splits = questions_by_split(dataset)
    validation = _validation(splits, recipe.validation_split, recipe.validation_questions)
    held_out = splits.get(recipe.validation_split, 0)
    sources: tuple[str, ...]
    if recipe.learn == "retries":
        retries = len(gathered_retries(dataset, inputs.studies, recipe))
        solutions = len(solutions_beside(dataset, inputs.studies, recipe)) if recipe.with_solutions else 0
        # A mistake and its correction are about as long as a solution.
        texts, sources = retries + solutions, ()
    elif recipe.from_run:
        texts, sources = kept_examples(recipe.from_run, dataset).count(), (OWN,)
    elif recipe.learn == "answers":
        texts, sources = splits.get(recipe.split, 0), (ANSWERS,)
    else:
        found = learnable(dataset, recipe.split, recipe.sources, inputs.studies)
        liked = inputs.studies and preferred(
            found.values_list("pk", flat=True), inputs.studies, raters=recipe.raters
        )
        texts, sources = len(liked) if inputs.studies else found.count(), recipe.sources
    written = recipe.sources if recipe.learn == "rationales" else ()
    measured = learnable(dataset, recipe.validation_split, written).count() if held_out else 0
    return Sizes(
        texts=texts,
        sources=sources,
        validation=validation,
        validation_texts=round(measured * validation / max(1, held_out)),
    )


def _dpo(recipe: Dpo, inputs: Inputs) -> Sizes:
    counts = pairs_by_split(inputs, raters=recipe.raters, ties=recipe.ties, export=recipe.export)
    held_out = [counts.get(split, 0) for split in recipe.held_out_splits]
    return Sizes(
        sources=_sources(inputs.studies),
        pairs=counts.get(recipe.split, 0),
        held_out_pairs=sum(held_out),
        selected_pairs=next((count for count in held_out if count), 0),
    )


def _sources(studies: Sequence[Study]) -> tuple[str, ...]:
    """Whose texts the pairs are made of; of an export file nobody says."""
    used = StudySource.objects.filter(study__in=studies).values_list("source__label", flat=True)
    return tuple(sorted(set(used)))


def _star(recipe: Star, inputs: Inputs) -> Sizes:
    splits = questions_by_split(inputs.dataset)
    replay = learnable(inputs.dataset, recipe.replay_split).count() if recipe.replay_per_iteration else 0
    return Sizes(
        questions=splits.get(recipe.split, 0) + splits.get(recipe.later_split, 0),
        later=splits.get(recipe.later_split, 0) + _waiting(recipe, inputs.dataset),
        validation=_validation(splits, recipe.validation_split, recipe.validation_questions),
        replay=replay,
        shots=recipe.shots,
    )


def _waiting(recipe: Star, dataset: Dataset) -> int:
    """Questions of groups that join later."""
    if not recipe.later_groups:
        return 0
    groups = groups_of(Family(dataset.family), split_questions(dataset, recipe.split))
    return sum(group in recipe.later_groups for group in groups.values())


def _vstar(recipe: Vstar, inputs: Inputs) -> Sizes:
    splits = questions_by_split(inputs.dataset)
    texts = learnable(inputs.dataset, recipe.split, recipe.sources).count() if recipe.sources else 0
    pairs = (
        pairs_by_split(inputs, raters=recipe.raters, ties=recipe.ties).get(recipe.split, 0)
        if recipe.human_weight
        else 0
    )
    return Sizes(
        questions=splits.get(recipe.split, 0),
        validation=_validation(splits, recipe.validation_split, recipe.validation_questions),
        texts=texts,
        sources=recipe.sources,
        pairs=pairs,
    )


def _validation(splits: dict[str, int], split: str, most: int) -> int:
    held_out = splits.get(split, 0) if split else 0
    return min(most, held_out) if most else held_out


def pairs_by_split(inputs: Inputs, *, raters: str, ties: str, export: str = "") -> dict[str, int]:
    """How many pairs training.runs.pairing will gather, by the split of their question."""
    counts: dict[str, float] = {}
    for study in inputs.studies:
        for split, count in _pairs_of(study, raters=raters, ties=ties).items():
            counts[split] = counts.get(split, 0) + count
    if export:
        path = find_export_file(export, raters=raters, paths_allowed=True)
        for split, count in _pairs_in(path, inputs.dataset, raters=raters).items():
            counts[split] = counts.get(split, 0) + count
    return {split: round(count) for split, count in counts.items()}


def _pairs_in(path: Path, dataset: Dataset, *, raters: str) -> dict[str, float]:
    """Of a long file the first lines tell the shares of all."""
    counts: dict[str, float] = {}
    read = 0
    for pair in islice(pairs_of_file(path, dataset, raters=raters), COUNTED_VOTES):
        read += 1
        counts[pair.split] = counts.get(pair.split, 0) + 1
    if read == COUNTED_VOTES:
        with path.open("rb") as lines:
            share = sum(1 for _ in lines) / read
        counts = {split: count * max(1.0, share) for split, count in counts.items()}
    return counts


def _pairs_of(study: Study, *, raters: str, ties: str) -> dict[str, float]:
    keys = derive_keys(settings.SECRET_KEY, study=study.name, format_name="trl-preference", options={})
    votes = rated_triples(study, raters=raters, split=None, counted_only=True, with_texts=False)
    counts: dict[str, float] = {}
    read = 0
    for vote in islice(votes, COUNTED_VOTES):
        read += 1
        pairs = sum(
            1 for _ in ordered_pairs(vote.ranking, ties=ties, key=vote.key, keys=keys, beaten=vote.beaten)
        )
        counts[vote.triple.split] = counts.get(vote.triple.split, 0) + pairs
    if read == COUNTED_VOTES:
        share = Rating.objects.filter(study=study, rater__kind=raters, current=True).count() / read
        counts = {split: count * max(1.0, share) for split, count in counts.items()}
    return counts
