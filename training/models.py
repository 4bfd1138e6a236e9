"""One app label for all rooms; each room keeps its own models."""

from training.figures.models import FigureRecord
from training.runs.models import (
    Checkpoint,
    Evaluation,
    ExampleBatch,
    Iteration,
    Measurement,
    PreferencePair,
    PromptPrefix,
    RunFact,
    Sample,
    SampleScore,
    SampleSet,
    TrainingExample,
    TrainingRun,
)

__all__ = [
    "Checkpoint",
    "Evaluation",
    "ExampleBatch",
    "FigureRecord",
    "Iteration",
    "Measurement",
    "PreferencePair",
    "PromptPrefix",
    "RunFact",
    "Sample",
    "SampleScore",
    "SampleSet",
    "TrainingExample",
    "TrainingRun",
]
