"""The handler of kind `measure`: a model's pace on this machine, and the lengths of its texts of one dataset."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

import torch
from django.conf import settings as site

from generation.prompts import stop_strings, uses_calculator
from generation.registry.opening import load_model
from generation.registry.tokens import encode_prompts
from generation.runs.room import settle_room
from generation.runs.spec import DEFAULT_NEW_TOKENS
from generation.sampling.local import LocalSampler
from generation.sampling.types import SamplingSettings
from jobs.memory import peak_bytes
from problems.types import Family
from ratings.library.models import Source
from ratings.library.splitting import questions_by_split
from ratings.studies.draw import PROMPT_SPLIT
from training.batching import Example
from training.calibrating import LARGE, MANY, TEXTS, Measured, Spent, calibrate
from training.errors import NothingToLearn
from training.estimating.figures import Figures
from training.estimating.memory import sampling_bytes, training_bytes
from training.estimating.planning import ANSWERS
from training.parallel.team import room_for_processes
from training.runs.direct import direct_example
from training.runs.measured_models import Measurement
from training.runs.questions import Asking, drawn, split_questions
from training.runs.rationales import learnable
from training.runs.sampling import examples_of, question_of
from training.tasks import FamilyTask

if TYPE_CHECKING:
    from generation.registry.loading import LoadedModel
    from jobs.context import JobContext

#: A model that loads in less than this is loaded twice.
AGAIN_SECONDS = 20.0


def run_measurement(context: JobContext) -> dict[str, Any]:
    """Returns the figures too. Raises NothingToLearn without questions, and what loading and sampling raise."""
    measurement = Measurement.objects.select_related("model", "dataset").get(job_id=context.job_id)
    family = Family(measurement.dataset.family)
    context.stage("loading the model")
    loaded = load_model(measurement.model)
    first = Spent(*context.spent("loading the model"))
    start, load = Spent(0.0, 0.0), first
    if first.wall < AGAIN_SECONDS:
        # The first load of a process also imports the model's code, as each run's does.
        context.stage("loading it again")
        loaded = load_model(measurement.model)
        load = Spent(*context.spent("loading it again"))
        start = Spent(max(0.0, first.wall - load.wall), max(0.0, first.cpu - load.cpu))
    context.stage("measuring")
    split = _split(questions_by_split(measurement.dataset))
    asked = drawn(split_questions(measurement.dataset, split), MANY, seed=0, purpose="measure")
    texts = {
        source: [example for _, example in examples_of(family, rationales)]
        for source, rationales in _rationales(measurement, split).items()
    }
    if family is not Family.OPEN:
        texts[ANSWERS] = [direct_example(family, one) for one in asked]
    measured = calibrate(
        loaded,
        FamilyTask(),
        [question_of(family, one) for one in asked],
        texts,
        _sampling(loaded, family, asked),
        start=start,
        load=load,
        shot=_shot(loaded, texts.get("", [])),
        check=context.check,
    )
    held = _held(measured, peak_bytes() or 0, sampled=min(MANY, len(asked)))
    figures = Figures(
        shape=measured.shape,
        wall=measured.wall,
        cpu=measured.cpu,
        lengths=measured.lengths,
        held_bytes=held,
        device=loaded.device,
        cores=room_for_processes(torch.device(loaded.device).type),
    )
    with context.writing():
        Measurement.objects.filter(pk=measurement.pk).update(
            host=socket.gethostname()[:200] or site.PUBLIC_URL, figures=figures.as_json()
        )
    return {"model": measurement.model.label, "dataset": measurement.dataset.name, **figures.as_json()}


def _held(measured: Measured, peak: int, *, sampled: int) -> int:
    """What the process holds beside what the formulas count: the measuring's own peak less its own largest part.

    Libraries hold more once they have worked than when they were loaded.
    """
    lengths, shape = measured.lengths, measured.shape
    text = lengths.texts.get("", lengths.learned)
    training = training_bytes(shape, tokens=LARGE * text, length=text)
    sampling = sampling_bytes(shape, rows=sampled, length=lengths.question + lengths.longest)
    return max(0, peak - max(training, sampling))


def _split(splits: dict[str, int]) -> str:
    """The one that is learned from, by its usual name, else the largest."""
    asked = {split: count for split, count in splits.items() if split != PROMPT_SPLIT}
    if not asked:
        raise NothingToLearn("The dataset has no questions to measure with.", details={"splits": splits})
    return "train" if asked.get("train") else max(asked, key=lambda split: asked[split])


def _rationales(measurement: Measurement, split: str) -> dict[str, list[int]]:
    """By source, those that could be learned from; under "" all that came with the questions."""
    dataset = measurement.dataset
    found = {"": list(learnable(dataset, split).values_list("pk", flat=True)[:TEXTS])}
    used = Source.objects.filter(rationales__question__dataset=dataset, rationales__question__split=split)
    for label in sorted(set(used.values_list("label", flat=True))):
        found[label] = list(learnable(dataset, split, [label]).values_list("pk", flat=True)[:TEXTS])
    return {source: keys for source, keys in found.items() if keys}


def _sampling(loaded: LoadedModel, family: Family, asked: Sequence[Asking]) -> SamplingSettings:
    task = FamilyTask()
    prompts = [task.ask(question_of(family, one), hint=False) for one in asked]
    named = zip((one.id for one in asked), prompts, strict=True)
    room = settle_room(LocalSampler(loaded), named, most=DEFAULT_NEW_TOKENS).tokens
    # Behind the answer given away there is less room.
    return SamplingSettings(
        max_new_tokens=max(1, room - 32) if room < DEFAULT_NEW_TOKENS else room,
        stop=stop_strings(family),
        calculator=uses_calculator(family),
    )


def _shot(loaded: LoadedModel, examples: Sequence[Example]) -> float:
    """Tokens of a worked example, as it stands before a question."""
    texts = [f"{example.prompt}{example.completion}\n\n" for example in examples[:100]]
    return fmean(map(len, encode_prompts(loaded.tokenizer, texts))) if texts else 0.0
