"""Whether a base fits a recipe: its tokenizer, its layers, its context. Told from its files alone, without torch.

At the launch where they are here; as the first act of the run for a hub's, which the worker fetches. An hour of
sampling must not come before the news that the training behind it can not begin.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from django.db.models import QuerySet
from django.db.models.functions import Length

from accounts.errors import InvalidInput
from generation.prompts import build_prompt, direct_completion
from generation.prompts.types import NotAsked
from generation.registry.characters import Writer
from generation.registry.facts import NoModel, context_in, linear_names_in
from generation.registry.models import LanguageModel
from generation.registry.selectors import folder_of
from generation.runs.spec import asked_of
from generation.runs.vocabulary import require_layout
from problems.types import Family
from ratings.library.models import Dataset, QuestionRevision
from training.errors import no_lora_target
from training.recipes.schema import Recipe, Sft, TextRecipe
from training.runs.preferences import completion_of_rationale
from training.runs.rationales import kept_examples, learnable

#: So many of the texts that have the fewest characters are tokenised to learn how long the shortest are.
_SHORTEST = 256


def check_fitness(recipe: Recipe, dataset: Dataset, base: LanguageModel, writer: Writer | None) -> None:
    """writer: the base's tokenizer, where it can be read here.

    Raises TokenizerLacks, TrainingError (no_lora_target) and InvalidInput about pack_tokens. Says nothing about what
    can not be read here: that is for the run to find out, before it samples.
    """
    if not base.has_folder:
        return
    require_layout(writer, base, dataset, field="base")
    check_files(recipe, dataset, base, folder_of(base), writer)


def check_files(
    recipe: Recipe, dataset: Dataset, base: LanguageModel, folder: Path, writer: Writer | None
) -> None:
    """The same of a folder, wherever it lies, but for the layout."""
    try:
        if recipe.lora_rank and recipe.lora_targets:
            known = linear_names_in(folder)
            for target in recipe.lora_targets:
                if target not in known:
                    raise no_lora_target(target, known)
        if isinstance(recipe, TextRecipe) and recipe.pack_tokens:
            _check_longest_row(recipe, base, context_in(folder))
            _check_shortest_text(recipe, dataset, base, writer)
    except NoModel:
        return  # what is wrong with the files is told by what loads them


def _check_longest_row(recipe: TextRecipe, base: LanguageModel, context: int) -> None:
    if recipe.packed_attention == "plain" and context and recipe.pack_tokens > context:
        expected = (
            f"at most {context:,}, the context of {base.label!r}, where packed_attention is plain: positions run on"
            " through a row"
        )
        raise InvalidInput(
            f"pack_tokens: {recipe.pack_tokens:,} is not usable, expected {expected}.",
            details={"field": "pack_tokens", "value": recipe.pack_tokens, "expected": expected},
        )


def _check_shortest_text(
    recipe: TextRecipe, dataset: Dataset, base: LanguageModel, writer: Writer | None
) -> None:
    """A row must hold a whole example; where it holds none, there is nothing to learn."""
    lengths = (
        []
        if writer is None
        else [writer.length(p) + writer.length(c) + 1 for p, c in _texts(recipe, dataset)]
    )
    if lengths and min(lengths) > recipe.pack_tokens:
        expected = (
            f"0, or at least {min(lengths):,}: so many tokens of {base.label!r} has the shortest solved question of"
            f" split {recipe.split!r}"
        )
        raise InvalidInput(
            f"pack_tokens: {recipe.pack_tokens:,} is not usable, expected {expected}.",
            details={"field": "pack_tokens", "value": recipe.pack_tokens, "expected": expected},
        )


def _texts(recipe: TextRecipe, dataset: Dataset) -> Iterable[tuple[str, str]]:
    """(prompt, completion) of what is learned, or of what it is expected to be like; the shortest of them.

    What a loop will learn nobody knows yet: the solutions that came with the questions stand for it, or the gold
    answers alone where there are none.
    """
    family = Family(dataset.family)
    if isinstance(recipe, Sft) and recipe.from_run:
        rows = kept_examples(recipe.from_run, dataset).order_by(Length("completion"))[:_SHORTEST]
        return rows.values_list("training_prompt", "completion")
    sources = recipe.sources if isinstance(recipe, Sft) and recipe.learn == "rationales" else ()
    solved = learnable(dataset, recipe.split, sources).select_related("revision").order_by(Length("text"))
    if isinstance(recipe, Sft) and recipe.learn == "answers" or not solved.exists():
        return islice(_answered(family, dataset, recipe.split), _SHORTEST)
    return [
        (build_prompt(family, asked_of(one.revision)), completion_of_rationale(family, one, one.revision))
        for one in solved[:_SHORTEST]
    ]


def _answered(family: Family, dataset: Dataset, split: str) -> Iterable[tuple[str, str]]:
    rows: QuerySet[QuestionRevision] = QuestionRevision.objects.filter(
        question__dataset=dataset, question__split=split, current=True
    )
    for revision in rows.order_by(Length("text"))[:_SHORTEST]:
        asked = asked_of(revision)
        try:
            yield build_prompt(family, asked), direct_completion(family, asked)
        except NotAsked:
            continue
