"""What to do when a model solves not one question (papers.md 1.8: it needs skill above chance), or none any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from training.errors import NothingRight
from training.records import Candidate, Fate

#: That so few questions hold none that is solved is called likely above this chance, by the accuracy on others.
BY_CHANCE = 0.01
#: Where no accuracy was measured: so few are called few.
FEW = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """iteration: the one that kept nothing. asked: questions that it drew, of so many. accuracies: on the validation
    questions, of the base and of each model after it; None where nothing was measured. shots: whether worked examples
    stood before the questions. more: what else the algorithm can turn on, in words.
    """

    iteration: int
    asked: int
    of: int
    accuracies: Sequence[float | None] = ()
    shots: bool = False
    more: str = ""

    @property
    def accuracy(self) -> float | None:
        """Of the model that solved nothing."""
        return self.accuracies[-1] if self.accuracies else None

    @property
    def drew_few(self) -> bool:
        """Whether other questions would likely have been solved: fewer than all were drawn, and no more than chance
        explains."""
        if self.asked >= self.of:
            return False
        if self.accuracy is None:
            return self.asked < FEW
        return self.accuracy > 0 and (1 - self.accuracy) ** self.asked > BY_CHANCE

    @property
    def lost_skill(self) -> bool:
        """Whether training made the model worse at the validation questions than the base is."""
        first = self.accuracies[0] if self.accuracies else None
        return self.accuracy is not None and (
            self.accuracy == 0 or (first is not None and self.accuracy < first)
        )


def nothing_right(candidates: Sequence[Candidate], found: Circumstances) -> NothingRight:
    fates = Counter(str(candidate.fate) for candidate in candidates)
    advice = " ".join([*_of_the_model(found), *_of_the_texts(candidates, fates)])
    drawn = (
        f"{found.asked:,} of {found.of:,} questions"
        if found.asked < found.of
        else f"all {found.of:,} questions"
    )
    return NothingRight(
        f"Iteration {found.iteration}: not one of {len(candidates):,} candidates, for {drawn}, could be kept. {advice}",
        details={
            "iteration": found.iteration,
            "candidates": len(candidates),
            "questions": found.asked,
            "drawn_from": found.of,
            "fates": dict(fates),
            **({} if found.accuracy is None else {"accuracy_before": found.accuracy}),
        },
    )


def _of_the_model(found: Circumstances) -> list[str]:
    before = found.iteration - 1
    share = "" if found.accuracy is None else f"{100 * found.accuracy:.1f}%"
    advice = []
    if found.drew_few:
        were = "was" if found.asked == 1 else "were"
        solves = f", and the model solves {share} of the validation questions" if share else ""
        advice.append(
            f"Only {found.asked:,} of {found.of:,} questions {were} drawn{solves}: raise questions_per_iteration."
        )
        if share and not found.lost_skill:
            return advice
    if not before:
        shots = "other worked examples (shots)" if found.shots else "worked examples (shots)"
        return [
            *advice,
            f"Give it {shots}, easier questions, or a base that was trained longer on their format{found.more}.",
        ]
    if share and not found.lost_skill:
        return [
            f"The model of iteration {before} solves {share} of the validation questions, but none of these: look at"
            f" how they differ, and at shots_when{found.more}."
        ]
    solves = f", which solves {share} of the validation questions" if share else ""
    return [
        *advice,
        f"The training of iteration {before} took from the model{solves} what it could do: look at its loss, and"
        f" lower learning_rate or the steps of an iteration, or clip gradients{found.more}.",
    ]


def _of_the_texts(candidates: Sequence[Candidate], fates: Counter[str]) -> list[str]:
    advice = []
    if fates[Fate.INVALID]:
        advice.append(
            f"{fates[Fate.INVALID]} were right by steps that are not: keep by the answer to learn from these."
        )
    if fates[Fate.OUTSCORED]:
        best = max(c.verifier_score for c in candidates if c.verifier_score is not None)
        advice.append(
            f"{fates[Fate.OUTSCORED]} were right; the verifier's best score was {best:.2f}: lower verifier_above."
        )
    if (fates[Fate.UNPARSABLE] + fates[Fate.UNFINISHED]) * 2 > len(candidates):
        advice.append(
            "Most completions had no answer or were cut off: look at the samples and at max_new_tokens."
        )
    return advice
