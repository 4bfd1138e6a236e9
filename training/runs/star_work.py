"""The work of a STaR run: training.star between the database's questions and its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from generation.prompts import stop_strings, uses_calculator
from generation.registry.opening import load_model
from generation.registry.selectors import get_model
from generation.sampling.types import SamplingSettings
from problems.types import Family
from training.recipes.schema import Star
from training.runs import checkpoints
from training.runs.conditions import Sampling
from training.runs.descending import optimisation_of
from training.runs.examining import SHOWN, examine
from training.runs.fitting import ROOM, fit
from training.runs.freezing import ContentHash, RunData, frozen
from training.runs.groups import GROUPED_BY, accuracy_by_group, group_metrics, groups_of
from training.runs.keeping import Described, RunKeeper
from training.runs.lost_files import forget_lost
from training.runs.models import Iteration, TrainingRun
from training.runs.packing import packing_of
from training.runs.questions import Asking, drawn, questions_at, split_questions
from training.runs.rationales import learnable, rationale_contents
from training.runs.replaying import Replay
from training.runs.sampling import StorableSampler, question_of
from training.runs.shots import choose_shots, shots_by_question
from training.schedule import StepLadder
from training.star import model_name, star
from training.star_types import Departures, StarIteration, StarSettings
from training.tasks import FamilyTask

if TYPE_CHECKING:
    from generation.registry.loading import LoadedModel
    from jobs.context import JobContext
    from training.schedule import Growth
    from training.star_types import KeptBy, Shots


def run_star(context: JobContext, run: TrainingRun, recipe: Star) -> dict[str, Any]:
    """Returns the run's metrics. Raises NothingRight, LossNotFinite, CheckpointNotWritten and what loading raises."""
    data = frozen(context, run, lambda: gather(run, recipe))
    work = _Work(context, run, recipe, data)
    forget_lost(context, run, work.needed())
    work.look_at_base()
    result = star(
        work.task,
        [question_of(work.family, one) for one in work.questions],
        lambda: load_model(run.base),
        work.settings(),
        validation=[question_of(work.family, one) for one in work.validation],
        store=work.keeper,
        watch=work.keeper,
        sampler=partial(StorableSampler, watch=Sampling(context)),
        joins=data.joins,
        verifier=(lambda: load_model(get_model(recipe.verifier))) if recipe.verifier else None,
    )
    context.log(result.explanation)
    trained = result.iterations[1:]
    best = work.best_of(trained)
    kept = {model_name(best): ""}
    if "last" in recipe.keep and trained[-1].number != best:
        kept[model_name(trained[-1].number)] = "last"
    if "all" in recipe.keep:
        kept |= {model_name(one.number): f"iteration-{one.number}" for one in trained if one.number != best}
    checkpoints.register(context, run, kept)
    return {
        "base_accuracy": result.iterations[0].accuracy,
        "accuracy": trained[best - 1].accuracy,
        "accuracy_by_iteration": [one.accuracy for one in result.iterations],
        "best_iteration": best,
        "iterations": len(trained),
        "stopped": result.stopped,
        "explanation": result.explanation,
        "steps": sum(one.steps for one in trained),
    }


