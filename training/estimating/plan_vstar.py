"""The parts of a V-STaR run, in their order."""

from __future__ import annotations

from collections.abc import Iterator

from training.estimating.figures import Lengths
from training.estimating.parts import Part, Sampling, Starting, Training, selections_of, texts_of
from training.estimating.planning import LATER, asking_part, rows_of, scoring_part, text_length, training_part
from training.estimating.sizes import Sizes
from training.recipes.schema import Vstar
from training.schedule import Length


def vstar_parts(recipe: Vstar, sizes: Sizes, measured: Lengths) -> Iterator[Part]:
    lengths = measured.cut_at(recipe.max_new_tokens)
    yield Starting(stage="starting", begins=True, loads=1 if recipe.max_new_tokens else 2)
    length = Length(recipe.epochs, recipe.steps)
    texts = min(recipe.sft_questions or sizes.texts, sizes.texts)
    given = text_length(lengths, sizes.sources)
    right = lengths.right
    if texts:
        rows = rows_of(recipe, texts, given)
        yield training_part(recipe, "training", length.of(rows, recipe), texts, given, rows=rows)
    if sizes.validation:
        yield asking_part(lengths, "validating", sizes.validation, together=recipe.batch_questions)
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
            rows = rows_of(recipe, examples, own)
            steps = length.of(rows, recipe)
            yield training_part(recipe, "training", steps, examples, own, iteration=number, rows=rows)
            if sizes.validation:
                yield asking_part(
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
    yield scoring_part("scoring what is learned from", pairs, lengths.learned, iteration=last)
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
        checkpointing=recipe.gradient_checkpointing,
        adapted=recipe.lora_rank > 0,
        processes=recipe.processes,
        pairs=True,
        selections=selections_of(steps, recipe.validate_every) if rows else 0,
        selecting=rows * lengths.learned,
    )
    yield Starting(stage="storing", iteration=last, loads=0, saves=1)


class _Batches:
    """training.schedule.Batched."""

    def __init__(self, batch_size: int, accumulate: int) -> None:
        self.batch_size, self.accumulate = batch_size, accumulate
