"""The work of a V-STaR run: training.vstar between the database's questions, votes and its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from generation.prompts import stop_strings, uses_calculator
from generation.registry.opening import load_model
from generation.sampling.types import SamplingSettings
from problems.types import Family
from ratings.studies.services import chunks
from training.recipes.schema import Vstar
from training.records import Pair
from training.runs import checkpoints
from training.runs.agreeing import HeldOut
from training.runs.conditions import Sampling
from training.runs.descending import optimisation_of
from training.runs.examining import SHOWN, examine
from training.runs.fitting import ROOM, fit
from training.runs.freezing import ContentHash, RunData, frozen
from training.runs.groups import accuracy_by_group, group_metrics, groups_of
from training.runs.keeping import VERIFIER, Described, RunKeeper
from training.runs.lost_files import forget_lost
from training.runs.models import Fate, Origin, TrainingExample, TrainingRun
from training.runs.packing import packing_of
from training.runs.pairing import as_pairs, gathered_pairs, sides, store_pairs
from training.runs.questions import Asking, drawn, questions_at, rank, split_questions
from training.runs.rationales import learnable, rationale_contents
from training.runs.sampling import StorableSampler, examples_of, question_of
from training.runs.verifier_pairs import store_verifier_pairs
from training.sft import Length
from training.tasks import FamilyTask
from training.vstar import generator_name, vstar
from training.vstar_types import Solution, VerifierReport, VstarIteration, VstarResult, VstarSettings

if TYPE_CHECKING:
    from generation.registry.loading import LoadedModel
    from jobs.context import JobContext
    from training.vstar_types import InitialVerifier

_CHUNK = 500


def run_vstar(context: JobContext, run: TrainingRun, recipe: Vstar) -> dict[str, Any]:
    """Returns the run's metrics. Raises NothingRight, NothingToLearn, LossNotFinite and what loading raises."""
    data = frozen(context, run, lambda: gather(run, recipe))
    work = _Work(context, run, recipe, data)
    forget_lost(context, run, work.needed())
    work.store_given()
    result = vstar(
        work.task,
        [question_of(work.family, one) for one in work.asked],
        lambda: load_model(run.base),
        work.settings(),
        solutions=work.solutions(),
        human_pairs=work.human_pairs(),
        validation=[question_of(work.family, one) for one in work.validation],
        store=work.keeper,
        watch=work.keeper,
        sampler=partial(StorableSampler, watch=Sampling(context)),
    )
    store_verifier_pairs(context, run, recipe, expected=result.verifier.pairs, after=len(data.pairs))
    agreement = work.agreement()
    checkpoints.register(context, run, work.kept(result))
    return _metrics(result) | ({"held_out": agreement} if agreement else {})


