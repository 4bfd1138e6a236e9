"""V-STaR: training verifiers for self-taught reasoners (Hosseini et al. 2024), section 3.

    D_GEN = D_SFT;  G_SFT = SFT(G_base, D_SFT)
    for t in 1 … T:
        G      SFT(G_base, D_GEN): from the base again, on all that was right so far
        S      k solutions of G for every question, each labelled by its final answer
        D_GEN  grows by what is right in S; D_VER by all of S
    D_pref     pairs of right and wrong solutions of a question, from D_VER and D_SFT
    V          DPO from G_SFT, with G_SFT as the reference: one verifier, trained once, at the end

Unlike STaR, data accumulates, nothing is rationalized, and what is wrong is kept: the verifier learns from it. A
candidate's score is its plain log-likelihood under V (`training.scoring`), not the log-ratio to the reference.

Reading of ours: the generator is trained once more on what the last iteration found (see `train_final_generator`).
Departures, off by default: a verifier that starts from the final generator; people's preferences among the pairs. The
verifier is kept as it was when best-of-k on validation questions was best; pair accuracy goes on rising while
best-of-k falls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from generation.registry.loading import LoadedModel
from generation.sampling.local import LocalSampler
from generation.sampling.types import Sampler
from problems.types import Verdict
from training.advice import Circumstances, nothing_right
from training.batching import Example
from training.collecting import (
    VALIDATION,
    Asking,
    RunWatch,
    StepsFrom,
    Store,
    UnwatchedRun,
    ask_model,
    collect,
    greedy_results,
)
from training.dpo import dpo
from training.errors import NothingToLearn
from training.evaluation.estimators import best_of_k
from training.evaluation.report import GENERATOR, QuestionCandidates, evaluate_candidates
from training.loop import Saving, Selection
from training.pairs import preference_pairs
from training.records import Candidate, Origin, Pair, Question, seed_of
from training.scoring import score_examples
from training.sft import epoch_steps, sft
from training.stores import MemoryStore
from training.tasks import Task
from training.vstar_data import VstarData, counts_of
from training.vstar_types import Solution, VerifierReport, VstarIteration, VstarResult, VstarSettings

VERIFIER = "verifier"


def vstar(
    task: Task,
    questions: Sequence[Question],
    base: Callable[[], LoadedModel],
    settings: VstarSettings,
    *,
    solutions: Sequence[Solution] = (),
    human_pairs: Sequence[Pair] = (),
    validation: Sequence[Question] = (),
    store: Store | None = None,
    watch: RunWatch | None = None,
    sampler: Callable[[LoadedModel], Sampler] = LocalSampler,
) -> VstarResult:
    """Train generators "generator-0" (G_SFT) to "generator-T", and one "verifier"; all are stored.

    base: loads G_base anew at every call. solutions: D_SFT; without any G_SFT is G_base itself. human_pairs: used if
    `settings.human_weight` is above 0. validation: questions to choose the verifier's step on, never learned from.
    Called again with the same arguments and store it goes on where it was interrupted.
    Raises NothingToLearn without questions, or when no question has both right and wrong solutions, NothingRight when
    there is not one right solution, and all that `train` raises.
    """
    run = _Run(task, base, settings, validation, store or MemoryStore(), watch or UnwatchedRun(), sampler)
    if not questions:
        raise NothingToLearn("There is no question to sample solutions of.")
    data = VstarData(solutions, task)
    iterations = [run.train_generator(0, data, [], {})]
    for t in range(1, settings.iterations + 1):
        asked = run.draw(questions, t)
        sampled = run.sample(asked, t, data)
        data.add(asked, sampled)
        if not data.generator:
            raise nothing_right(
                sampled,
                Circumstances(
                    iteration=t,
                    asked=len(asked),
                    of=len(questions),
                    accuracies=[one.accuracy for one in iterations],
                ),
            )
        iterations.append(run.train_generator(t, data, iterations, counts_of(asked, sampled, data)))
    generator = settings.iterations if settings.train_final_generator else settings.iterations - 1
    verifier = run.train_verifier(data, human_pairs, generator, iterations)
    return VstarResult(iterations, generator, verifier)


def generator_name(number: int) -> str:
    """Under which the generator trained after `number` iterations is stored; 0 is G_SFT."""
    return f"generator-{number}"


class _Run:
    """The parts of the loop, with what they share."""

    def __init__(
        self,
        task: Task,
        base: Callable[[], LoadedModel],
        settings: VstarSettings,
        validation: Sequence[Question],
        store: Store,
        watch: RunWatch,
        sampler: Callable[[LoadedModel], Sampler],
    ) -> None:
        self.task, self.base, self.settings, self.validation = task, base, settings, validation
        self.store, self.watch, self.sampler = store, watch, sampler
        #: (number, generator): the model at hand.
        self._at_hand: tuple[int, LoadedModel] | None = None
        self._sft_is_base = False

    def generator(self, number: int) -> LoadedModel:
        """The generator trained after `number` iterations."""
        if self._at_hand is None or self._at_hand[0] != number:
            self._at_hand = None  # two large models at once would not fit
            self._at_hand = (number, self._fresh(number))
        return self._at_hand[1]

    def _fresh(self, number: int) -> LoadedModel:
        """The same, loaded anew, to be trained further."""
        if number == 0 and self._sft_is_base:
            return self.base()
        stored = self.store.model(generator_name(number))
        assert stored is not None, f"generator {number} is asked for before it was trained"
        return stored

    def draw(self, questions: Sequence[Question], t: int) -> list[Question]:
        """The questions of iteration t: all, or so many as the settings say, drawn without replacement."""
        count = self.settings.questions_per_iteration
        if not count or count >= len(questions):
            return list(questions)
        ranks = {q.key: seed_of(self.settings.seed, "draw", t, q.key) for q in questions}
        return sorted(questions, key=lambda q: ranks[q.key])[:count]

    def sample(self, asked: Sequence[Question], t: int, data: VstarData) -> list[Candidate]:
        """S: k solutions of each question, from the generator of the iteration before."""
        earlier = {key: tuple(texts) for key, texts in data.generator.items()}
        asking = self._asking(t, self.settings.samples, self.settings.correct_per_question)
        return self._ask(asked, asking, t - 1, f"iteration {t}: sampling", earlier)

    def train_generator(
        self, t: int, data: VstarData, before: Sequence[VstarIteration], counts: dict[str, Any]
    ) -> VstarIteration:
        """G: the base, trained on all of D_GEN. Its report also tells what iteration t sampled."""
        facts = self.store.facts(generator_name(t))
        examples = data.examples()
        self._sft_is_base = self._sft_is_base or (t == 0 and not examples)
        if facts is not None:
            return VstarIteration(**facts)
        done = sum(report.steps for report in before)
        untrained = not examples or (
            t == self.settings.iterations and not self.settings.train_final_generator
        )
        if untrained:
            measured = self._measured(self.generator(0), t) if t == 0 else {}
            report = VstarIteration(number=t, **counts, steps_before=done, **measured)
            self.store.put_facts(generator_name(t), asdict(report))
            return report
        self._at_hand = None
        loaded = self.base()
        how, packing = self.settings.how, self.settings.packing
        calculator = self.settings.sampling.calculator
        epoch = epoch_steps(loaded, examples, how, packing=packing, calculator=calculator)
        steps = self.settings.length.at(epoch)
        self.watch.stage(f"generator {t}: training", 0, steps)
        result = sft(
            loaded,
            examples,
            replace(how, seed=seed_of(self.settings.seed, "generator", t) % 2**32),
            steps=steps,
            calculator=calculator,
            packing=packing,
            watch=StepsFrom(self.watch, done),
            saving=self._saving(generator_name(t)),
        )
        self._at_hand = (t, loaded)
        report = VstarIteration(
            number=t,
            **counts,
            examples=result.examples,
            too_long=len(result.too_long),
            steps=steps,
            steps_before=done,
            loss=result.trained.final_loss,
            **self._measured(loaded, t),
        )
        self.store.put_model(generator_name(t), loaded, asdict(report))
        return report

    def train_verifier(
        self,
        data: VstarData,
        human_pairs: Sequence[Pair],
        generator: int,
        iterations: Sequence[VstarIteration],
    ) -> VerifierReport:
        """V: DPO on right against wrong, from and against G_SFT."""
        facts = self.store.facts(VERIFIER)
        if facts is not None:
            return VerifierReport(**facts)
        settings = self.settings
        pairs, human = self._pairs(data), self._weighted(human_pairs)
        if not pairs and not human:
            raise NothingToLearn(
                "No question has both right and wrong solutions to make a pair of; "
                "take more samples, a higher temperature, or questions that are neither too easy nor too hard.",
                details={"right": len(data.right), "wrong": len(data.wrong)},
            )
        candidates = self._validation_candidates(generator)
        self._at_hand = None
        verifier = self._fresh(0 if settings.verifier_from == "sft" else generator)
        done = sum(report.steps for report in iterations)
        steps = settings.verifier_length.of(len(pairs) + len(human), settings.verifier_how)
        self.watch.stage("verifier: training", 0, steps)
        result = dpo(
            verifier,
            [*pairs, *human],
            replace(settings.verifier_how, seed=seed_of(settings.seed, VERIFIER) % 2**32),
            steps=steps,
            beta=settings.beta,
            label_smoothing=settings.label_smoothing,
            calculator=settings.sampling.calculator,
            watch=StepsFrom(self.watch, done),
            saving=self._saving(VERIFIER),
            selection=self._selection(verifier, candidates),
        )
        report = VerifierReport(
            pairs=len(pairs),
            human_pairs=len(human),
            questions=len({pair.question for pair in (*pairs, *human)}),
            too_long=len(result.too_long),
            steps=steps,
            steps_before=done,
            loss=result.trained.final_loss,
            scores={str(step): score for step, score in result.trained.scores.items()},
            best_step=result.trained.best_step,
            validation=self._validate(verifier, candidates),
        )
        self.store.put_model(VERIFIER, verifier, asdict(report))
        return report

    def _pairs(self, data: VstarData) -> list[Pair]:
        settings = self.settings
        return preference_pairs(
            data.prompts,
            data.right,
            data.wrong,
            per_question=settings.pairs_per_question,
            limit=settings.max_pairs,
            seed=settings.seed,
        )

    def _weighted(self, human_pairs: Sequence[Pair]) -> list[Pair]:
        weight = self.settings.human_weight
        return [replace(pair, weight=pair.weight * weight) for pair in human_pairs] if weight else []

    def _validation_candidates(self, generator: int) -> list[Candidate]:
        asking = self._asking(VALIDATION, self.settings.validation_samples, 0)
        return self._ask(self.validation, asking, generator, "verifier: sampling validation questions", {})

    def _selection(self, verifier: LoadedModel, candidates: Sequence[Candidate]) -> Selection | None:
        """Keep the verifier with the best mean best-of-k; None without validation questions."""
        if not candidates:
            return None

        def best_of() -> float:
            questions = _graded(candidates, {VERIFIER: self._scores(verifier, candidates)})
            correct = np.array([question.correct for question in questions])
            scores = np.array([question.scores[VERIFIER] for question in questions])
            means = [best_of_k(correct, scores, k).mean() for k in self.settings.validation_k]
            return float(np.mean(means))

        return Selection(self.settings.validate_every, best_of, name="best_of_k")

    def _validate(self, verifier: LoadedModel, candidates: Sequence[Candidate]) -> dict[str, Any] | None:
        if not candidates:
            return None
        scores = {VERIFIER: self._scores(verifier, candidates)}
        logprobs = [candidate.completion.logprob for candidate in candidates]
        if None not in logprobs:
            scores[GENERATOR] = [value for value in logprobs if value is not None]
        ks = sorted({1, *self.settings.validation_k})
        return evaluate_candidates(_graded(candidates, scores), ks=ks, seed=self.settings.seed)

    def _scores(self, verifier: LoadedModel, candidates: Sequence[Candidate]) -> list[float]:
        examples = [Example(candidate.training_prompt, candidate.text) for candidate in candidates]
        return score_examples(
            verifier, examples, calculator=self.settings.sampling.calculator, watch=self.watch
        )

    def _measured(self, loaded: LoadedModel, t: int) -> dict[str, Any]:
        """Greedy accuracy on the validation questions, and which of them are right; {} without any."""
        if not self.validation:
            return {}
        results = greedy_results(
            loaded,
            self.sampler,
            self.task,
            self.validation,
            self.settings.sampling,
            with_shots=False,
            batch_size=self.settings.batch_questions,
            watch=self.watch,
            stage=f"generator {t}: validating",
        )
        return {"accuracy": sum(results.values()) / len(results), "validation": results}

    def _asking(self, round: int, samples: int, limit: int) -> Asking:
        return Asking(
            round=round,
            origin=Origin.FEW_SHOT,
            settings=self.settings.sampling,
            samples=samples,
            with_shots=False,
            limit=limit,
            seed=self.settings.seed,
        )

    def _ask(
        self,
        questions: Sequence[Question],
        asking: Asking,
        generator: int,
        stage: str,
        earlier: dict[str, tuple[str, ...]],
    ) -> list[Candidate]:
        def ask(batch: Sequence[Question]) -> list[Candidate]:
            loaded = self.generator(generator)
            return ask_model(loaded, self.sampler(loaded), self.task, batch, asking, earlier=earlier)

        return collect(
            questions,
            asking,
            ask,
            batch_size=self.settings.batch_questions,
            store=self.store,
            watch=self.watch,
            stage=stage,
        )

    def _saving(self, name: str) -> Saving | None:
        folder = self.store.training_folder(name)
        return None if folder is None else Saving(folder, self.settings.save_every)


def _graded(candidates: Sequence[Candidate], scores: dict[str, list[float]]) -> list[QuestionCandidates]:
    """The candidates by question, with each scorer's scores, which come in the candidates' order."""
    places: dict[str, list[int]] = {}
    for place, candidate in enumerate(candidates):
        places.setdefault(candidate.question, []).append(place)
    return [
        QuestionCandidates(
            correct=[candidates[i].grade.verdict is Verdict.CORRECT for i in own],
            answers=[candidates[i].grade.answer for i in own],
            scores={name: [values[i] for i in own] for name, values in scores.items()},
        )
        for own in places.values()
    ]
