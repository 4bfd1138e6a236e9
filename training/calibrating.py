"""The figures of one model on one machine: its seconds of sampling, reading and learning, and how long its texts are.

A few seconds of the very work that a run does, at the sizes that it does it: some questions answered greedily, a few
optimiser steps over texts of the data set, a few over pairs. Each time is fitted by least squares to what was done
(`steps x a + tokens x b`), so that other batch sizes follow. The model's weights are spoilt afterwards: load it anew.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median

import numpy as np
import torch

from generation.registry.loading import LoadedModel
from generation.registry.tokens import encode_prompts
from generation.sampling.local import LocalSampler
from generation.sampling.types import SamplingSettings
from problems.types import Family, Verdict
from training.batching import Example, RowBatches, encode, pad_id
from training.collecting import Asking, ask_model
from training.dpo import dpo
from training.estimating.figures import Lengths, Pace, Shape
from training.loop import Optimisation, Saving, Unwatched
from training.records import Candidate, Origin, Pair, Question
from training.schedule import Schedule
from training.scoring import score_rows
from training.sft import sft
from training.tasks import Task

#: Rows that are sampled: first a few, then as many as a run samples at a time, if that takes no longer than allowed.
FEW, MANY = 8, 256
#: Seconds that the larger of two samplings may take, as far as the smaller one tells.
PATIENCE_SECONDS = 8.0
#: Texts of which the length is taken.
TEXTS = 2_000
#: Of the lengths of what is sampled.
QUANTILES = 21
#: Optimiser steps at each size; the first is not counted, since it also makes the optimiser's state.
STEPS = 5
SMALL, LARGE = 4, 24
#: Seconds of a candidate's row in a database, for the processor and for the clock; tests/training_runs measure it.
ROW_SECONDS = 0.0004
#: A learning rate that changes nothing worth mentioning.
_STILL = 1e-9


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of the clock and of the processor."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Measured:
    """shape, lengths: of the model and of its texts. wall, cpu: its pace by the clock and by the processor."""

    shape: Shape
    wall: Pace
    cpu: Pace
    lengths: Lengths


def calibrate(
    loaded: LoadedModel,
    task: Task,
    questions: Sequence[Question],
    texts: Mapping[str, Sequence[Example]],
    settings: SamplingSettings,
    *,
    start: Spent,
    load: Spent,
    shot: float = 0.0,
    check: Callable[[], None] = lambda: None,
) -> Measured:
    """Measures. Raises what sampling and training raise; the model is spoilt in any case.

    questions: as many as may be asked; those without a gold answer are never hinted at. texts: to learn from, by
    source, "" for all that no model wrote. settings: greedy. start, load: what it took to come here, and to load the
    model. shot: tokens of a worked example. check: called between the parts; may raise to stop.
    """
    sampled = _sample(loaded, task, questions, settings, check)
    examples = [example for some in texts.values() for example in some] or [
        Example(one.training_prompt, one.text) for one in sampled.candidates
    ]
    read = _read(loaded, sampled.candidates)
    check()
    steps = _train(loaded, examples[:TEXTS])
    check()
    pairs = _train_pairs(loaded, sampled.candidates)
    saved = _save(loaded, examples[:SMALL])
    lengths = _lengths(loaded, task, questions, texts, sampled, shot)
    wall, cpu = (
        _pace(which, start, load, read, sampled.timed, steps, pairs, saved) for which in ("wall", "cpu")
    )
    return Measured(_shape(loaded), wall, cpu, lengths)


# Timing


def _now(loaded: LoadedModel) -> tuple[float, float]:
    if loaded.device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter(), time.process_time()


def _timed(loaded: LoadedModel, act: Callable[[], object]) -> Spent:
    wall, cpu = _now(loaded)
    act()
    later, cpu_later = _now(loaded)
    return Spent(later - wall, cpu_later - cpu)


class _StepClock(Unwatched):
    """A watch that notes what each step took."""

    def __init__(self, loaded: LoadedModel) -> None:
        self._loaded = loaded
        self.steps: list[Spent] = []
        self._last = _now(loaded)

    def step(self, step: int, loss: float, extras: Mapping[str, float]) -> None:
        now = _now(self._loaded)
        self.steps.append(Spent(now[0] - self._last[0], now[1] - self._last[1]))
        self._last = now


# The parts


@dataclass(slots=True)
class _Sampled:
    """timed: [(decode steps, rows x steps, spent)], the reading of the prompts among it."""

    candidates: list[Candidate] = field(default_factory=list)
    hinted: list[Candidate] = field(default_factory=list)
    timed: list[tuple[float, float, float, Spent]] = field(default_factory=list)


def _sample(
    loaded: LoadedModel,
    task: Task,
    questions: Sequence[Question],
    settings: SamplingSettings,
    check: Callable[[], None],
) -> _Sampled:
    """A few questions, then many; the failed ones once more with the answer given away."""
    found = _Sampled()
    sampler = LocalSampler(loaded)

    def ask(asked: Sequence[Question], *, hint: bool = False) -> list[Candidate]:
        asking = Asking(
            round=0,
            origin=Origin.RATIONALIZED if hint else Origin.FEW_SHOT,
            settings=settings,
            hint=hint,
            with_shots=False,
        )
        candidates: list[Candidate] = []
        spent = _timed(loaded, lambda: candidates.extend(ask_model(loaded, sampler, task, asked, asking)))
        tokens = [one.completion.token_count for one in candidates]
        prompts = sum(len(one.completion.prompt_tokens) for one in candidates)
        found.timed.append((max(tokens), sum(tokens), prompts, spent))
        check()
        return candidates

    few = questions[:FEW]
    ask(few)  # the first call of all also warms caches, and is measured again
    found.timed.clear()
    found.candidates = ask(few)
    each = found.timed[0][3].wall / len(few)
    many = questions[: max(FEW, min(MANY, int(PATIENCE_SECONDS / max(each, 1e-6))))]
    if len(many) > len(few):
        found.candidates = ask(many)
    failed = [
        question
        for question, candidate in zip(many, found.candidates, strict=False)
        if candidate.grade.verdict is not Verdict.CORRECT and _has_answer(question)
    ]
    if failed:
        found.hinted = ask(failed, hint=True)
    return found


def _has_answer(question: Question) -> bool:
    """That can be given away."""
    return question.family is not Family.OPEN and bool(question.asked.answer)


def _read(loaded: LoadedModel, candidates: Sequence[Candidate]) -> tuple[int, Spent]:
    """(tokens, spent) of reading texts without learning."""
    examples = [Example(one.training_prompt, one.text) for one in candidates]
    rows = [encode(loaded.tokenizer, example) for example in examples]
    rows = [row for row in rows if len(row.ids) <= loaded.context]
    score_rows(loaded, rows[:SMALL])
    spent = _timed(loaded, lambda: score_rows(loaded, rows))
    return sum(len(row.ids) for row in rows), spent


def _how(batch: int) -> Optimisation:
    return Optimisation(Schedule(peak=_STILL), batch_size=batch)


def _train(loaded: LoadedModel, examples: Sequence[Example]) -> list[tuple[int, Spent]]:
    """(tokens with padding, spent) of optimiser steps of two sizes."""
    found: list[tuple[int, Spent]] = []
    for batch in (SMALL, LARGE):
        how = _how(batch)
        clock = _StepClock(loaded)
        sft(loaded, examples, how, steps=STEPS, watch=clock)
        rows = [encode(loaded.tokenizer, example) for example in examples]
        rows = [row for row in rows if len(row.ids) <= loaded.context]
        batches = RowBatches(rows, batch_size=batch, seed=how.seed, pad=pad_id(loaded.tokenizer))
        sizes = [batches.at(step).ids_BT.numel() for step in range(STEPS)]
        found += list(zip(sizes, clock.steps, strict=True))[1:]
    return found


def _train_pairs(loaded: LoadedModel, candidates: Sequence[Candidate]) -> list[tuple[int, Spent]]:
    """(tokens with padding, spent) of steps over pairs; the sides are whatever the model wrote."""
    texts = list(dict.fromkeys((one.training_prompt, one.text) for one in candidates))
    pairs = [
        Pair(str(place), prompt, chosen, rejected)
        for place, ((prompt, chosen), (_, rejected)) in enumerate(zip(texts, texts[1:], strict=False))
    ][: 4 * SMALL]
    if not pairs:
        return []
    clock = _StepClock(loaded)
    dpo(loaded, pairs, _how(SMALL), steps=STEPS, beta=0.1, watch=clock)
    lengths = [
        max(
            len(encode(loaded.tokenizer, Example(pair.prompt, text)).ids)
            for text in (pair.chosen, pair.rejected)
        )
        for pair in pairs
    ]
    # A batch of P pairs is 2P rows of about this length.
    size = round(2 * min(SMALL, len(pairs)) * fmean(lengths))
    return [(size, spent) for spent in clock.steps[1:]]


def _save(loaded: LoadedModel, examples: Sequence[Example]) -> list[Spent]:
    """What it takes to write a training's state: steps that save minus steps that do not."""
    with tempfile.TemporaryDirectory() as folder:
        clock = _StepClock(loaded)
        sft(loaded, examples, _how(1), steps=4, watch=clock, saving=Saving(Path(folder), 1))
        plain = _StepClock(loaded)
        sft(loaded, examples, _how(1), steps=4, watch=plain)
    # The state of a step is written after its watch was told: it falls into the next one.
    return [
        Spent(max(0.0, one.wall - two.wall), max(0.0, one.cpu - two.cpu))
        for one, two in zip(clock.steps[2:], plain.steps[2:], strict=True)
    ]


