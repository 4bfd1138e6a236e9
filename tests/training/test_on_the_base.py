"""STaR and V-STaR on addition, from the committed base: the papers' claims in small. About a minute of CPU each."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from generation.prompts.types import Asked
from generation.registry.loading import LoadedModel, load_folder
from generation.sampling.local import LocalSampler
from generation.sampling.types import SamplingSettings
from problems.types import Family, Verdict
from training.batching import Example
from training.collecting import Asking, ask_model
from training.evaluation.report import QuestionCandidates, evaluate_candidates
from training.loop import Optimisation
from training.records import Candidate, Origin, Question
from training.schedule import Schedule, StepLadder
from training.scoring import score_examples
from training.sft import Length
from training.star import star
from training.star_types import StarSettings
from training.stores import MemoryStore
from training.tasks import FamilyTask
from training.vstar import VERIFIER, vstar
from training.vstar_types import VstarSettings

# Minutes where other work shares the machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

BASE = Path(__file__).resolve().parents[2] / "training" / "base" / "tiny"
TASK = FamilyTask()
WARM = SamplingSettings(temperature=0.9, max_new_tokens=110)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def base() -> LoadedModel:
    return load_folder(BASE)


def sums(counts: Mapping[str, int], *, digits: list[int], seed: int) -> dict[str, list[Question]]:
    """Named sets of sums, none of them twice, the numbers of digits in turns."""
    rng, taken = random.Random(seed), set[str]()
    sets: dict[str, list[Question]] = {}
    for name, count in counts.items():
        sets[name] = []
        while len(sets[name]) < count:
            length = digits[len(sets[name]) % len(digits)]
            a, b = (rng.randrange(10 ** (length - 1), 10**length) for _ in "ab")
            if (text := f"{a} + {b}") not in taken:
                taken.add(text)
                sets[name].append(Question(text, Family.ADDITION, Asked(text, answer=str(a + b))))
    return sets


def by_digits(results: Mapping[str, bool]) -> dict[int, float]:
    found: dict[int, list[bool]] = defaultdict(list)
    for question, right in results.items():
        found[len(question.split()[0])].append(right)
    return {digits: sum(rights) / len(rights) for digits, rights in found.items()}


def test_star_raises_accuracy_and_rationalization_reaches_longer_sums_at_once():
    sets = sums({"train": 800, "validation": 200}, digits=[3, 4], seed=0)
    after: dict[bool, dict[int, float]] = {}
    for rationalize in (True, False):
        result = star(
            TASK, sets["train"], base,
            StarSettings(
                how=Optimisation(Schedule(1e-3, 20, "cosine", 0.1), batch_size=24, betas=(0.9, 0.95)),
                sampling=SamplingSettings(max_new_tokens=110), iterations=1, ladder=StepLadder("linear", 120),
                rationalize=rationalize,
            ),
            validation=sets["validation"],
        )  # fmt: skip
        before, first = result.iterations
        assert before.accuracy is not None and first.accuracy is not None
        assert first.accuracy > before.accuracy + 0.1, result.iterations
        after[rationalize] = by_digits(first.validation)
    assert after[True][4] > after[False][4], after


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_verifier_beats_the_majority_and_the_generators_own_choice(seed):
    sets = sums({"train": 1000, "validation": 80, "test": 150}, digits=[3, 4], seed=seed)
    store = MemoryStore()
    vstar(
        TASK, sets["train"], base,
        VstarSettings(
            how=Optimisation(Schedule(1e-3)), length=Length(epochs=1), sampling=WARM, iterations=1, samples=8,
            train_final_generator=False, beta=2.0, pairs_per_question=5, verifier_length=Length(epochs=1),
            verifier_how=Optimisation(Schedule(3e-4, 10, "linear", 0.1, hold=0.5), batch_size=16),
            validation_samples=16, validation_k=(4, 8, 16), validate_every=25, seed=seed,
        ),
        validation=sets["validation"], store=store,
    )  # fmt: skip
    generator, verifier = base(), store.models[VERIFIER]
    candidates = ask_model(
        generator, LocalSampler(generator), TASK, sets["test"],
        Asking(round=99, origin=Origin.FEW_SHOT, settings=WARM, samples=32, seed=seed),
    )  # fmt: skip
    report = evaluate_candidates(graded(candidates, verifier), ks=[1, 2, 4, 8, 16, 32], seed=seed)
    best_of = [report["best_of"]["verifier"][k] for k in ("1", "2", "4", "8", "16", "32")]
    assert best_of == sorted(best_of), report
    for baseline in ("majority", "generator_logprob"):
        for k in ("8", "16", "32"):
            low, _ = report["intervals"]["differences"]["verifier"][baseline][k]
            assert low > 0, report


def graded(candidates: list[Candidate], verifier: LoadedModel) -> list[QuestionCandidates]:
    scores = score_examples(verifier, [Example(c.training_prompt, c.text) for c in candidates])
    found: dict[str, list[tuple[Candidate, float]]] = defaultdict(list)
    for candidate, score in zip(candidates, scores, strict=True):
        found[candidate.question].append((candidate, score))
    return [
        QuestionCandidates(
            correct=[c.grade.verdict is Verdict.CORRECT for c, _ in own],
            answers=[c.grade.answer for c, _ in own],
            scores={
                "generator_logprob": [c.completion.logprob or 0 for c, _ in own],
                "verifier": [s for _, s in own],
            },
        )
        for own in found.values()
    ]
