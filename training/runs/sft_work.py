"""The work of an SFT run: rationales of the library, or what a STaR run kept, become a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils import timezone

from generation.prompts import uses_calculator
from generation.registry.opening import load_model
from problems.types import Family
from ratings.library.models import Rationale
from ratings.studies.services import chunks
from training.batching import Example, encode_all
from training.errors import NothingToLearn
from training.loop import Saving, Selection
from training.recipes.schema import Sft
from training.records import seed_of
from training.runs import checkpoints
from training.runs.descending import optimisation_of
from training.runs.direct import answer_row, direct_example
from training.runs.examining import examine
from training.runs.freezing import ContentHash, RunData, frozen
from training.runs.models import Fate, Iteration, Origin, RunFact, TrainingExample, TrainingRun
from training.runs.packing import packing_of
from training.runs.questions import drawn, questions_at, split_questions
from training.runs.rationales import counted_votes, kept_examples, learnable, preferred, rationale_contents
from training.runs.results import RESULTS
from training.runs.retrying import gathered_retries, retry_contents, retry_rows, solutions_beside
from training.runs.sampling import examples_of, question_of
from training.runs.watching import JobWatch
from training.scoring import score_rows
from training.sft import Length, epoch_steps, sft
from training.tasks import FamilyTask

if TYPE_CHECKING:
    from generation.registry.loading import LoadedModel
    from jobs.context import JobContext

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Learned:
    """One example with its row before it is stored."""

    example: Example
    row: TrainingExample


def run_sft(context: JobContext, run: TrainingRun, recipe: Sft) -> dict[str, Any]:
    """Returns the run's metrics. Raises NothingToLearn, LossNotFinite, CheckpointNotWritten and what loading raises."""
    data = frozen(context, run, lambda: _gathered(context, run, recipe))
    learned = list(_learned(run, data))
    if not learned:
        raise NothingToLearn(_nothing(recipe), details={"sources": list(recipe.sources)})
    context.stage("loading the model")
    loaded = load_model(run.base)
    family = Family(run.dataset.family)
    validation = _validation(loaded, run, recipe, data)
    how = optimisation_of(recipe, seed=seed_of(recipe.seed, "sft"))
    packing, texts = packing_of(recipe), [one.example for one in learned]
    epoch = epoch_steps(loaded, texts, how, packing=packing, calculator=uses_calculator(family))
    steps = Length(recipe.epochs, recipe.steps).at(epoch)
    _begin(context, run, learned, fits=packing.fits(loaded.context), loaded=loaded)
    context.stage("training", total=steps)
    result = sft(
        loaded,
        texts,
        how,
        steps=steps,
        packing=packing,
        calculator=uses_calculator(family),
        watch=JobWatch(context, save_every=recipe.save_every),
        saving=Saving(context.folder / "training", recipe.save_every),
        selection=None if validation is None else Selection(recipe.validate_every or steps, validation),
    )
    metrics: dict[str, Any] = {
        "loss": result.trained.final_loss,
        "examples": result.examples,
        "too_long": len(result.too_long),
        "steps": steps,
        "best_step": result.trained.best_step or steps,
    }
    if result.trained.best_score is not None:
        metrics["validation_loss"] = -result.trained.best_score
    samples: list[dict[str, Any]] = []
    if data.validation:
        asked = [(question_of(family, one), one) for one in questions_at(data.validation)]
        examined = examine(context, loaded, FamilyTask(), asked)
        metrics |= examined.metrics
        samples = examined.samples
        with context.writing():
            RunFact.objects.update_or_create(
                run=run, name=RESULTS, defaults={"facts": {"validation": examined.results}}
            )
    checkpoints.save(context, run, loaded, "best", step=metrics["best_step"], metrics=metrics)
    _end(context, run, steps, metrics, samples)
    checkpoints.register(context, run, {"best": ""})
    return metrics


def _gathered(context: JobContext, run: TrainingRun, recipe: Sft) -> RunData:
    """The same as `gather`, and in the log which votes it was chosen by."""
    data = gather(run, recipe)
    if recipe.studies:
        votes = counted_votes(run.studies.all(), raters=recipe.raters)
        chosen = (
            f"{len(data.retries)} corrections"
            if recipe.learn == "retries"
            else f"{len(data.rationales)} rationales"
        )
        context.log(f"{chosen} by {votes} ratings of {recipe.raters} raters in {', '.join(recipe.studies)}.")
    return data


def gather(run: TrainingRun, recipe: Sft) -> RunData:
    """What the run learns from, as the database has it now."""
    hashed, data = ContentHash(), RunData()
    if recipe.learn == "retries":
        studies = list(run.studies.order_by("name"))
        data.retries = gathered_retries(run.dataset, studies, recipe)
        if data.retries and recipe.with_solutions:
            data.rationales = solutions_beside(run.dataset, studies, recipe)
        hashed.add("retry", retry_contents(data.retries))
        hashed.add("rationale", rationale_contents(data.rationales))
    elif recipe.from_run:
        data.examples = list(kept_examples(recipe.from_run, run.dataset).values_list("pk", flat=True))
        kept = TrainingExample.objects.filter(pk__in=data.examples).order_by("pk")
        hashed.add("example", kept.values_list("training_prompt", "completion"))
    elif recipe.learn == "answers":
        asked = [one for one in split_questions(run.dataset, recipe.split) if one.gold]
        data.questions = [one.revision for one in asked]
        hashed.add("question", ([one.id, one.digest] for one in asked))
    else:
        data.rationales = _chosen(run, recipe)
        hashed.add("rationale", rationale_contents(data.rationales))
    if recipe.validation_split:
        questions = split_questions(run.dataset, recipe.validation_split)
        some = drawn(questions, recipe.validation_questions, seed=recipe.seed, purpose="validation")
        data.validation = [one.revision for one in some]
        hashed.add("validation", ([one.id, one.digest] for one in some))
    if recipe.validation_split and recipe.learn != "answers":
        wanted = {one.question for one in some}
        # The sources of retries are of what is wrong.
        sources = recipe.sources if recipe.learn == "rationales" else ()
        solved = learnable(run.dataset, recipe.validation_split, sources)
        data.validation_rationales = [
            one.pk for one in solved.only("pk", "question") if one.question_id in wanted
        ]
        hashed.add("validation_rationale", rationale_contents(data.validation_rationales))
    data.content = hashed.hexdigest()
    return data


