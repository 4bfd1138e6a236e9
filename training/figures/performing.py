"""A plan from its questions to its figure, in this process; what an earlier call finished is not done again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from accounts.audit import Actor
from generation.runs.shots import draw_shots
from jobs.errors import Interrupted
from jobs.here import run_here
from jobs.models import Job
from ratings.library.datasets import get_dataset
from ratings.library.making import make_addition, make_word_problems
from training.figures.evaluated import TEST, Asked
from training.figures.making import make_figure
from training.figures.models import FigureRecord
from training.figures.planned_bases import PlannedBase
from training.figures.plans import MadeData, Plan, PlannedRun
from training.runs.checking import check_inputs, check_questions, ensure_named
from training.runs.commanding import launched_or_resumed, train_here
from training.runs.evaluating import EvaluationSpec, launch_evaluation
from training.runs.interrupting import interrupted_evaluation
from training.runs.measured_models import Evaluation
from training.runs.models import TrainingRun

#: Told what is done next.
Say = Callable[[str], None]


def perform(plan: Plan, *, actor: Actor, say: Say = lambda words: None) -> FigureRecord:
    """Makes the questions, bases, runs and evaluations that are missing, and the figure.

    Interrupted and called again with the same plan it goes on where it was. Raises what launching, training, evaluating
    and make_figure raise; LabelTaken where a label of the plan belongs to a model or run of another recipe; Interrupted
    for Ctrl-C, which says what is kept.
    """
    at = ""

    def saying(words: str) -> None:
        nonlocal at
        at = words
        say(words)

    try:
        return _performed(plan, actor, saying)
    except Interrupted as error:
        error.details |= {"figure": plan.figure, "at": at}
        raise
    except KeyboardInterrupt:
        raise Interrupted(
            f"Interrupted at {at or 'the beginning'!r}. Questions, bases, runs and evaluations that were done are kept."
            " The same command goes on from there.",
            details={"figure": plan.figure, "at": at},
        ) from None


def _performed(plan: Plan, actor: Actor, say: Say) -> FigureRecord:
    for data in plan.data:
        say(f"questions: {data.dataset}")
        _make(data, actor)
    _check(plan, actor)
    if plan.bases:
        _make_bases(plan.bases, actor, say)
    runs = []
    for place, planned in enumerate(plan.runs, start=1):
        say(f"run {place} of {len(plan.runs)}: {planned.label}")
        done = _done(planned, actor)
        if planned.drawn:
            runs.append(done)
    for spec in _evaluations(plan):
        say(f"evaluation: {spec.model} on {spec.dataset}, {spec.shots} worked examples")
        _evaluated(spec, actor)
    asked = Asked(plan.base_shots) if plan.evaluate else None
    return make_figure(plan.figure, runs, actor=actor, plan=plan.name, asked=asked)


def _make(data: MadeData, actor: Actor) -> None:
    """Makes nothing anew that is there."""
    options: dict[str, Any] = dict(data.options)
    if data.make == "word_problems":
        make_word_problems(data.dataset, actor=actor, **options)
    else:
        make_addition(data.dataset, actor=actor, **options)


def _make_bases(bases: Sequence[PlannedBase], actor: Actor, say: Say) -> None:
    from training.figures.making_bases import made_base  # torch, only where something is trained

    for place, base in enumerate(bases, start=1):
        say(f"base {place} of {len(bases)}: {base.label}")
        made_base(base, actor=actor)


def _check(plan: Plan, actor: Actor) -> None:
    """Every run that is still to be done, before an hour is spent on what comes before it. Raises as launching does."""
    made = {base.label for base in plan.bases} | {run.label for run in plan.runs}
    for planned in plan.runs:
        recipe = planned.recipe.values
        named = {recipe.base, getattr(recipe, "from_run", ""), getattr(recipe, "verifier", "")}
        if _finished(planned) is not None:
            continue
        if named & made:
            check_questions(recipe)
        else:
            ensure_named([recipe.base], actor=actor)
            check_inputs(recipe)
    for shots in plan.base_shots if plan.evaluate else ():
        draw_shots(get_dataset(plan.runs[0].recipe.values.dataset), shots, seed=plan.seeds[0])


def _finished(planned: PlannedRun) -> TrainingRun | None:
    """The run of an earlier call."""
    return TrainingRun.objects.filter(
        label=planned.label,
        holds_label=True,
        recipe_sha256=planned.recipe.sha256,
        job__state=Job.State.FINISHED,
    ).first()


def _done(planned: PlannedRun, actor: Actor) -> TrainingRun:
    """The finished run: of an earlier call on the same data, or done now."""
    job = launched_or_resumed(planned.recipe, label=planned.label, actor=actor)
    if job.state != Job.State.FINISHED:
        train_here(job)
    return TrainingRun.objects.select_related("job", "base", "dataset").get(
        label=planned.label, holds_label=True
    )


def _evaluations(plan: Plan) -> list[EvaluationSpec]:
    """Greedy, on all test questions: every run's model, and the base behind the plan's numbers of worked examples."""
    if not plan.evaluate:
        return []
    specs = []
    for shots in plan.base_shots:
        # Without examples every seed asks the same.
        for seed in plan.seeds if shots else plan.seeds[:1]:
            values = plan.runs[0].recipe.values
            specs.append(_spec(values.base, values.dataset, shots=shots, seed=seed))
    return specs + [_spec(run.label, run.recipe.values.dataset) for run in plan.runs if run.drawn]


def _spec(model: str, dataset: str, *, shots: int = 0, seed: int = 0) -> EvaluationSpec:
    return EvaluationSpec(
        model=model, dataset=dataset, split=TEST, samples=1, temperature=0.0, shots=shots, seed=seed
    )


def _evaluated(spec: EvaluationSpec, actor: Actor) -> None:
    done = Evaluation.objects.filter(
        model__label=spec.model, settings=spec.as_json(), job__state=Job.State.FINISHED
    )
    if not done.exists():
        evaluation = launch_evaluation(spec, actor=actor)
        try:
            run_here(evaluation.job_id, watched=True)
        except KeyboardInterrupt:
            raise interrupted_evaluation(evaluation.job_id) from None
