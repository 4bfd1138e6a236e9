"""The parts of a run, in their order, from its recipe, what the database holds, and what was measured.

Optimiser steps and questions are counted by the very functions that the run counts with. What depends on how well a
model does that nobody has trained yet (how many questions fail and are asked again, how many rationales are kept) goes
by the base's own share, and by `LATER`.
"""

from __future__ import annotations

from collections.abc import Iterator

from training.estimating.figures import Lengths
from training.estimating.parts import (
    Part,
    Sampling,
    Scoring,
    Starting,
    Training,
    selections_of,
    texts_of,
)
from training.estimating.sizes import Sizes
from training.recipes.schema import Dpo, Recipe, Sft, Star, Vstar
from training.schedule import Growth, Length, StepLadder, steps_per_epoch

#: Of the questions that the base fails, the share that the trained models still fail: between a quarter and three
#: quarters in the runs of docs/notebook/2026-11.md.
LATER = 0.5
#: In place of a source: gold answers alone, and what a model wrote itself.
ANSWERS, OWN = "(answers)", "(own)"
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
            return list(_vstar(recipe, sizes, lengths))
    raise ValueError(f"recipe: {type(recipe).__name__}; expected one of sft, dpo, star, vstar")


def iteration_steps(recipe: Star, number: int, *, examples: int) -> int:
    """Optimiser steps of one iteration of STaR, as training.star takes them."""
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
    steps = Length(recipe.epochs, recipe.steps).of(sizes.texts, recipe)
    length = _text_length(lengths, sizes.sources)
    selections = selections_of(steps, recipe.validate_every or steps) if sizes.validation_texts else 0
    yield _training(
        recipe,
        "training",
        steps,
        sizes.texts,
        length,
        selections=selections,
        selecting=sizes.validation_texts * length,
    )
    if sizes.validation:
        yield _asking(lengths, "asking held-out questions", sizes.validation, together=256)
    yield Starting(stage="storing", loads=0, saves=1)


