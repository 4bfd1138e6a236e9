"""One app label for all rooms; each room keeps its own models."""

from training.figures.models import FigureRecord
from training.runs.measured_models import Evaluation, Measurement, Sample, SampleScore, SampleSet
from training.runs.models import (
    Checkpoint,
    ExampleBatch,
    Iteration,
    PreferencePair,
    PromptPrefix,
    RunFact,
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