def _chosen(run: TrainingRun, recipe: Sft) -> list[int]:
    studies = list(run.studies.order_by("name"))
    found = list(learnable(run.dataset, recipe.split, recipe.sources, studies).values_list("pk", flat=True))
    if studies:
        liked = preferred(found, studies, raters=recipe.raters)
        found = [pk for pk in found if pk in liked]
    return found


def _learned(run: TrainingRun, data: RunData) -> Iterable[Learned]:
    """The examples in the frozen order."""
    if data.examples:
        found = TrainingExample.objects.in_bulk(data.examples)
        yield from (_again(run, found[pk]) for pk in data.examples)
        return
    for example, row in retry_rows(run, data.retries, data.grades):
        yield Learned(example, row)
    if data.questions:
        family = Family(run.dataset.family)
        for asking in questions_at(data.questions):
            example = direct_example(family, asking)
            yield Learned(example, answer_row(run, asking, example))
        return
    samples = Counter[int]()
    for rationale, example in examples_of(Family(run.dataset.family), data.rationales, data.grades):
        yield Learned(example, _row(run, rationale, example, samples[rationale.question_id]))
        samples[rationale.question_id] += 1


def _row(run: TrainingRun, rationale: Rationale, example: Example, sample: int) -> TrainingExample:
    return TrainingExample(
        run=run,
        iteration=1,
        origin=Origin.SFT,
        question_id=rationale.question_id,
        revision_id=rationale.revision_id,
        sample=sample,
        training_prompt=example.prompt,
        completion=example.completion,
        answer=rationale.answer,
        verdict=rationale.verdict,
        fate=Fate.KEPT,
        rationale=rationale,
    )


def _again(run: TrainingRun, kept: TrainingExample) -> Learned:
    """An example of an earlier run: the same, in this run."""
    example = Example(kept.training_prompt, kept.completion)
    kept.pk, kept.run, kept.iteration = None, run, 1
    kept.prefix, kept.own_prompt = None, ""
    kept._state.adding = True
    return Learned(example, kept)


def _begin(
    context: JobContext, run: TrainingRun, learned: Sequence[Learned], *, loaded: LoadedModel, fits: int
) -> None:
    """Stores the examples once, those that do not fit marked so."""
    examples = [one.example for one in learned]
    calculator = uses_calculator(Family(run.dataset.family))
    too_long = set(encode_all(loaded.tokenizer, examples, context=fits, calculator=calculator)[1])
    for place in too_long:
        learned[place].row.fate = Fate.TOO_LONG
    stored = run.examples.count()
    if stored < len(learned):
        for part in chunks(learned, _CHUNK):
            with context.writing():
                TrainingExample.objects.bulk_create((one.row for one in part), ignore_conflicts=True)
    counts = {"examples": len(learned), "kept": len(learned) - len(too_long), "too_long": len(too_long)}
    retries = sum(one.row.origin == Origin.RETRY for one in learned)
    counts |= {"retries": retries, "solutions": len(learned) - retries} if retries else {}
    with context.writing():
        Iteration.objects.update_or_create(
            run=run, number=1, defaults={"stage": "training", "counts": counts}
        )


def _end(
    context: JobContext,
    run: TrainingRun,
    steps: int,
    metrics: dict[str, Any],
    samples: list[dict[str, Any]],
) -> None:
    with context.writing():
        Iteration.objects.filter(run=run, number=1).update(
            stage="done", steps=steps, metrics=metrics, samples=samples, finished_at=timezone.now()
        )


def _validation(loaded: LoadedModel, run: TrainingRun, recipe: Sft, data: RunData) -> Any:
    """The score that decides which step is kept: minus the loss on the held-out texts; None without any."""
    family = Family(run.dataset.family)
    if recipe.learn == "answers":
        examples = [direct_example(family, one) for one in questions_at(data.validation) if one.gold]
    else:
        examples = [example for _, example in examples_of(family, data.validation_rationales, data.grades)]
    rows, _ = encode_all(
        loaded.tokenizer, examples, context=loaded.context, calculator=uses_calculator(family)
    )
    if not rows:
        return None
    tokens = sum(int(row.learned.sum()) for row in rows)
    return lambda: float(np.sum(score_rows(loaded, rows))) / tokens


def _nothing(recipe: Sft) -> str:
    if recipe.learn == "retries":
        return (
            f"No wrong solution in split {recipe.split!r} has a step that is known to be wrong and a solution to go on"
            " with from there."
        )
    if recipe.studies:
        return f"The {recipe.raters} raters of {', '.join(recipe.studies)} preferred none of the rationales."
    return "There is no rationale to learn from."
