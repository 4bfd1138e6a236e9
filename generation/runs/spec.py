"""What a run is asked for, checked before anything is written."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from generation.prompts import Asked, NotAsked, Shot, build_prompt
from generation.registry.models import LanguageModel
from generation.registry.provenance import check_source
from generation.registry.selectors import folder_of, get_model
from generation.registry.services import check_endpoint
from generation.runs.errors import EmptySplit, UnaskedQuestion
from generation.runs.shots import draw_shots
from problems.types import Choice, Family
from ratings.library.datasets import get_dataset
from ratings.library.models import Dataset, QuestionRevision
from ratings.library.options import check_names, check_seed, refuse
from ratings.library.splitting import questions_by_split
from ratings.studies.draw import PROMPT_SPLIT

MAX_SAMPLES = 1_000
MAX_NEW_TOKENS = 32_768
#: Most tokens of one completion, unless told otherwise; fewer where a model's context has room for fewer.
DEFAULT_NEW_TOKENS = 256
MAX_SHOTS = 64
MAX_BATCH = 4_096
MAX_LANES = 16
MAX_CANDIDATES = 20_000_000
MAX_TEMPERATURE = 10.0
#: Candidates in one batch, unless told otherwise: what a tiny model takes at once, and what a server is asked at once.
LOCAL_BATCH = 256
ENDPOINT_BATCH = 16
#: What hinted candidates are filed under, unless told otherwise: they must not pass for the model's own.
HINTED_SUFFIX = "-hinted"


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationSpec:
    """One run: `samples` candidates of a model for every question."""

    dataset: str
    #: The model's label.
    model: str
    #: Candidates per question.
    samples: int
    #: Only this split; None: all but `prompt`, whose questions stand in few-shot prompts.
    split: str | None = None
    #: 0 is greedy: the likeliest token each time.
    temperature: float = 1.0
    #: Only the likeliest tokens that together reach this probability are drawn from.
    top_p: float = 1.0
    seed: int = 0
    #: What the rationales are filed under; None: the model's label, with "-hinted" behind it for hinted ones.
    source: str | None = None
    #: Worked examples before each question, drawn by the seed from split `prompt`.
    shots: int = 0
    #: Whether the prompt gives the gold answer away (STaR's rationalization).
    hint: bool = False
    #: Most tokens of one completion; None: as many as the model's context has room for, at most 256.
    max_new_tokens: int | None = None
    #: Candidates in one batch; None: 256, or 16 for an endpoint.
    batch_size: int | None = None
    #: Jobs that work on the run side by side; None: as many as there are live workers on queue `generate`.
    lanes: int | None = None


@dataclass(frozen=True, slots=True)
class CheckedSpec:
    """A spec with what it names. revisions: what will be asked, in the order of the run's questions."""

    spec: GenerationSpec
    dataset: Dataset
    model: LanguageModel
    source: str
    batch_size: int
    #: None: the worker finds out what fits.
    max_new_tokens: int | None
    revisions: list[QuestionRevision]
    #: The worked examples as they are sent, with the blank line behind them.
    prefix: str

    @property
    def family(self) -> Family:
        return Family(self.dataset.family)

    def prompt(self, revision: QuestionRevision) -> str:
        """What is sent behind the prefix. Raises NotAsked."""
        return build_prompt(self.family, asked_of(revision), hint=self.spec.hint)


def check_spec(spec: GenerationSpec) -> CheckedSpec:
    """Raises UnknownDataset, UnknownModel, UnknownEndpoint, UnusableFolder and InvalidInput (also by check_source)."""
    _check_numbers(spec)
    dataset = get_dataset(spec.dataset)
    model = get_model(spec.model)
    is_remote = model.kind == LanguageModel.Kind.ENDPOINT
    if is_remote:
        check_endpoint(model.location)
    elif model.has_folder:
        folder_of(model)
    source = spec.source or model.label + (HINTED_SUFFIX if spec.hint else "")
    check_names(dataset=spec.dataset, split=spec.split, source=source)
    check_source(source, field="source")
    revisions = _revisions(dataset, spec.split)
    if not revisions:
        where = f"split {spec.split!r}" if spec.split else "splits other than 'prompt'"
        raise EmptySplit(
            f"split: dataset {dataset.name!r} has no questions in {where}.",
            details={
                "field": "split",
                "value": spec.split,
                "dataset": dataset.name,
                "expected": list(questions_by_split(dataset)),
            },
        )
    require_context(model, spec.max_new_tokens)
    if len(revisions) * spec.samples > MAX_CANDIDATES:
        refuse("samples", spec.samples, f"at most {MAX_CANDIDATES:,} candidates in one run")
    if spec.hint and dataset.family == Family.OPEN:
        refuse("hint", True, "no hint: open questions have no gold answer to give away")
    checked = CheckedSpec(
        spec=spec,
        dataset=dataset,
        model=model,
        source=source,
        batch_size=spec.batch_size or (ENDPOINT_BATCH if is_remote else LOCAL_BATCH),
        max_new_tokens=spec.max_new_tokens or (DEFAULT_NEW_TOKENS if is_remote else None),
        revisions=revisions,
        prefix=_prefix(spec, dataset, revisions),
    )
    for revision in revisions:
        with _told_as_input(revision):
            checked.prompt(revision)
    return checked


