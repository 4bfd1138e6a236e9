"""What V-STaR gathers over its iterations: D_GEN, which generators learn from, and D_VER, which the verifier does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from problems.types import Verdict
from training.batching import Example
from training.fates import kept, solved_by
from training.records import Candidate, Fate, Question
from training.tasks import Task
from training.vstar_types import Solution


class VstarData:
    """D_GEN and D_VER, growing: solutions by question, in the order they came."""

    def __init__(self, solutions: Sequence[Solution], task: Task) -> None:
        self._task = task
        self.prompts: dict[str, str] = {}
        #: D_GEN: right solutions to learn from, each once.
        self.generator: dict[str, list[str]] = {}
        #: D_VER: all solutions.
        self.right: dict[str, list[str]] = {}
        self.wrong: dict[str, list[str]] = {}
        #: Questions that a generator solved, in any iteration.
        self.solved: set[str] = set()
        for solution in solutions:
            self._ask(solution.question)
            texts = self.generator.setdefault(solution.question.key, [])
            if solution.text not in texts:
                texts.append(solution.text)
                self.right.setdefault(solution.question.key, []).append(solution.text)

    def add(self, asked: Iterable[Question], candidates: Sequence[Candidate]) -> None:
        for question in asked:
            self._ask(question)
        for candidate in kept(candidates):
            self.generator.setdefault(candidate.question, []).append(candidate.text)
        for candidate in candidates:
            # A solution cut off after its answer is neither a right one to prefer nor a wrong one.
            if candidate.fate is not Fate.UNFINISHED:
                correct = candidate.grade.verdict is Verdict.CORRECT
                side = self.right if correct else self.wrong
                side.setdefault(candidate.question, []).append(candidate.text)
        self.solved |= solved_by(candidates)

    def examples(self) -> list[Example]:
        return [Example(self.prompts[key], text) for key, texts in self.generator.items() for text in texts]

    def _ask(self, question: Question) -> None:
        self.prompts.setdefault(question.key, self._task.ask(question, hint=False))


def counts_of(asked: Sequence[Question], sampled: Sequence[Candidate], data: VstarData) -> dict[str, Any]:
    """What an iteration sampled and solved, for its report."""
    right = sum(candidate.grade.verdict is Verdict.CORRECT for candidate in sampled)
    return {
        "questions": len(asked),
        "fates": {str(fate): n for fate, n in Counter(c.fate for c in sampled).items()},
        "sampled_accuracy": right / len(sampled),
        "solved": len(solved_by(sampled)),
        "solved_so_far": len(data.solved),
    }
