"""Gold answers as texts to learn from: the papers' direct fine-tuning, without a rationale."""

from __future__ import annotations

from generation.prompts import build_prompt, direct_completion
from problems.types import Family, Verdict
from training.batching import Example
from training.runs.models import Fate, Origin, TrainingExample, TrainingRun
from training.runs.questions import Asking


def direct_example(family: Family, asking: Asking) -> Example:
    return Example(build_prompt(family, asking.asked), direct_completion(family, asking.asked))


def answer_row(run: TrainingRun, asking: Asking, example: Example) -> TrainingExample:
    """The example as it is stored: of no rationale, since nobody wrote one."""
    return TrainingExample(
        run=run,
        iteration=1,
        origin=Origin.SFT,
        question_id=asking.question,
        revision_id=asking.revision,
        training_prompt=example.prompt,
        completion=example.completion,
        answer=asking.gold or "",
        verdict=Verdict.CORRECT,
        fate=Fate.KEPT,
    )