class _Work:
    """A run's data as the loop wants them, and what it tells back."""

    def __init__(self, context: JobContext, run: TrainingRun, recipe: Vstar, data: RunData) -> None:
        self.context, self.run, self.recipe, self.data = context, run, recipe, data
        self.family = Family(run.dataset.family)
        self.questions = questions_at(data.questions)
        self.validation = questions_at(data.validation)
        self.task = FamilyTask()
        self.keeper = RunKeeper(
            context,
            run,
            {one.id: one for one in [*self.questions, *self.validation]},
            describe=self.describe,
            look=self.look,
            retire=self.retire,
            save_every=recipe.save_every,
        )
        self._groups = groups_of(self.family, self.validation)
        self._uses = sides(data.pairs, split=recipe.split, held_out=recipe.held_out_splits)
        self._room = self._fit()

    def _fit(self) -> int:
        """Leaves out what does not fit; returns the most tokens of a solution."""
        asked = [question_of(self.family, one) for one in [*self.questions, *self.validation]]
        found = fit(
            self.context,
            self.keeper,
            {one.key: [self.task.ask(one, hint=False)] for one in asked},
            base=lambda: load_model(self.run.base),
            new_tokens=self.recipe.max_new_tokens,
        )
        self.left_out = found.left_out
        self.validation = [one for one in self.validation if one.id not in found.left_out]
        return found.room

    @property
    def asked(self) -> list[Asking]:
        """The questions that solutions are sampled of; those with given solutions may be others too."""
        return [one for one in self.questions if one.id not in self.left_out]

    def settings(self) -> VstarSettings:
        recipe = self.recipe
        return VstarSettings(
            how=optimisation_of(recipe, seed=recipe.seed),
            length=Length(epochs=recipe.epochs, steps=recipe.steps),
            sampling=self._sampling(),
            verifier_how=optimisation_of(
                recipe,
                seed=recipe.seed,
                learning_rate=recipe.verifier_learning_rate,
                batch_size=recipe.verifier_batch_size,
            ),
            verifier_length=Length(epochs=recipe.verifier_epochs),
            beta=recipe.beta,
            label_smoothing=recipe.label_smoothing,
            iterations=recipe.iterations,
            samples=recipe.samples,
            questions_per_iteration=recipe.questions_per_iteration,
            correct_per_question=recipe.correct_per_question,
            train_final_generator=recipe.train_final_generator,
            pairs_per_question=recipe.pairs_per_question,
            max_pairs=recipe.max_pairs,
            verifier_from=cast("InitialVerifier", recipe.verifier_from),
            human_weight=recipe.human_weight,
            validation_samples=recipe.validation_samples,
            validation_k=recipe.validation_k,
            validate_every=recipe.validate_every,
            packing=packing_of(recipe),
            batch_questions=recipe.batch_questions,
            save_every=recipe.save_every,
            seed=recipe.seed,
        )

    def solutions(self) -> list[Solution]:
        """D_SFT."""
        asked = {one.question: question_of(self.family, one) for one in self.questions}
        return [
            Solution(asked[rationale.question_id], example.completion)
            for rationale, example in examples_of(self.family, self.data.rationales, self.data.grades)
        ]

    def human_pairs(self) -> list[Pair]:
        """Those to learn from; all are stored with their votes, the held-out ones too."""
        store_pairs(self.context, self.run, self.data.pairs, self._uses, weight=self.recipe.human_weight)
        learned = zip(self.data.pairs, self._uses, strict=True)
        return as_pairs(pair for pair, use in learned if use == "train")

    def store_given(self) -> None:
        """D_SFT as rows, before any iteration."""
        if self.run.examples.filter(origin=Origin.SFT).count() == len(self.data.rationales):
            return
        samples = Counter[int]()
        rows = []
        for rationale, example in examples_of(self.family, self.data.rationales, self.data.grades):
            rows.append(
                TrainingExample(
                    run=self.run,
                    iteration=0,
                    origin=Origin.SFT,
                    question_id=rationale.question_id,
                    revision_id=rationale.revision_id,
                    sample=samples[rationale.question_id],
                    training_prompt=example.prompt,
                    completion=example.completion,
                    answer=rationale.answer,
                    verdict=rationale.verdict,
                    fate=Fate.KEPT,
                    rationale=rationale,
                )
            )
            samples[rationale.question_id] += 1
        for part in chunks(rows, _CHUNK):
            with self.context.writing():
                TrainingExample.objects.bulk_create(part, ignore_conflicts=True)

    def look(self, loaded: LoadedModel) -> list[dict[str, Any]]:
        shown = self.validation[:SHOWN]
        if not shown:
            return []
        asked = [(question_of(self.family, one), one) for one in shown]
        return examine(self.context, loaded, self.task, asked).samples

    def describe(self, name: str, facts: Mapping[str, Any]) -> Described | None:
        if name == ROOM:
            return None
        if name == VERIFIER:
            report = VerifierReport(**facts)
            return Described(
                iteration=None,
                steps=report.steps,
                steps_so_far=report.steps_before + report.steps,
                metrics={"pairs": report.pairs, "human_pairs": report.human_pairs, "loss": report.loss},
            )
        one = VstarIteration(**facts)
        points = {
            "held-out accuracy": one.accuracy,
            "right samples": one.sampled_accuracy,
            "questions/solved so far": float(one.solved_so_far) if one.number else None,
        }
        sampled = {"questions": one.questions, "solved": one.solved, "solved so far": one.solved_so_far}
        return Described(
            iteration=one.number,
            steps=one.steps,
            steps_so_far=one.steps_before + one.steps,
            counts={**(sampled if one.number else {}), "examples": one.examples, "too_long": one.too_long},
            metrics={
                "accuracy": one.accuracy,
                **group_metrics(self.family, accuracy_by_group(one.validation, self._groups)),
                "right_samples": one.sampled_accuracy,
                "loss": one.loss,
            },
            points={key: value for key, value in points.items() if value is not None},
        )

    def retire(self, name: str) -> None:
        if name != VERIFIER:
            names = {generator_name(one.number) for one in self._trained()}
            checkpoints.drop(self.run, names - self.needed())

    def needed(self) -> set[str]:
        """Of the generators the first (the reference), the newest and the best; the others only if all are kept."""
        trained = self._trained()
        if not trained or "all" in self.recipe.keep:
            return {generator_name(one.number) for one in trained}
        return {generator_name(number) for number in (0, trained[-1].number, _best(trained).number)}

    def kept(self, result: VstarResult) -> dict[str, str]:
        """Which checkpoints become models, and under which suffix: the verifier is the run's result."""
        trained = self._trained()
        kept = {VERIFIER: ""}
        if any(one.number == result.generator for one in trained):
            kept[generator_name(result.generator)] = "generator"
        if "best" in self.recipe.keep and trained:
            kept.setdefault(generator_name(_best(trained).number), "generator-best")
        if "all" in self.recipe.keep:
            for one in trained:
                kept.setdefault(generator_name(one.number), f"generator-{one.number}")
        return kept

    def agreement(self) -> dict[str, Any]:
        """How often the verifier agrees with votes on held-out questions, by split; {} without any."""
        held_out = {
            split: as_pairs(pair for pair in self.data.pairs if pair["split"] == split)
            for split in self.recipe.held_out_splits
        }
        if not any(held_out.values()):
            return {}
        self.context.stage("scoring held-out votes")
        has_sft = self.run.checkpoints.filter(name=generator_name(0)).exists()
        reference = checkpoints.load(self.run, generator_name(0)) if has_sft else load_model(self.run.base)
        verifier = checkpoints.load(self.run, VERIFIER)
        found = {}
        for split, pairs in held_out.items():
            if pairs:
                calculator = uses_calculator(self.family)
                measured = HeldOut(reference, pairs, calculator=calculator, watch=self.keeper)
                found[split] = measured.report(verifier, seed=self.recipe.seed)
        return found

    def _trained(self) -> list[VstarIteration]:
        """Generators with weights of their own, in their order."""
        names = set(self.run.checkpoints.values_list("name", flat=True))
        facts = self.run.facts.exclude(name__in=[ROOM, VERIFIER]).values_list("name", "facts")
        found = [VstarIteration(**stored) for name, stored in facts if name in names]
        return sorted(found, key=lambda one: one.number)

    def _sampling(self) -> SamplingSettings:
        recipe = self.recipe
        return SamplingSettings(
            temperature=recipe.temperature,
            top_p=recipe.top_p,
            max_new_tokens=self._room,
            stop=stop_strings(self.family),
            calculator=uses_calculator(self.family),
        )


