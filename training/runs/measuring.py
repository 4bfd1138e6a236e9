"""Measurements: asked for by people, made by a worker, read by every estimate.

One for each model and dataset is enough. What a model's pace is depends on the machine: the newest measurement counts,
and its machine is named beside it.
"""

from __future__ import annotations

from django.db import transaction

from accounts.audit import Actor
from generation.registry.models import LanguageModel
from jobs.models import Job
from jobs.services import create_job
from ratings.library.datasets import get_dataset
from ratings.library.models import Dataset
from training.estimating.figures import Figures
from training.runs.checking import about, ensure_named, trainable_model
from training.runs.measured_models import Measurement

KIND = "measure"


def measure(model: str, dataset: str, *, actor: Actor) -> Measurement:
    """A measurement that waits for a worker; the one that waits or is made already, if there is one.

    Raises UnknownModel, NotTrainable and UnknownDataset, with the field in their details.
    """
    ensure_named([model], actor=actor)
    base = about("base", lambda: trainable_model(model))
    asked = about("dataset", lambda: get_dataset(dataset))
    with transaction.atomic():
        waiting = pending(base, asked)
        if waiting is not None:
            return waiting
        job = create_job(kind=KIND, title=f"How fast {base.label} is on {asked.name}", actor=actor)
        return Measurement.objects.create(model=base, dataset=asked, job=job)


def pending(model: LanguageModel, dataset: Dataset) -> Measurement | None:
    """The one that is on its way."""
    live = [Job.State.QUEUED, Job.State.RUNNING]
    found = Measurement.objects.filter(model=model, dataset=dataset, job__state__in=live)
    return found.select_related("job").first()


def newest(model: LanguageModel, dataset: Dataset) -> Measurement | None:
    """The newest that has figures; "" as host means that it has none."""
    found = Measurement.objects.filter(model=model, dataset=dataset).exclude(host="")
    return found.select_related("job").first()


def failed(model: LanguageModel, dataset: Dataset) -> Measurement | None:
    """The newest of all, if it failed: why there is no estimate."""
    last = Measurement.objects.filter(model=model, dataset=dataset).select_related("job").first()
    return last if last is not None and last.job.state == Job.State.FAILED else None


def figures_of(measurement: Measurement) -> Figures:
    return Figures.from_json(measurement.figures)