def require_context(model: LanguageModel, new_tokens: int | None, *, field: str = "max_new_tokens") -> None:
    """Raises InvalidInput where an answer alone would fill the model's context, as far as that is known here."""
    context = model.manifest.get("context")
    if context and new_tokens and new_tokens >= context:
        refuse(
            field,
            new_tokens,
            f"less than {context:,}, which model {model.label!r} reads at most, prompt included",
        )


def refuse_own_shots(split: str | None, shots: int, *, field: str = "split") -> None:
    """Raises InvalidInput where questions would be asked behind their own solutions."""
    if shots and split == PROMPT_SPLIT:
        refuse(field, split, "another split: its questions are the worked examples themselves")


def asked_of(revision: QuestionRevision) -> Asked:
    """A stored question as a model is asked it."""
    choices = tuple(Choice(**choice) for choice in revision.choices)
    return Asked(revision.text, choices, revision.answer or None)


def _check_numbers(spec: GenerationSpec) -> None:
    _check_range("samples", spec.samples, 1, MAX_SAMPLES)
    _check_range("shots", spec.shots, 0, MAX_SHOTS)
    check_seed(spec.seed)
    for field, most in (("max_new_tokens", MAX_NEW_TOKENS), ("batch_size", MAX_BATCH), ("lanes", MAX_LANES)):
        value: int | None = getattr(spec, field)
        if value is not None:
            _check_range(field, value, 1, most)
    if not (math.isfinite(spec.temperature) and 0 <= spec.temperature <= MAX_TEMPERATURE):
        refuse("temperature", str(spec.temperature), f"a number from 0 (greedy) to {MAX_TEMPERATURE:g}")
    if not (math.isfinite(spec.top_p) and 0 < spec.top_p <= 1):
        refuse("top_p", str(spec.top_p), "a number above 0 and at most 1")


def _check_range(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        refuse(field, value, f"a whole number from {least} to {most}")


def _revisions(dataset: Dataset, split: str | None) -> list[QuestionRevision]:
    """The current revisions of the questions to ask, in the order of the run."""
    rows = QuestionRevision.objects.filter(question__dataset=dataset, current=True).select_related("question")
    chosen = (
        rows.exclude(question__split=PROMPT_SPLIT) if split is None else rows.filter(question__split=split)
    )
    return list(chosen.order_by("question_id"))


def _prefix(spec: GenerationSpec, dataset: Dataset, revisions: Sequence[QuestionRevision]) -> str:
    """What build_prompt puts before every question alike."""
    refuse_own_shots(spec.split, spec.shots)
    shots = draw_shots(dataset, spec.shots, seed=spec.seed)
    examples = [Shot(asked_of(shot.revision), shot.text) for shot in shots]
    family, first = Family(dataset.family), asked_of(revisions[0])
    with _told_as_input(revisions[0]):
        whole = build_prompt(family, first, examples, hint=spec.hint)
        bare = build_prompt(family, first, hint=spec.hint)
    assert whole.endswith(bare), "worked examples stand before the question"
    return whole[: len(whole) - len(bare)]


@contextmanager
def _told_as_input(revision: QuestionRevision) -> Iterator[None]:
    try:
        yield
    except NotAsked as error:
        raise UnaskedQuestion(
            f"question {revision.question.external_id!r} or a worked example: {error}.",
            details={"field": "dataset", "question": revision.question.external_id},
        ) from error
