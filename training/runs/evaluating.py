"""Launching an evaluation: what it names is looked up and checked, then it and its job are written together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from django.db import transaction
from django.urls import reverse

from accounts.audit import Actor, record
from generation.registry.models import LanguageModel
from generation.registry.selectors import folder_of, get_model
from generation.registry.services import check_endpoint
from generation.runs.shots import draw_shots
from generation.runs.spec import refuse_own_shots, require_context
from generation.runs.vocabulary import require_layout, writer_at_hand
from jobs.services import create_job
from ratings.library.datasets import get_dataset
from ratings.library.models import Dataset
from ratings.library.options import check_names, check_seed, refuse
from training.runs.checking import about, ensure_named, require_graded, require_questions, trainable_model
from training.runs.measured_models import Evaluation
from training.runs.version import code_version

KIND = "evaluate"
#: What the generator's own score is called in a report (training.evaluation.report, which costs scipy to import).
GENERATOR = "generator_logprob"
MAX_SAMPLES = 10_000
MAX_NEW_TOKENS = 32_768
MAX_TEMPERATURE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSpec:
    """What is measured: a model's samples on one split, and how well each scorer chooses among them."""

    #: Labels.
    model: str
    dataset: str
    split: str = "test"
    #: Labels of models whose log-likelihood ranks the samples, beside the generator's own.
    verifiers: tuple[str, ...] = ()
    #: Samples per question.
    samples: int = 16
    #: Draws of which the best is taken; empty: the powers of two up to `samples`.
    k: tuple[int, ...] = ()
    #: Of the samples. The greedy answer is asked for beside them.
    temperature: float = 0.9
    top_p: float = 1.0
    seed: int = 0
    #: Worked examples before each question, from split `prompt`.
    shots: int = 0
    #: Most tokens of one sample; None: as many as the model's context has room for, at most 256.
    max_new_tokens: int | None = None
    #: Only so many questions, chosen by the seed; 0: all of the split.
    questions: int = 0

    @property
    def ks(self) -> tuple[int, ...]:
        powers = (2**exponent for exponent in range(self.samples.bit_length()))
        return self.k or tuple(power for power in powers if power <= self.samples)

    @property
    def sampling(self) -> dict[str, Any]:
        """What the samples depend on, beside model and questions."""
        names = ("samples", "temperature", "top_p", "seed", "shots", "max_new_tokens")
        return {name: getattr(self, name) for name in names}

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "verifiers": list(self.verifiers), "k": list(self.ks)}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> EvaluationSpec:
        return cls(**{**stored, "verifiers": tuple(stored["verifiers"]), "k": tuple(stored["k"])})


@dataclass(frozen=True, slots=True)
class Named:
    """A spec's names as rows."""

    model: LanguageModel
    dataset: Dataset
    verifiers: list[LanguageModel]

    @property
    def readers(self) -> list[tuple[str, LanguageModel]]:
        """Every model that reads the questions, with the field that names it."""
        return [("model", self.model), *(("verifier", one) for one in self.verifiers)]


def launch_evaluation(spec: EvaluationSpec, *, actor: Actor) -> Evaluation:
    """An evaluation that waits. Whoever asked sends its job off, or does it, once this is committed.

    Raises UnknownModel, UnknownDataset, UnknownEndpoint, NotTrainable, NotGraded, EmptySplit, UnusableFolder,
    TokenizerLacks, ModelUnusable (bad_tokenizer) and InvalidInput; nothing is written then.
    """
    ensure_named([spec.model, *spec.verifiers], actor=actor)
    named = check_spec(spec)
    with transaction.atomic():
        title = f"{spec.model} on {spec.dataset}, split {spec.split}"
        job = create_job(kind=KIND, title=f"Evaluation: {title}", actor=actor)
        evaluation = Evaluation.objects.create(
            model=named.model,
            dataset=named.dataset,
            split=spec.split,
            settings=spec.as_json(),
            job=job,
            code_version=code_version(),
            created_by=actor.user,
        )
        evaluation.verifiers.set(named.verifiers)
        job.page = reverse("training:evaluation", args=[evaluation.pk])
        job.save(update_fields=["page"])
        details = {"evaluation": evaluation.pk, "verifiers": list(spec.verifiers)}
        record(actor, "evaluation.launch", subject=title[:200], details=details)
    return evaluation


def check_spec(spec: EvaluationSpec) -> Named:
    """Raises the errors of launch_evaluation, for too few worked examples as well."""
    _check_numbers(spec)
    check_names(dataset=spec.dataset, split=spec.split)
    dataset = about("dataset", lambda: get_dataset(spec.dataset))
    model = about("model", lambda: sampled_model(spec.model))
    require_graded(dataset)
    require_questions(dataset, spec.split, key="split")
    require_context(model, spec.max_new_tokens)
    refuse_own_shots(spec.split, spec.shots)
    draw_shots(dataset, spec.shots, seed=spec.seed)
    named = Named(model, dataset, _verifiers(spec.verifiers))
    for field, one in named.readers:
        require_layout(writer_at_hand(one), one, dataset, field=field)
    return named


def sampled_model(label: str) -> LanguageModel:
    """A model that can be asked. Raises UnknownModel, UnknownEndpoint, UnusableFolder."""
    model = get_model(label)
    if model.kind == LanguageModel.Kind.ENDPOINT:
        check_endpoint(model.location)
    elif model.has_folder:
        folder_of(model)
    return model


def _verifiers(labels: Sequence[str]) -> list[LanguageModel]:
    if len(set(labels)) != len(labels):
        refuse("verifier", ", ".join(labels), "each label once")
    if GENERATOR in labels:
        refuse("verifier", GENERATOR, "another label: so the generator's own score is called")
    return [about("verifier", partial(trainable_model, label)) for label in labels]


def _check_numbers(spec: EvaluationSpec) -> None:
    _check_range("samples", spec.samples, 1, MAX_SAMPLES)
    check_seed(spec.seed)
    _check_range("shots", spec.shots, 0, 1_000)
    if spec.max_new_tokens is not None:
        _check_range("max_new_tokens", spec.max_new_tokens, 1, MAX_NEW_TOKENS)
    _check_range("questions", spec.questions, 0, 2**31 - 1)
    for k in spec.ks:
        _check_range("k", k, 1, spec.samples)
    if len(set(spec.ks)) != len(spec.ks):
        refuse("k", ", ".join(map(str, spec.ks)), "each number of draws once")
    if not (math.isfinite(spec.temperature) and 0 <= spec.temperature <= MAX_TEMPERATURE):
        refuse("temperature", str(spec.temperature), f"a number from 0 to {MAX_TEMPERATURE:g}")
    if spec.samples > 1 and spec.temperature == 0:
        refuse("temperature", 0, "above 0 where there are several samples: greedy ones are all the same")
    if not (math.isfinite(spec.top_p) and 0 < spec.top_p <= 1):
        refuse("top_p", str(spec.top_p), "a number above 0 and at most 1")


def _check_range(field: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        refuse(field, value, f"a whole number from {least} to {most}")
