"""What a researcher decides about a study, checked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug

from accounts.errors import InvalidInput
from problems.seeds import LARGEST_SEED
from problems.text import not_usable
from ratings.library.models import Dataset, Source
from ratings.studies.draw import PROMPT_SPLIT
from ratings.studies.errors import NameTaken, UnknownDataset, UnknownSource
from ratings.studies.form import BadForm, read_form
from ratings.studies.journey import BadJourney, Journey, read_journey
from ratings.studies.models import DEFAULT_INSTRUCTIONS, Study
from ratings.studies.pay import BadPay, read_pay
from ratings.studies.pools import BadPools, read_pools
from ratings.studies.protocol import BadProtocol, read_protocol
from ratings.studies.quality_mix import BadMix, check_room, read_mix

MAX_RATINGS_PER_TRIPLE = 1_000
#: Its page has this address already.
RESERVED_NAMES = {"new"}
MAX_INSTRUCTIONS_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class StudyDesign:
    """The choices behind a study. Defaults are CONTRACT.md's."""

    name: str
    dataset: str
    sources: Sequence[str]
    questions: int = 50
    ratings_per_triple: int = 3
    per_rater: int | None = None
    seed: int = 0
    any_answer: bool = False
    strict_text: bool = False
    lease_seconds: int = 600
    instructions: str = field(default=DEFAULT_INSTRUCTIONS)
    #: See ratings.studies.form, .journey, .quality_mix and .pay; empty objects ask for nothing.
    form: Mapping[str, Any] = field(default_factory=dict)
    journey: Mapping[str, Any] = field(default_factory=dict)
    quality: Mapping[str, Any] = field(default_factory=dict)
    pay: Mapping[str, Any] = field(default_factory=dict)
    #: Draw from this split alone; empty: from all but `prompt`.
    split: str = ""
    #: See ratings.studies.protocol and .pools.
    protocol: Mapping[str, Any] = field(default_factory=dict)
    pools: Sequence[Mapping[str, Any]] = ()


def check_design(design: StudyDesign, *, in_place_of: int | None = None) -> tuple[Dataset, list[Source]]:
    """The dataset and the sources that a design names. in_place_of: the study whose name it may keep.

    Raises InvalidInput (naming field, value and expectation), NameTaken, UnknownDataset or UnknownSource.
    """
    _check_slug("name", design.name)
    _check_range("questions", design.questions, 1, 10_000_000)
    _check_range("ratings_per_triple", design.ratings_per_triple, 1, MAX_RATINGS_PER_TRIPLE)
    _check_range("lease_seconds", design.lease_seconds, 1, 30 * 24 * 3600)
    _check_range("seed", design.seed, 0, LARGEST_SEED)
    if design.per_rater is not None:
        _check_range("per_rater", design.per_rater, 1, 1_000_000)
    if len(design.instructions) > MAX_INSTRUCTIONS_CHARACTERS or "\0" in design.instructions:
        _refuse(
            "instructions",
            design.instructions[:200],
            f"text of at most {MAX_INSTRUCTIONS_CHARACTERS} characters",
        )
    _check_form(design.form)
    _check_quality(design)
    _check_pay(design.pay)
    _check_journey(design)
    _check_pools(design.pools)
    if design.split:
        _check_slug("split", design.split)
        if design.split == PROMPT_SPLIT:
            _refuse("split", design.split, "another split: questions of few-shot prompts are never rated")
    if len(design.sources) != 3 or len(set(design.sources)) != 3:
        _refuse("sources", list(design.sources), "three different source labels")
    _check_protocol(design)
    if set(Study.objects.filter(name=design.name).values_list("pk", flat=True)) - {in_place_of}:
        raise NameTaken(f"There is a study named {design.name!r} already.", details={"field": "name"})
    return _dataset(design.dataset), _sources(design)


def _dataset(name: str) -> Dataset:
    dataset = Dataset.objects.filter(name=name).first()
    if dataset is None:
        raise UnknownDataset(
            f"There is no dataset named {name!r}.", details={"field": "dataset", "value": name}
        )
    return dataset


def _sources(design: StudyDesign) -> list[Source]:
    known = {source.label: source for source in Source.objects.filter(label__in=design.sources)}
    for label in design.sources:
        if label not in known:
            there = sorted(
                Source.objects.filter(rationales__question__dataset__name=design.dataset)
                .distinct()
                .values_list("label", flat=True)
            )
            raise UnknownSource(
                f"There is no source named {label!r}; dataset {design.dataset!r} has {', '.join(there) or 'none'}.",
                details={"field": "sources", "value": label, "expected": there},
            )
    return [known[label] for label in design.sources]


def _check_form(form: Mapping[str, Any]) -> None:
    try:
        read_form(form)
    except BadForm as error:
        _refuse(f"form.{error.field}", error.value, error.expected)


def _check_journey(design: StudyDesign) -> Journey:
    try:
        journey = read_journey(design.journey)
    except BadJourney as error:
        # As Python writes it, and not at length: it may be half of a whole file, or text that no answer can carry.
        value = None if error.value is None else repr(error.value)[:200]
        _refuse(f"journey.{error.field}", value, error.expected)
    for label in journey.debrief.human:
        if label not in design.sources:
            _refuse("journey.debrief.human", label, f"of the study's sources, {', '.join(design.sources)}")
    return journey


def _check_quality(design: StudyDesign) -> None:
    try:
        check_room(read_mix(design.quality), questions=design.questions, per_rater=design.per_rater)
    except BadMix as error:
        _refuse(f"quality.{error.field}", error.value, error.expected)


def _check_pay(pay: Mapping[str, Any]) -> None:
    try:
        read_pay(pay)
    except BadPay as error:
        _refuse(f"pay.{error.field}", error.value, error.expected)


def _check_pools(pools: Sequence[Mapping[str, Any]]) -> None:
    try:
        read_pools(pools)
    except BadPools as error:
        _refuse(error.field, error.value, error.expected)


def _check_protocol(design: StudyDesign) -> None:
    try:
        primary = read_protocol(design.protocol, sources=design.sources)
    except BadProtocol as error:
        _refuse(f"protocol.{error.field}", error.value, error.expected)
    most = design.questions * design.ratings_per_triple
    if primary is not None and (primary.planned_ratings or 0) > most:
        expected = (
            f"at most {most}: {design.questions} questions, each rated {design.ratings_per_triple} times"
        )
        _refuse("protocol.planned_ratings", primary.planned_ratings, expected)


def _check_slug(field_name: str, value: str) -> None:
    try:
        validate_slug(value)
    except ValidationError:
        _refuse(field_name, value, "letters, digits, - and _")
    if len(value) > 100:
        _refuse(field_name, value, "at most 100 characters")
    if value in RESERVED_NAMES:
        _refuse(field_name, value, "another name: this one is the address of a page")


def _check_range(field_name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        _refuse(field_name, value, f"a whole number from {low} to {high}")


def _refuse(field_name: str, value: Any, expected: str) -> NoReturn:
    raise InvalidInput(
        not_usable(field_name, value, expected),
        details={"field": field_name, "value": value, "expected": expected},
    )
