"""What a recipe names, looked up before anything is made: dataset, base, splits, sources, studies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from accounts.audit import Actor
from accounts.errors import InvalidInput, StarchamberError
from generation.registry.models import LanguageModel
from generation.registry.selectors import folder_of, get_model
from generation.registry.services import OWN_BASES, ensure_own_base
from generation.runs.spec import refuse_own_shots, require_context
from generation.runs.vocabulary import writer_at_hand
from problems.types import Family
from ratings.library.datasets import get_dataset
from ratings.library.models import Dataset, Source
from ratings.library.splitting import questions_by_split
from ratings.library.writers import unsaid_words
from ratings.studies.models import Study
from ratings.studies.selectors import get_study
from training.recipes.reader import usual_value
from training.recipes.schema import Dpo, Recipe, Sft, Star, Vstar
from training.runs.errors import EmptySplit, NoRationales, NotGraded, NotTrainable
from training.runs.fitness import check_fitness
from training.runs.groups import GROUPED_BY, groups_of
from training.runs.preference_files import find_export_file
from training.runs.questions import split_questions
from training.runs.rationales import learnable, require_kept_examples
from training.runs.shots import choose_shots

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Inputs:
    """A recipe's names as rows."""

    dataset: Dataset
    base: LanguageModel
    studies: list[Study]


def check_inputs(recipe: Recipe, *, paths_allowed: bool = True) -> Inputs:
    """Raises an error whose details name the recipe's key: unknown names, empty splits, nothing to learn from, a base
    that does not fit the recipe.

    paths_allowed: whether the recipe may name files of this machine, as only commands may.
    """
    dataset = about("dataset", lambda: get_dataset(recipe.dataset))
    base = about("base", lambda: trainable_model(recipe.base))
    studies = [about("studies", partial(_study, name, dataset)) for name in recipe.studies]
    match recipe:
        case Star():
            _check_asked(dataset, recipe.split, recipe.validation_split)
            _check_star(dataset, recipe)
            require_context(base, recipe.max_new_tokens)
        case Vstar():
            _check_asked(dataset, recipe.split, recipe.validation_split)
            require_context(base, recipe.max_new_tokens)
            if recipe.sources:
                _check_sources(dataset, recipe.split, recipe.sources)
            if recipe.studies:
                _check_held_out(dataset, recipe)
        case Sft():
            _check_sft(dataset, recipe)
        case Dpo():
            require_questions(dataset, recipe.split, key="split")
            _check_held_out(dataset, recipe)
            if recipe.export:
                find_export_file(recipe.export, raters=recipe.raters, paths_allowed=paths_allowed)
    check_fitness(recipe, dataset, base, about("base", lambda: writer_at_hand(base)))
    return Inputs(dataset, base, studies)


def check_questions(recipe: Recipe) -> Dataset:
    """What is asked, whoever will answer: for runs whose base is still to be trained. Raises as check_inputs does."""
    dataset = about("dataset", lambda: get_dataset(recipe.dataset))
    for key in ("split", "validation_split"):
        if split := getattr(recipe, key, ""):
            require_questions(dataset, split, key=key)
    if isinstance(recipe, Star):
        _check_shots(dataset, recipe)
    return dataset


def ensure_named(labels: Iterable[str], *, actor: Actor) -> None:
    """A committed base is registered when it is first named. Raises UnusableFolder where it is not committed."""
    for label in sorted(OWN_BASES.keys() & set(labels)):
        ensure_own_base(label, actor=actor)


def trainable_model(label: str) -> LanguageModel:
    """A model whose weights can be read here. Raises UnknownModel, NotTrainable, UnusableFolder, OutsideModelRoots."""
    model = get_model(label)
    if model.kind == LanguageModel.Kind.ENDPOINT:
        raise NotTrainable(
            f"Model {label!r} is behind an endpoint: its weights are not here.",
            details={"value": label, "expected": "a folder, a checkpoint or a hub model"},
        )
    if model.has_folder:
        folder_of(model)
    return model


def require_questions(dataset: Dataset, split: str, *, key: str) -> None:
    """Raises EmptySplit."""
    splits = questions_by_split(dataset)
    if not splits.get(split):
        known = ", ".join(f"{name} ({count:,})" for name, count in splits.items()) or "none"
        raise EmptySplit(
            f"{key}: dataset {dataset.name!r} has no questions in split {split!r}; its splits are {known}."
            f" {_how_to_fill(dataset, split, key)}",
            details={"field": key, "value": split, "dataset": dataset.name, "expected": list(splits)},
        )


def _how_to_fill(dataset: Dataset, split: str, key: str) -> str:
    """Where a split's questions come from, and what can be done without."""
    of_csqa = dataset.family == Family.COMMONSENSEQA
    which = "its dev file" if of_csqa and split == "validation" else "a file"
    command = f"import_questions FILE --format {'commonsenseqa' if of_csqa else 'FORMAT'}"
    made = f"manage.py {command} --dataset {dataset.name} --split {split} brings {which} into it"
    if key != "validation_split":
        return f"To fill it: {made}."
    return f'Name another, or "" (with patience = 0, where the recipe has it) to measure nothing on the way; {made}.'


def require_graded(dataset: Dataset) -> None:
    """Raises NotGraded."""
    if dataset.family == Family.OPEN:
        raise NotGraded(
            f"dataset: {dataset.name!r} holds open questions, which have no gold answers to keep or count by.",
            details={"field": "dataset", "value": dataset.name, "expected": "a dataset with gold answers"},
        )