def _best(trained: Sequence[VstarIteration]) -> VstarIteration:
    """The most accurate generator, the earliest of equals; the last where none was measured."""
    measured = [one for one in trained if one.accuracy is not None]
    return max(measured, key=lambda one: (one.accuracy, -one.number)) if measured else trained[-1]


def _metrics(result: VstarResult) -> dict[str, Any]:
    report = result.verifier
    validation = report.validation or {}
    return {
        "accuracy": result.iterations[result.generator].accuracy,
        "base_accuracy": result.iterations[0].accuracy,
        "accuracy_by_iteration": [one.accuracy for one in result.iterations],
        "right_samples_by_iteration": [one.sampled_accuracy for one in result.iterations],
        "generator": result.generator,
        "pairs": report.pairs,
        "human_pairs": report.human_pairs,
        "loss": report.loss,
        "best_step": report.best_step,
        "steps": report.steps_before + report.steps,
        "best_of": validation.get("best_of", {}).get(VERIFIER),
        "majority_at": validation.get("majority_at"),
        "pass_at": validation.get("pass_at"),
        "validation": report.validation,
    }


def gather(run: TrainingRun, recipe: Vstar) -> RunData:
    """What the run learns from, as the database has it now."""
    hashed, data = ContentHash(), RunData()
    questions = split_questions(run.dataset, recipe.split)
    data.questions = [one.revision for one in questions]
    hashed.add("question", ([one.id, one.digest] for one in questions))
    if recipe.validation_split:
        everything = split_questions(run.dataset, recipe.validation_split)
        some = drawn(everything, recipe.validation_questions, seed=recipe.seed, purpose="validation")
        data.validation = [one.revision for one in some]
        hashed.add("validation", ([one.id, one.digest] for one in some))
    if recipe.sources:
        data.rationales = _given(run, recipe)
        hashed.add("rationale", rationale_contents(data.rationales))
    if recipe.human_weight:
        pairs = gathered_pairs(run, raters=recipe.raters, ties=recipe.ties)
        data.pairs = [pair.as_json() for pair in pairs]
        hashed.add("pair", (pair.content for pair in pairs))
    data.content = hashed.hexdigest()
    return data


def _given(run: TrainingRun, recipe: Vstar) -> list[int]:
    """Rationales of the sources, of at most so many questions by the seed."""
    rows = learnable(run.dataset, recipe.split, recipe.sources).values_list("pk", "question__external_id")
    if not recipe.sft_questions:
        return [pk for pk, _ in rows]
    names = sorted({name for _, name in rows}, key=lambda name: (rank(recipe.seed, "sft", name), name))
    chosen = set(names[: recipe.sft_questions])
    return [pk for pk, name in rows if name in chosen]