# What follows from them


def _pace(
    which: str,
    start: Spent,
    load: Spent,
    read: tuple[int, Spent],
    sampled: Sequence[tuple[float, float, float, Spent]],
    steps: Sequence[tuple[int, Spent]],
    pairs: Sequence[tuple[int, Spent]],
    saved: Sequence[Spent],
) -> Pace:
    def seconds(spent: Spent) -> float:
        return float(getattr(spent, which))

    read_token = seconds(read[1]) / max(1, read[0])
    decode_step, decode_row = fit(
        [
            (longest, tokens, seconds(spent) - prompts * read_token)
            for longest, tokens, prompts, spent in sampled
        ]
    )
    train_step, train_token = fit([(1, tokens, seconds(spent)) for tokens, spent in steps])
    over_pairs = [max(0.0, seconds(spent) - train_step) / tokens for tokens, spent in pairs]
    return Pace(
        start=seconds(start),
        load=seconds(load),
        decode_step=decode_step,
        decode_row=decode_row,
        read_token=read_token,
        train_step=train_step,
        train_token=train_token,
        pair_token=median(over_pairs) if over_pairs else train_token,
        save=median([seconds(spent) for spent in saved]),
        row=ROW_SECONDS,
    )


def fit(points: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """(a, b), both 0 or more, that come nearest to `x a + y b = seconds`, relative to the seconds.

    Where one of them would be negative the other explains all.
    """
    seconds = np.array([[max(point[2], 1e-9)] for point in points], dtype=np.float64)
    design = np.array([point[:2] for point in points], dtype=np.float64) / seconds
    target = np.ones(len(points))
    found = np.linalg.lstsq(design, target, rcond=None)[0]
    if (found >= 0).all():
        return float(found[0]), float(found[1])
    squares = [float(design[:, i] @ design[:, i]) for i in (0, 1)]
    alone = [float(design[:, i] @ target) / max(squares[i], 1e-30) for i in (0, 1)]
    errors = [float(((design[:, i] * alone[i] - target) ** 2).sum()) for i in (0, 1)]
    return (alone[0], 0.0) if errors[0] < errors[1] else (0.0, alone[1])


def _lengths(
    loaded: LoadedModel,
    task: Task,
    questions: Sequence[Question],
    texts: Mapping[str, Sequence[Example]],
    sampled: _Sampled,
    shot: float,
) -> Lengths:
    some = questions[:TEXTS]
    plain = encode_prompts(loaded.tokenizer, [task.ask(one, hint=False) for one in some])
    hinted = encode_prompts(loaded.tokenizer, [task.ask(one, hint=_has_answer(one)) for one in some])
    tokens = [one.completion.token_count for one in sampled.candidates]
    right = [one.grade.verdict is Verdict.CORRECT for one in sampled.candidates]
    right_hinted = [one.grade.verdict is Verdict.CORRECT for one in sampled.hinted]
    return Lengths(
        question=fmean(map(len, plain)),
        hinted=fmean(map(len, hinted)),
        completion=fmean(tokens),
        longest=float(max(tokens)),
        right=fmean(right),
        right_hinted=fmean(right_hinted) if right_hinted else 1.0,
        shot=shot,
        sampled=len(tokens),
        completions=[round(float(one), 1) for one in np.quantile(tokens, np.linspace(0, 1, QUANTILES))],
        cut=fmean(one.completion.finish == "length" for one in sampled.candidates),
        texts={
            source: fmean(len(encode(loaded.tokenizer, example).ids) for example in found[:TEXTS])
            for source, found in texts.items()
            if found
        },
    )


def _shape(loaded: LoadedModel) -> Shape:
    config = loaded.model.config.get_text_config()
    weights = next(loaded.model.parameters())
    return Shape(
        parameters=sum(p.numel() for p in loaded.model.parameters()),
        layers=config.num_hidden_layers,
        width=config.hidden_size,
        heads=config.num_attention_heads,
        vocabulary=loaded.model.get_input_embeddings().weight.shape[0],
        context=loaded.context,
        weight_bytes=weights.element_size(),
    )