def _check_asked(dataset: Dataset, split: str, validation_split: str) -> None:
    require_graded(dataset)
    require_questions(dataset, split, key="split")
    if validation_split:
        require_questions(dataset, validation_split, key="validation_split")
        if validation_split == split:
            raise InvalidInput(
                f"validation_split: {split!r} is what is learned from; expected another split.",
                details={"field": "validation_split", "value": split, "expected": "another split"},
            )


def _check_star(dataset: Dataset, recipe: Star) -> None:
    """What only some families can tell, what joins later, which examples are shown, and who chooses."""
    grouped = GROUPED_BY.get(Family(dataset.family))
    if recipe.kept_by == "trace" and grouped is None:
        raise InvalidInput(
            f"kept_by: 'trace' is not usable: the steps of {dataset.family} questions can not be checked.",
            details={"field": "kept_by", "value": "trace", "expected": "'answer' or 'verifier'"},
        )
    if recipe.later_groups:
        _check_later_groups(dataset, recipe, grouped)
    if recipe.later_split:
        require_questions(dataset, recipe.later_split, key="later_split")
    _check_shots(dataset, recipe)
    if recipe.replay_per_iteration:
        require_questions(dataset, recipe.replay_split, key="replay_split")
        _check_sources(dataset, recipe.replay_split, (), key="replay_split")
    if recipe.verifier:
        about("verifier", lambda: trainable_model(recipe.verifier))


def _check_shots(dataset: Dataset, recipe: Star) -> None:
    for key in ("split", "validation_split", "later_split"):
        refuse_own_shots(getattr(recipe, key), recipe.shots, field=key)
    choose_shots(dataset, recipe.shots, seed=recipe.seed)


def _check_later_groups(dataset: Dataset, recipe: Star, grouped: str | None) -> None:
    found = set(groups_of(Family(dataset.family), split_questions(dataset, recipe.split)).values())
    missing = [group for group in recipe.later_groups if group not in found]
    if missing or found <= set(recipe.later_groups):
        known = (
            f"some, not all, of {', '.join(map(str, sorted(found)))} {grouped}"
            if found
            else "[]: it has no groups"
        )
        raise InvalidInput(
            f"later_groups: {list(recipe.later_groups)} is not usable for split {recipe.split!r} of"
            f" {dataset.name!r}; expected {known}.",
            details={"field": "later_groups", "value": list(recipe.later_groups), "expected": known},
        )


def _check_held_out(dataset: Dataset, recipe: Dpo | Vstar) -> None:
    """What somebody names must be there. The recipes' own list fits most datasets, and where it does not the run says
    what it could not measure."""
    if recipe.held_out_splits == usual_value(recipe, "held_out_splits"):
        return
    for split in recipe.held_out_splits:
        require_questions(dataset, split, key="held_out_splits")


def _check_sft(dataset: Dataset, recipe: Sft) -> None:
    if recipe.from_run:
        about("from_run", lambda: require_kept_examples(recipe.from_run, dataset))
    else:
        require_questions(dataset, recipe.split, key="split")
        if recipe.learn == "answers":
            require_graded(dataset)
        elif recipe.learn == "retries":
            # The sources are of what is wrong; what puts it right came with the questions.
            _known_sources(recipe.sources)
            _check_sources(dataset, recipe.split, (), studies=recipe.studies)
        else:
            _check_sources(dataset, recipe.split, recipe.sources, studies=recipe.studies)
    if recipe.validation_split:
        require_questions(dataset, recipe.validation_split, key="validation_split")


def _known_sources(sources: tuple[str, ...]) -> None:
    known = set(Source.objects.filter(label__in=sources).values_list("label", flat=True))
    for label in sources:
        if label not in known:
            raise InvalidInput(
                f"sources: there is no source {label!r}.",
                code="unknown_source",
                details={"field": "sources", "value": label, "expected": "the label of a source"},
            )


def _check_sources(
    dataset: Dataset,
    split: str,
    sources: tuple[str, ...],
    *,
    key: str = "sources",
    studies: tuple[str, ...] = (),
) -> None:
    _known_sources(sources)
    rated = Study.objects.filter(name__in=studies)
    if not learnable(dataset, split, sources, list(rated)).exists():
        whose = (
            f"of {', '.join(sources)}"
            if sources
            else f"that came with its questions{unsaid_words(dataset, split)}"
        )
        raise NoRationales(
            f"{key}: split {split!r} of dataset {dataset.name!r} has no right or given rationale {whose}.",
            details={
                "field": key,
                "value": list(sources) if key == "sources" else split,
                "dataset": dataset.name,
                "split": split,
                "expected": "a split and sources with right or given rationales",
            },
        )


def _study(name: str, dataset: Dataset) -> Study:
    study = get_study(name)
    if study.dataset_id != dataset.pk:
        raise InvalidInput(
            f"Study {name!r} is about dataset {study.dataset.name!r}, not {dataset.name!r}.",
            code="other_dataset",
            details={"value": name, "expected": f"a study about {dataset.name}"},
        )
    return study


def about(key: str, look_up: Callable[[], T]) -> T:
    """What `look_up` finds; its error is told to be about the recipe's key."""
    try:
        return look_up()
    except StarchamberError as error:
        error.message = f"{key}: {error.message}"
        error.args = (error.message,)
        error.details = {"value": None, **error.details, "field": key}
        raise