def _dpo(recipe: Dpo, sizes: Sizes, lengths: Lengths) -> Iterator[Part]:
    yield Starting(stage="starting", begins=True)
    length = _text_length(lengths, sizes.sources)
    if sizes.held_out_pairs:
        yield _scoring("scoring what is held out", sizes.held_out_pairs, length)
    steps = Length(recipe.epochs, recipe.steps).of(sizes.pairs, recipe)
    # The reference reads every pair once before the first step.
    yield _scoring("scoring what is learned from", sizes.pairs, length)
    selections = selections_of(steps, recipe.select_every) if recipe.select and sizes.selected_pairs else 0
    yield _training(
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
        yield _scoring("measuring agreement", sizes.held_out_pairs, length)
    yield Starting(stage="storing", loads=0, saves=1)


def _star(recipe: Star, sizes: Sizes, lengths: Lengths) -> Iterator[Part]:
    yield Starting(stage="starting", begins=True, loads=1 if recipe.max_new_tokens else 2)
    shown = min(SHOWN, sizes.validation)
    if shown:
        yield _asking(lengths, "asking held-out questions", shown, together=256)
    with_shots = bool(recipe.shots)
    if sizes.validation:
        yield _validating(recipe, sizes, lengths, 0, with_shots=with_shots)
    asked = min(recipe.questions_per_iteration or sizes.questions, sizes.questions)
    learned: list[float] = []
    for number in range(1, recipe.iterations + 1):
        with_shots = bool(recipe.shots) and (recipe.shots_when == "always" or number == 1)
        yield _asked(recipe, lengths, sizes, "generating", number, asked, with_shots=with_shots)
        failed = asked * (1 - lengths.right) * (1.0 if number == 1 else LATER)
        solved = asked - failed
        if recipe.rationalize and number >= recipe.rationalize_from:
            hinted = round(failed * recipe.share_rationalized)
            yield _asked(
                recipe, lengths, sizes, "rationalizing", number, hinted, with_shots=with_shots, hint=True
            )
            solved += hinted * lengths.right_hinted
        learned.append(solved * (1 + recipe.hinted_copies))
        recent = learned[-recipe.data_of_iterations :] if recipe.data_of_iterations else learned
        replay = min(recipe.replay_per_iteration, sizes.replay)
        examples = max(1, round(sum(recent)) + replay)
        own = lengths.learned + (sizes.shots * lengths.shot if recipe.shots_in_training else 0)
        length = (sum(recent) * own + replay * _text_length(lengths, ())) / examples
        steps = iteration_steps(recipe, number, examples=examples)
        yield Starting(stage="loading the model", iteration=number)
        yield _training(recipe, "training", steps, examples, length, iteration=number)
        if sizes.validation:
            later = bool(recipe.shots) and recipe.shots_when == "always"
            yield _validating(recipe, sizes, lengths, number, with_shots=later)
            yield _asking(lengths, "asking held-out questions", shown, together=256, iteration=number)
        yield Starting(stage="storing", iteration=number, loads=0, saves=1)


def _vstar(recipe: Vstar, sizes: Sizes, lengths: Lengths) -> Iterator[Part]:
    yield Starting(stage="starting", begins=True, loads=1 if recipe.max_new_tokens else 2)
    length = Length(recipe.epochs, recipe.steps)
    texts = min(recipe.sft_questions or sizes.texts, sizes.texts)
    given = _text_length(lengths, sizes.sources)
    right = lengths.right
    if texts:
        yield _training(recipe, "training", length.of(texts, recipe), texts, given)
    if sizes.validation:
        yield _asking(lengths, "validating", sizes.validation, together=recipe.batch_questions)
    asked = min(recipe.questions_per_iteration or sizes.questions, sizes.questions)
    most = min(recipe.samples, recipe.correct_per_question or recipe.samples)
    found = float(texts)
    for number in range(1, recipe.iterations + 1):
        yield Sampling(
            stage="sampling",
            iteration=number,
            units=asked,
            rows=asked * recipe.samples,
            together=recipe.batch_questions * recipe.samples,
            # One question sampled many times is read once.
            prompt=lengths.question / recipe.samples,
            new=lengths.completion,
            longest=lengths.longest,
        )
        found += asked * min(recipe.samples * right, most)
        right = 1 - (1 - lengths.right) * LATER
        if number < recipe.iterations or recipe.train_final_generator:
            examples = max(1, round(found))
            yield Starting(stage="loading the model", iteration=number)
            own = (texts * given + (found - texts) * lengths.learned) / max(1.0, found)
            steps = length.of(examples, recipe)
            yield _training(recipe, "training", steps, examples, own, iteration=number)
            if sizes.validation:
                yield _asking(
                    lengths, "validating", sizes.validation, recipe.batch_questions, iteration=number
                )
            yield Starting(stage="storing", iteration=number, loads=0, saves=1)
    yield from _verifier(recipe, sizes, lengths, asked)


def _verifier(recipe: Vstar, sizes: Sizes, lengths: Lengths, asked: int) -> Iterator[Part]:
    rows = sizes.validation * recipe.validation_samples
    last = recipe.iterations + 1
    if rows:
        yield Sampling(
            stage="sampling validation questions",
            iteration=last,
            units=sizes.validation,
            rows=rows,
            together=recipe.batch_questions * recipe.validation_samples,
            prompt=lengths.question / recipe.validation_samples,
            new=lengths.completion,
            longest=lengths.longest,
        )
    pairs = asked * recipe.pairs_per_question
    pairs = min(pairs, recipe.max_pairs or pairs) + (sizes.pairs if recipe.human_weight else 0)
    how = _Batches(recipe.verifier_batch_size, recipe.accumulate)
    steps = Length(epochs=recipe.verifier_epochs).of(max(1, pairs), how)
    yield Starting(stage="loading the model", iteration=last)
    yield _scoring("scoring what is learned from", pairs, lengths.learned, iteration=last)
    shown = texts_of(steps, examples=max(1, pairs), batch=how.batch_size, accumulate=how.accumulate)
    yield Training(
        stage="training the verifier",
        iteration=last,
        units=steps,
        count=steps,
        texts=2 * shown,
        length=lengths.learned,
        every=recipe.save_every,
        accumulate=recipe.accumulate,
        pairs=True,
        selections=selections_of(steps, recipe.validate_every) if rows else 0,
        selecting=rows * lengths.learned,
    )
    yield Starting(stage="storing", iteration=last, loads=0, saves=1)


class _Batches:
    """training.schedule.Batched."""

    def __init__(self, batch_size: int, accumulate: int) -> None:
        self.batch_size, self.accumulate = batch_size, accumulate


def _training(
    recipe: Recipe,
    stage: str,
    steps: int,
    examples: int,
    length: float,
    *,
    iteration: int = 1,
    pairs: bool = False,
    selections: int = 0,
    selecting: float = 0.0,
) -> Training:
    shown = texts_of(steps, examples=examples, batch=recipe.batch_size, accumulate=recipe.accumulate)
    return Training(
        stage=stage,
        iteration=iteration,
        units=steps,
        count=steps,
        texts=shown * (2 if pairs else 1),
        length=length,
        every=recipe.save_every,
        accumulate=recipe.accumulate,
        pairs=pairs,
        selections=selections,
        selecting=selecting,
    )


def _asked(
    recipe: Star,
    lengths: Lengths,
    sizes: Sizes,
    stage: str,
    number: int,
    questions: int,
    *,
    with_shots: bool,
    hint: bool = False,
) -> Sampling:
    rows = questions * recipe.samples
    return Sampling(
        stage=stage,
        iteration=number,
        units=questions,
        rows=rows,
        together=recipe.batch_questions * recipe.samples,
        # What the rows of a batch share, the examples and a question sampled many times, is read once for all of them.
        prompt=(lengths.hinted if hint else lengths.question) / recipe.samples
        + _shared(sizes, lengths, rows, recipe.batch_questions * recipe.samples, with_shots=with_shots),
        new=lengths.completion,
        longest=lengths.longest,
    )


def _validating(recipe: Star, sizes: Sizes, lengths: Lengths, number: int, *, with_shots: bool) -> Sampling:
    shared = _shared(sizes, lengths, sizes.validation, recipe.batch_questions, with_shots=with_shots)
    return _asking(
        lengths, "validating", sizes.validation, recipe.batch_questions, iteration=number, shared=shared
    )


def _shared(sizes: Sizes, lengths: Lengths, rows: int, together: int, *, with_shots: bool) -> float:
    """Tokens of the worked examples for each row, read once in each batch."""
    if not with_shots or not rows:
        return 0.0
    batches = -(-rows // min(together, 256))
    return sizes.shots * lengths.shot * batches / rows


def _asking(
    lengths: Lengths, stage: str, questions: int, together: int, *, iteration: int = 0, shared: float = 0.0
) -> Sampling:
    return Sampling(
        stage=stage,
        iteration=iteration,
        units=questions,
        rows=questions,
        together=together,
        prompt=lengths.question + shared,
        new=lengths.completion,
        longest=lengths.longest,
        stored=False,
    )


def _scoring(stage: str, pairs: int, length: float, *, iteration: int = 1) -> Scoring:
    return Scoring(stage=stage, iteration=iteration, units=pairs, texts=2 * pairs, length=length)


def _text_length(lengths: Lengths, sources: tuple[str, ...]) -> float:
    """The mean of the sources' texts; of all of them where none is named, or none was there to be measured."""
    if sources == (OWN,):
        return lengths.learned
    known = [lengths.texts[source] for source in sources if source in lengths.texts]
    return sum(known) / len(known) if known else lengths.texts.get("", lengths.learned)
