"""The parts of a run, in their order, from its recipe, what the database holds, and what was measured.

Optimiser steps and questions are counted by the very functions that the run counts with. What depends on how well a
model does that nobody has trained yet (how many questions fail and are asked again, how many rationales are kept) goes
by the base's own share, and by `LATER`.
"""

from __future__ import annotations

from collections.abc import Iterator

from training.estimating.figures import Lengths
from training.estimating.parts import Part, Scoring, Starting, selections_of
from training.estimating.plan_vstar import vstar_parts
from training.estimating.planning import (
    LATER,
    asked_part,
    asking_part,
    rows_of,
    scoring_part,
    text_length,
    training_part,
    validating_part,
)
from training.estimating.sizes import Sizes
from training.recipes.schema import Dpo, Recipe, Sft, Star, Vstar
from training.schedule import Growth, Length, StepLadder, steps_per_epoch

#: Questions whose answers are shown side by side (training.runs.examining.SHOWN), sampled in one go.
SHOWN = 6


def plan_of(recipe: Recipe, sizes: Sizes, lengths: Lengths) -> list[Part]:
    """Raises ValueError for a recipe of another kind."""
    match recipe:
        case Sft():
            return list(_sft(recipe, sizes, lengths))
        case Dpo():
            return list(_dpo(recipe, sizes, lengths))
        case Star():
            return list(_star(recipe, sizes, lengths))
        case Vstar():
            return list(vstar_parts(recipe, sizes, lengths))
    raise ValueError(f"recipe: {type(recipe).__name__}; expected one of sft, dpo, star, vstar")


def iteration_steps(recipe: Star, number: int, *, examples: int) -> int:
    """Optimiser steps of one iteration of STaR, as training.star takes them. examples: rows, where they are packed."""
    ladder = StepLadder(
        kind=_growth(recipe.steps_rule),
        first=recipe.first_steps,
        growth=recipe.steps_growth,
        cap=recipe.max_steps or None,
    )
    return ladder.steps(number, steps_per_epoch=steps_per_epoch(max(1, examples), recipe))


def _growth(rule: str) -> Growth:
    for known in ("exponential", "linear", "epochs"):
        if rule == known:
            return known
    raise ValueError(f"steps_rule: {rule!r}; expected exponential, linear or epochs")


def _sft(recipe: Sft, sizes: Sizes, lengths: Lengths) -> Iterator[Part]:
    yield Starting(stage="starting", begins=True)
    length = text_length(lengths, sizes.sources)
    rows = rows_of(recipe, sizes.texts, length)
    steps = Length(recipe.epochs, recipe.steps).of(rows, recipe)
    selections = selections_of(steps, recipe.validate_every or steps) if sizes.validation_texts else 0
    yield training_part(
        recipe,
        "training",
        steps,
        sizes.texts,
        length,
        rows=rows,
        selections=selections,
        selecting=sizes.validation_texts * length,
    )
    if sizes.validation:
        yield asking_part(lengths, "asking held-out questions", sizes.validation, together=256)
    yield Starting(stage="storing", loads=0, saves=1)


def _dpo(recipe: Dpo, sizes: Sizes, lengths: Lengths) -> Iterator[Part]:
    yield Starting(stage="starting", begins=True)
    length = text_length(lengths, sizes.sources)
    if sizes.held_out_pairs:
        yield scoring_part("scoring what is held out", sizes.held_out_pairs, length)
    steps = Length(recipe.epochs, recipe.steps).of(sizes.pairs, recipe)
    # The reference reads every pair once before the first step.
    yield scoring_part("scoring what is learned from", sizes.pairs, length)
    selections = selections_of(steps, recipe.select_every) if recipe.select and sizes.selected_pairs else 0
    yield training_part(
        recipe,
        "training",
        steps,
        sizes.pairs,
        length,
        pairs=True,
        selections=selections,
        selecting=2 * sizes.selected_pairs * length,
    )
    if sizes.held_out_pairs:
        yield scoring_part("measuring agreement", sizes.held_out_pairs, length)
    yield Starting(stage="storing", loads=0, saves=1)


def _star(recipe: Star, sizes: Sizes, measured: Lengths) -> Iterator[Part]:
    lengths = measured.cut_at(recipe.max_new_tokens)
    yield Starting(stage="starting", begins=True, loads=1 if recipe.max_new_tokens else 2)
    shown = min(SHOWN, sizes.validation)
    if shown:
        yield asking_part(measured, "asking held-out questions", shown, together=256)
    with_shots = bool(recipe.shots)
    if sizes.validation:
        yield validating_part(recipe, sizes, lengths, 0, with_shots=with_shots)
    learned: list[float] = []
    for number in range(1, recipe.iterations + 1):
        there = sizes.questions - (sizes.later if number < recipe.later_from else 0)
        asked = min(recipe.questions_per_iteration or there, there)
        with_shots = bool(recipe.shots) and (recipe.shots_when == "always" or number == 1)
        yield asked_part(recipe, lengths, sizes, "generating", number, asked, with_shots=with_shots)
        failed = asked * (1 - lengths.right) * (1.0 if number == 1 else LATER)
        solved = asked - failed
        if recipe.rationalize and number >= recipe.rationalize_from:
            hinted = round(failed * recipe.share_rationalized)
            yield asked_part(
                recipe, lengths, sizes, "rationalizing", number, hinted, with_shots=with_shots, hint=True
            )
            solved += hinted * lengths.right_hinted
        if recipe.kept_by == "verifier":
            yield Starting(stage="loading the verifier", iteration=number)
            right = round(solved * recipe.samples)
            yield Scoring(
                stage="scoring what is right", iteration=number, texts=right, length=lengths.learned
            )
        learned.append(solved * (1 + recipe.hinted_copies))
        recent = learned[-recipe.data_of_iterations :] if recipe.data_of_iterations else learned
        replay = min(recipe.replay_per_iteration, sizes.replay)
        examples = max(1, round(sum(recent)) + replay)
        own = lengths.learned + (sizes.shots * lengths.shot if recipe.shots_in_training else 0)
        length = (sum(recent) * own + replay * text_length(lengths, ())) / examples
        rows = rows_of(recipe, examples, length)
        steps = iteration_steps(recipe, number, examples=rows)
        yield Starting(stage="loading the model", iteration=number)
        yield training_part(recipe, "training", steps, examples, length, iteration=number, rows=rows)
        if sizes.validation:
            later = bool(recipe.shots) and recipe.shots_when == "always"
            yield validating_part(recipe, sizes, lengths, number, with_shots=later)
            yield asking_part(measured, "asking held-out questions", shown, together=256, iteration=number)
        yield Starting(stage="storing", iteration=number, loads=0, saves=1)