class _Work:
    """A run's data as the loop wants them, and what it tells back."""

    def __init__(self, context: JobContext, run: TrainingRun, recipe: Star, data: RunData) -> None:
        self.context, self.run, self.recipe, self.data = context, run, recipe, data
        self.family = Family(run.dataset.family)
        self.questions = questions_at(data.questions)
        self.validation = questions_at(data.validation)
        shots = shots_by_question(self.family, data.shots, data.grades) if data.shots else ()
        self.task = FamilyTask(shots)
        self.replay = Replay(self.family, data.rationales, data.grades)
        self.keeper = RunKeeper(
            context,
            run,
            self.replay.questions | {one.id: one for one in [*self.questions, *self.validation]},
            describe=self.describe,
            look=self.look,
            retire=self.retire,
            save_every=recipe.save_every,
            rationales=self.replay.rationales,
        )
        self._by_id = {one.id: one for one in self.validation}
        self._room = self._fit()

    def _fit(self) -> int:
        """Leaves out what does not fit with hint and few-shot examples; returns the most tokens of a rationale."""
        asked = [question_of(self.family, one) for one in [*self.questions, *self.validation]]
        found = fit(
            self.context,
            self.keeper,
            {one.key: [self.task.shots(one, hint=True) + self.task.ask(one, hint=True)] for one in asked},
            base=lambda: load_model(self.run.base),
            new_tokens=self.recipe.max_new_tokens,
        )
        self.questions = [one for one in self.questions if one.id not in found.left_out]
        self.validation = [one for one in self.validation if one.id not in found.left_out]
        return found.room

    def settings(self) -> StarSettings:
        recipe = self.recipe
        return StarSettings(
            how=optimisation_of(recipe, seed=recipe.seed),
            sampling=self._sampling(),
            iterations=recipe.iterations,
            ladder=StepLadder(
                kind=cast("Growth", recipe.steps_rule),
                first=recipe.first_steps,
                growth=recipe.steps_growth,
                cap=recipe.max_steps or None,
            ),
            rationalize=recipe.rationalize,
            rationalize_from=recipe.rationalize_from,
            share_rationalized=recipe.share_rationalized,
            hint_left_in=recipe.hint_left_in,
            questions_per_iteration=recipe.questions_per_iteration,
            samples=recipe.samples,
            shots=cast("Shots", recipe.shots_when) if recipe.shots else "never",
            shots_in_training=recipe.shots_in_training,
            patience=recipe.patience,
            min_gain=recipe.min_gain,
            packing=packing_of(recipe),
            batch_questions=recipe.batch_questions,
            save_every=recipe.save_every,
            seed=recipe.seed,
            departures=Departures(
                continue_training=recipe.continue_training,
                data_of_iterations=recipe.data_of_iterations,
                hinted_copies=recipe.hinted_copies,
                replay=self.replay.given,
                replay_per_iteration=recipe.replay_per_iteration,
                kept_by=cast("KeptBy", recipe.kept_by),
                verifier_share=recipe.verifier_share,
                verifier_above=recipe.verifier_above or None,
            ),
        )

    def look_at_base(self) -> None:
        """What the base answers to the few questions, before anything is trained."""
        if not self.validation or Iteration.objects.filter(run=self.run, number=0).exists():
            return
        self.context.stage("loading the model")
        samples = self.look(load_model(self.run.base))
        with self.context.writing():
            Iteration.objects.get_or_create(run=self.run, number=0, defaults={"samples": samples})

    def look(self, loaded: LoadedModel) -> list[dict[str, Any]]:
        shown = self.validation[:SHOWN]
        if not shown:
            return []
        return examine(
            self.context, loaded, self.task, [(question_of(self.family, one), one) for one in shown]
        ).samples

    def describe(self, name: str, facts: Mapping[str, Any]) -> Described | None:
        if name == ROOM:
            return None
        one = StarIteration(**facts)
        accuracy = {} if one.accuracy is None else {"accuracy": one.accuracy}
        counted = {"solved": one.solved, "rationalized": one.rationalized, "failed": one.failed}
        groups = accuracy_by_group(one.validation, self.data.groups)
        unit = GROUPED_BY.get(self.family, "")
        points = {f"held-out accuracy/{group} {unit}": share for group, share in groups.items()}
        if one.accuracy is not None:
            points |= {"held-out accuracy/all": one.accuracy}
        if one.number:
            points |= {f"questions/{name}": float(count) for name, count in counted.items()}
        return Described(
            iteration=one.number,
            steps=one.steps,
            steps_so_far=one.steps_before + one.steps,
            counts={
                "questions": one.questions,
                "joined": one.joined,
                **counted,
                "kept": one.kept,
                "invalid_trace": one.invalid_trace,
                "unparsable": one.unparsable,
                "examples": one.examples,
                "replayed": one.replayed,
                "copies": one.copies,
                "too_long": one.too_long,
            }
            if one.number
            else {},
            metrics={
                **accuracy,
                "loss": one.loss,
                **group_metrics(self.family, groups),
                "valid_traces": one.valid_traces,
            },
            points=points,
        )

    def retire(self, name: str) -> None:
        """After a model is stored: those that are not needed."""
        checkpoints.drop(self.run, {model_name(one.number) for one in self._stored()} - self.needed())

    def needed(self) -> set[str]:
        """Of the stored models the best so far and the newest, and the others only if all are kept."""
        stored = self._stored()
        if not stored or "all" in self.recipe.keep:
            return {model_name(one.number) for one in stored}
        return {model_name(self.best_of(stored)), model_name(stored[-1].number)}

    def _stored(self) -> list[StarIteration]:
        facts = self.run.facts.exclude(name__in=[ROOM, model_name(0)]).values_list("facts", flat=True)
        return sorted((StarIteration(**one) for one in facts), key=lambda one: one.number)

    def best_of(self, trained: Sequence[StarIteration]) -> int:
        """The trained iteration with the highest accuracy, the earliest of equals; the last where none was measured."""
        measured = [(one.accuracy, -one.number) for one in trained if one.accuracy is not None]
        return -max(measured)[1] if measured else trained[-1].number

    def _sampling(self) -> SamplingSettings:
        recipe = self.recipe
        return SamplingSettings(
            temperature=recipe.temperature,
            top_p=recipe.top_p,
            max_new_tokens=self._room,
            stop=stop_strings(self.family),
            calculator=uses_calculator(self.family),
        )


def gather(run: TrainingRun, recipe: Star) -> RunData:
    """What the run learns from, as the database has it now."""
    hashed, data, family = ContentHash(), RunData(), Family(run.dataset.family)
    questions = split_questions(run.dataset, recipe.split)
    waiting = split_questions(run.dataset, recipe.later_split) if recipe.later_split else []
    validation: list[Asking] = []
    if recipe.validation_split:
        everything = split_questions(run.dataset, recipe.validation_split)
        validation = drawn(everything, recipe.validation_questions, seed=recipe.seed, purpose="validation")
    groups = groups_of(family, questions) if recipe.later_groups else {}
    waiting_ids = [one.id for one in questions if groups.get(one.id) in recipe.later_groups]
    data.joins = dict.fromkeys([*waiting_ids, *(one.id for one in waiting)], recipe.later_from)
    questions = sorted([*questions, *waiting], key=lambda one: one.id)
    data.questions = [one.revision for one in questions]
    data.groups = groups_of(family, validation)
    data.validation = [one.revision for one in validation]
    data.shots = choose_shots(run.dataset, recipe.shots, seed=recipe.seed)
    if recipe.replay_per_iteration:
        data.rationales = list(learnable(run.dataset, recipe.replay_split).values_list("pk", flat=True))
    hashed.add("question", ([one.id, one.digest] for one in questions))
    hashed.add("validation", ([one.id, one.digest] for one in validation))
    hashed.add("shot", rationale_contents(data.shots))
    hashed.add("replay", rationale_contents(data.rationales))
    hashed.add("joins", sorted(data.joins.items()))
    if recipe.verifier:
        hashed.add("verifier", [get_model(recipe.verifier).digest])
    data.content = hashed.hexdigest()
    return data
