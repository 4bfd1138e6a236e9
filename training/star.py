"""STaR: bootstrapping reasoning with reasoning (Zelikman, Wu, Mu and Goodman 2022), Algorithm 2.

    M_0 = M
    for n in 1 … N:
        (r_i, y_i)     from M_(n-1), few-shot prompted, for every question x_i
        (r_i', y_i')   from M_(n-1), prompted with the answer as a hint, for the failed x_i only   (rationalization)
        D_n            the (x_i, r_i) whose y_i is the gold answer
        D_n'           the (x_i, r_i') of failed x_i whose y_i' is the gold answer, the hint stripped
        M_n            M trained on D_n and D_n': from the base, and on the latest iteration's data only

What implementations get wrong (papers.md 1.1) is fixed here by tests: the restart from the base, no data of earlier
iterations, a rationalized solution kept only if it too reaches the answer, a hint that is the final answer and nothing
of a solution, and no hint in what is stored to learn from. Every candidate goes to the store, right or wrong.

Settings beyond the paper are in `training.star_types.Departures`, all off unless asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from generation.registry.loading import LoadedModel
from generation.sampling.local import LocalSampler
from generation.sampling.types import Sampler
from problems.types import Family
from training.advice import Circumstances, nothing_right
from training.batching import Example
from training.collecting import (
    Asking,
    RunWatch,
    StepsFrom,
    Store,
    UnwatchedRun,
    ask_model,
    collect,
    greedy_results,
)
from training.errors import NothingRight, NothingToLearn
from training.fates import kept, outscored, solved_by
from training.loop import Saving
from training.plateau import best_iteration, changes_of, plateau
from training.records import Candidate, Origin, Question, chance_of, seed_of
from training.scoring import score_examples
from training.sft import epoch_steps, sft
from training.star_counts import counts_of
from training.star_extras import copied, put_extras, replayed
from training.star_types import StarIteration, StarResult, StarSettings
from training.stores import MemoryStore
from training.tasks import Task


def star(
    task: Task,
    questions: Sequence[Question],
    base: Callable[[], LoadedModel],
    settings: StarSettings,
    *,
    validation: Sequence[Question] = (),
    store: Store | None = None,
    watch: RunWatch | None = None,
    sampler: Callable[[LoadedModel], Sampler] = LocalSampler,
    joins: Mapping[str, int] | None = None,
    verifier: Callable[[], LoadedModel] | None = None,
) -> StarResult:
    """Bootstrap `base` on `questions`; M_n is stored as "iteration-n".

    base: loads M anew at every call. validation: questions to measure each M_n on, never learned from.
    joins: from which iteration on a question is asked, by its key, for those that are not asked from the first on: the
    paper's figure 5 adds longer sums at iteration 20. verifier: what `Departures.kept_by` "verifier" asks.
    Called again with the same arguments and store it goes on where it was interrupted.
    Raises NothingToLearn without questions that have answers, NothingRight when a model solves none of them, and all
    that `train` raises.
    """
    joins = joins or {}
    run = _Run(
        task, base, settings, validation, store or MemoryStore(), watch or UnwatchedRun(), sampler, verifier
    )
    _refuse_unanswerable(questions)
    changes = changes_of(settings, {q.key: joins[q.key] for q in questions if q.key in joins})
    iterations = [run.measure_base()]
    for n in range(1, settings.iterations + 1):
        run.joined = 0 if n == 1 else sum(joins.get(q.key) == n for q in questions)
        there = [q for q in questions if joins.get(q.key, 1) <= n]
        asked = run.draw(there, n)
        generated = run.generate(asked, n)
        failed = _unsolved(asked, generated)
        rationalized = run.rationalize(failed, n) if settings.rationalizes_in(n) else []
        candidates = generated + rationalized
        if not any(kept(candidates)):
            raise run.nothing_right(asked, len(there), candidates, iterations)
        examples = run.examples(asked, candidates, n)
        iterations.append(run.fine_tune(asked, generated, rationalized, examples, iterations))
        if why := plateau(iterations, settings, changes):
            return StarResult(iterations, best_iteration(iterations), "plateau", why)
    return StarResult(
        iterations,
        best_iteration(iterations),
        "iterations",
        f"All {settings.iterations} iterations are done.",
    )


def model_name(iteration: int) -> str:
    """Under which M_n is stored."""
    return f"iteration-{iteration}"


class _Run:
    """The parts of the loop, with what they share."""

    def __init__(
        self,
        task: Task,
        base: Callable[[], LoadedModel],
        settings: StarSettings,
        validation: Sequence[Question],
        store: Store,
        watch: RunWatch,
        sampler: Callable[[LoadedModel], Sampler],
        verifier: Callable[[], LoadedModel] | None,
    ) -> None:
        if settings.departures.kept_by == "verifier" and verifier is None:
            raise ValueError('verifier: None; expected a model, which kept_by "verifier" asks')
        self.task, self.base, self.settings, self.validation = task, base, settings, validation
        self.store, self.watch, self.sampler, self._load_verifier = store, watch, sampler, verifier
        self._verifier: LoadedModel | None = None
        #: Questions that joined in the iteration at hand.
        self.joined = 0
        #: (n, M_n): the model at hand.
        self._at_hand: tuple[int, LoadedModel] | None = None
        #: What each iteration kept to learn from, for `data_of_iterations`.
        self._data: list[list[Example]] = []
        #: What the iteration at hand learns from beside it: copies with the hint, and what is replayed.
        self._extras: list[Candidate] = []

    def model(self, n: int) -> LoadedModel:
        """M_n; M_0 is the base."""
        if self._at_hand is None or self._at_hand[0] != n:
            self._at_hand = None  # two large models at once would not fit
            stored = self.base() if n == 0 else self.store.model(model_name(n))
            assert stored is not None, f"M_{n} is asked for before it was trained"
            self._at_hand = (n, stored)
        return self._at_hand[1]

    def measure_base(self) -> StarIteration:
        facts = self.store.facts(model_name(0))
        if facts is None:
            report = StarIteration(number=0, **self._validate(0))
            facts = asdict(report)
            self.store.put_facts(model_name(0), facts)
        return StarIteration(**facts)

    def draw(self, questions: Sequence[Question], n: int) -> list[Question]:
        """The questions of iteration n: all, or so many as the settings say, drawn without replacement."""
        if not questions:
            raise NothingToLearn(
                f"No question has joined by iteration {n}; some must be there from the first on."
            )
        count = self.settings.questions_per_iteration
        if not count or count >= len(questions):
            return list(questions)
        ranks = {q.key: seed_of(self.settings.seed, "draw", n, q.key) for q in questions}
        return sorted(questions, key=lambda q: ranks[q.key])[:count]

    def generate(self, asked: Sequence[Question], n: int) -> list[Candidate]:
        """Rationale generation: every question, without a hint, by M_(n-1)."""
        return self._ask(asked, n, self._asking(n, Origin.FEW_SHOT), "generating")

    def rationalize(self, failed: Sequence[Question], n: int) -> list[Candidate]:
        """Rationalization: the failed questions once more, with their answers as hints."""
        share = self.settings.share_rationalized
        chosen = [q for q in failed if chance_of(self.settings.seed, "rationalize", n, q.key) < share]
        return self._ask(chosen, n, self._asking(n, Origin.RATIONALIZED), "rationalizing")

    def examples(self, asked: Sequence[Question], candidates: Sequence[Candidate], n: int) -> list[Example]:
        """D_n and D_n', not both empty, and what the departures add to them."""
        chosen = list(kept(candidates))
        extra, seed = self.settings.departures, self.settings.seed
        questions = {question.key: question for question in asked}
        again = [c for c in chosen if chance_of(seed, "copy", n, c.question, c.sample) < extra.hinted_copies]
        copies = copied(again, lambda key: self.task.ask(questions[key], hint=True))
        self._data.append([_example(c) for c in (*chosen, *copies)])
        recent = self._data[-extra.data_of_iterations :] if extra.data_of_iterations else self._data
        whole = list(dict.fromkeys(example for part in recent for example in part))
        mixed_in = replayed(extra.replay, extra.replay_per_iteration, seed=seed, iteration=n)
        self._extras = [*copies, *mixed_in]
        return whole + [_example(c) for c in mixed_in]

    def nothing_right(
        self,
        asked: Sequence[Question],
        there: int,
        candidates: Sequence[Candidate],
        before: Sequence[StarIteration],
    ) -> NothingRight:
        """Why D_n and D_n' are both empty, as far as it can be told."""
        n = len(before)
        return nothing_right(
            candidates,
            Circumstances(
                iteration=n,
                asked=len(asked),
                of=there,
                accuracies=[one.accuracy for one in before],
                shots=self._asking(n, Origin.FEW_SHOT).with_shots,
                more="" if self.settings.rationalizes_in(n) else "; or turn rationalization on",
            ),
        )

    def fine_tune(
        self,
        asked: Sequence[Question],
        generated: Sequence[Candidate],
        rationalized: Sequence[Candidate],
        examples: Sequence[Example],
        before: Sequence[StarIteration],
    ) -> StarIteration:
        """M_n: the base, trained on this iteration's data."""
        n = len(before)
        facts = self.store.facts(model_name(n))
        if facts is not None:
            return StarIteration(**facts)
        how, seed = self.settings.how, seed_of(self.settings.seed, "train", n) % 2**32
        loaded = self.model(n - 1 if self.settings.departures.continue_training else 0)
        packing, calculator = self.settings.packing, self.settings.sampling.calculator
        epoch = epoch_steps(loaded, examples, how, packing=packing, calculator=calculator)
        steps = self.settings.ladder.steps(n, steps_per_epoch=epoch)
        steps_before = sum(report.steps for report in before)
        extras = put_extras(
            self.store, n, self._extras, loaded, fits=packing.fits(loaded.context), calculator=calculator
        )
        self._at_hand = None  # it is about to become another model
        folder = self.store.training_folder(model_name(n))
        self.watch.stage(f"iteration {n}: training", 0, steps)
        result = sft(
            loaded,
            examples,
            replace(how, seed=seed),
            steps=steps,
            calculator=calculator,
            packing=packing,
            watch=StepsFrom(self.watch, steps_before),
            saving=None if folder is None else Saving(folder, self.settings.save_every),
        )
        self._at_hand = (n, loaded)
        report = StarIteration(
            number=n,
            joined=self.joined,
            **counts_of(asked, generated, rationalized, extras),
            examples=result.examples,
            too_long=len(result.too_long),
            steps=steps,
            steps_before=steps_before,
            loss=result.trained.final_loss,
            **self._validate(n),
        )
        self.store.put_model(model_name(n), loaded, asdict(report))
        return report

    def _asking(self, n: int, origin: Origin) -> Asking:
        settings = self.settings
        with_shots = settings.shots == "always" or (settings.shots == "first_iteration" and n == 1)
        return Asking(
            round=n,
            origin=origin,
            settings=settings.sampling,
            samples=settings.samples,
            hint=origin is Origin.RATIONALIZED,
            with_shots=with_shots,
            shots_in_training=settings.shots_in_training,
            hint_left_in=settings.hint_left_in,
            valid_only=settings.departures.kept_by == "trace",
            seed=settings.seed,
        )

    def _ask(self, questions: Sequence[Question], n: int, asking: Asking, doing: str) -> list[Candidate]:
        def ask(batch: Sequence[Question]) -> list[Candidate]:
            loaded = self.model(n - 1)
            found = ask_model(loaded, self.sampler(loaded), self.task, batch, asking)
            departures = self.settings.departures
            if departures.kept_by != "verifier":
                return found
            asked = {question.key: question for question in batch}
            return outscored(
                found,
                lambda right: self._scores(asked, right),
                share=departures.verifier_share,
                above=departures.verifier_above,
            )

        return collect(
            questions,
            asking,
            ask,
            batch_size=self.settings.batch_questions,
            store=self.store,
            watch=self.watch,
            stage=f"iteration {n}: {doing}",
        )

    def _scores(self, asked: Mapping[str, Question], candidates: Sequence[Candidate]) -> list[float]:
        """The verifier's log-likelihood of each completion behind its question, without shots and hints."""
        if self._verifier is None:
            assert self._load_verifier is not None
            self._verifier = self._load_verifier()
        examples = [Example(self.task.ask(asked[c.question], hint=False), c.text) for c in candidates]
        calculator = self.settings.sampling.calculator
        return score_examples(self._verifier, examples, calculator=calculator, watch=self.watch)

    def _validate(self, n: int) -> dict[str, Any]:
        """Greedy accuracy of M_n, asked as the next iteration would ask it."""
        if not self.validation:
            return {}
        results = greedy_results(
            self.model(n),
            self.sampler,
            self.task,
            self.validation,
            self.settings.sampling,
            with_shots=self._asking(n + 1, Origin.FEW_SHOT).with_shots,
            batch_size=self.settings.batch_questions,
            watch=self.watch,
            stage=f"iteration {n}: validating",
        )
        return {"accuracy": sum(results.values()) / len(results), "validation": results}


def _refuse_unanswerable(questions: Sequence[Question]) -> None:
    if not questions:
        raise NothingToLearn("There is no question to learn from.")
    without = [q.key for q in questions if q.family is Family.OPEN or not q.asked.answer]
    if without:
        raise NothingToLearn(
            f"{len(without)} of {len(questions)} questions have no gold answer, which STaR keeps solutions by.",
            details={"questions": without[:100]},
        )


def _example(candidate: Candidate) -> Example:
    return Example(candidate.training_prompt, candidate.text)


def _unsolved(asked: Sequence[Question], candidates: Sequence[Candidate]) -> list[Question]:
    solved = solved_by(candidates)
    return [question for question in asked if question.key not in solved]
