"""What the plans of all algorithms share: from a recipe's keys to the parts of a run."""

from __future__ import annotations

from training.estimating.figures import Lengths
from training.estimating.parts import SAMPLER_ROWS, Sampling, Scoring, Training, texts_of
from training.estimating.sizes import Sizes
from training.recipes.schema import Recipe, Star, TextRecipe

#: Of the questions that the base fails, the share that the trained models still fail: between a quarter and three
#: quarters in the runs of docs/notebook/2026-11.md.
LATER = 0.5
#: In place of a source: gold answers alone, and what a model wrote itself.
ANSWERS, OWN = "(answers)", "(own)"


def training_part(
    recipe: Recipe,
    stage: str,
    steps: int,
    examples: int,
    length: float,
    *,
    iteration: int = 1,
    rows: int = 0,
    pairs: bool = False,
    selections: int = 0,
    selecting: float = 0.0,
) -> Training:
    """rows: of several examples each, where they are packed."""
    rows = rows or examples
    shown = texts_of(steps, examples=rows, batch=recipe.batch_size, accumulate=recipe.accumulate)
    shown = round(shown * examples / max(1, rows))
    return Training(
        stage=stage,
        iteration=iteration,
        units=steps,
        count=steps,
        texts=shown * (2 if pairs else 1),
        length=length,
        every=recipe.save_every,
        accumulate=recipe.accumulate,
        checkpointing=recipe.gradient_checkpointing,
        adapted=recipe.lora_rank > 0,
        processes=recipe.processes,
        pairs=pairs,
        selections=selections,
        selecting=selecting,
    )


def rows_of(recipe: TextRecipe, examples: int, length: float) -> int:
    """Rows of the examples; of packed ones as many as the mean length fits, which packing itself comes near."""
    if not recipe.pack_tokens or not length:
        return examples
    return max(1, -(-examples // max(1, int(recipe.pack_tokens // length))))


def asked_part(
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


def validating_part(
    recipe: Star, sizes: Sizes, lengths: Lengths, number: int, *, with_shots: bool
) -> Sampling:
    shared = _shared(sizes, lengths, sizes.validation, recipe.batch_questions, with_shots=with_shots)
    return asking_part(
        lengths, "validating", sizes.validation, recipe.batch_questions, iteration=number, shared=shared
    )


def _shared(sizes: Sizes, lengths: Lengths, rows: int, together: int, *, with_shots: bool) -> float:
    """Tokens of the worked examples for each row, read once in each batch."""
    if not with_shots or not rows:
        return 0.0
    batches = -(-rows // min(together, SAMPLER_ROWS))
    return sizes.shots * lengths.shot * batches / rows


def asking_part(
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


def scoring_part(stage: str, pairs: int, length: float, *, iteration: int = 1) -> Scoring:
    return Scoring(stage=stage, iteration=iteration, units=pairs, texts=2 * pairs, length=length)


def text_length(lengths: Lengths, sources: tuple[str, ...]) -> float:
    """The mean of the sources' texts; of all of them where none is named, or none was there to be measured."""
    if sources == (OWN,):
        return lengths.learned
    known = [lengths.texts[source] for source in sources if source in lengths.texts]
    return sum(known) / len(known) if known else lengths.texts.get("", lengths.learned)
