"""The demo's loop, live: what a researcher launches from the pages, by the same services, done by the worker.

Base -> STaR -> candidates of both beside the written rationales -> a study with simulated votes -> its results -> a
verifier from the preferences -> best-of-k. Each step is skipped where it was done already, so that a demo that was
stopped goes on. `tools/demo.py` runs this in the demo's environment, in a process of its own.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from jobs.models import Job

DATASET = "made-word-problems"
BASE = "tiny-base"
BASE_SOURCE = "base"
STAR = "star-1"
VERIFIER = "preferences-1"
RATED_STUDY = "base-star-written"
OPEN_STUDY = "base-star-written-open"
QUESTIONS = 500
SAMPLES = 4
#: What simulated raters add to a text's utility for each step that says in words what it computes.
TASTE = 0.9


class LoopFailed(RuntimeError):
    """A job of the loop ended otherwise than finished."""


def say(line: str) -> None:
    print(line, flush=True)


def wait_for(jobs: Sequence[Job]) -> None:
    """Returns when all are finished. Raises LoopFailed when one ends otherwise."""
    from jobs.models import Job

    while True:
        states = dict(Job.objects.filter(pk__in=[job.pk for job in jobs]).values_list("pk", "state"))
        for pk, state in states.items():
            if state in (Job.State.FAILED, Job.State.CANCELLED):
                error = Job.objects.get(pk=pk).error or {}
                raise LoopFailed(f"job {pk} {state}: {error.get('message', 'no reason given')}")
        if all(state == Job.State.FINISHED for state in states.values()):
            return
        time.sleep(0.3)


def send(jobs: Sequence[Job]) -> None:
    from jobs.tasks import enqueue

    for job in jobs:
        enqueue(job)


def make_questions() -> None:
    from accounts.audit import COMMAND
    from generation.registry.services import ensure_tiny_base
    from ratings.library.making import make_word_problems

    ensure_tiny_base(actor=COMMAND)
    make_word_problems(DATASET, count=QUESTIONS, seed=1, actor=COMMAND)


def sample(model: str, source: str) -> None:
    """Candidates of a model for every question, unless they are there or under way."""
    from accounts.audit import COMMAND
    from generation.runs.models import GenerationRun
    from generation.runs.services import jobs_of, launch_generation
    from generation.runs.spec import GenerationSpec

    run = GenerationRun.objects.filter(source__label=source, dataset__name=DATASET).first()
    if run is None:
        spec = GenerationSpec(dataset=DATASET, model=model, samples=SAMPLES, source=source, seed=1)
        run = launch_generation(spec, actor=COMMAND)
        send(jobs_of(run))
    wait_for(jobs_of(run))


def train(algorithm: str, recipe: str, label: str, **overrides: object) -> None:
    from accounts.audit import COMMAND
    from training.recipes.reader import read_recipe
    from training.runs.launching import launch_training
    from training.runs.models import TrainingRun

    run = TrainingRun.objects.filter(label=label, holds_label=True).first()
    if run is None:
        run = launch_training(read_recipe(algorithm, recipe, overrides), label=label, actor=COMMAND)
        send([run.job])
    wait_for([run.job])


def rate() -> None:
    """One study that simulated raters finish and that is closed, and one with slots left for people."""
    from ratings.studies.models import Study
    from ratings.studies.services import close_study

    if not Study.objects.filter(name=RATED_STUDY).exists():
        make_rated_study(RATED_STUDY, questions=120, ratings_per_triple=3, raters=24)
    if Study.objects.get(name=RATED_STUDY).state == Study.State.OPEN:
        from accounts.audit import COMMAND

        close_study(RATED_STUDY, actor=COMMAND)
    if not Study.objects.filter(name=OPEN_STUDY).exists():
        make_rated_study(OPEN_STUDY, questions=30, ratings_per_triple=3, raters=3, per_rater=10, seed=2)


def make_rated_study(
    name: str,
    *,
    questions: int,
    ratings_per_triple: int,
    raters: int,
    per_rater: int | None = None,
    seed: int = 1,
) -> None:
    from django.db import transaction

    from accounts.audit import COMMAND
    from ratings.crowd.simulation import Simulation, simulate_raters
    from ratings.slots.opening import open_study
    from ratings.studies.design import StudyDesign
    from ratings.studies.errors import TooFewQuestions
    from ratings.studies.services import create_study

    def design(count: int) -> StudyDesign:
        return StudyDesign(
            name=name,
            dataset=DATASET,
            sources=[BASE_SOURCE, STAR, "written"],
            questions=count,
            ratings_per_triple=ratings_per_triple,
            per_rater=per_rater,
            seed=seed,
        )

    # All or nothing: a loop that is stopped here begins the study anew.
    with transaction.atomic():
        try:
            create_study(design(questions), actor=COMMAND)
        except TooFewQuestions as error:
            create_study(design(int(error.details["found"])), actor=COMMAND)
        open_study(name, actor=COMMAND, override="candidates of tiny models, shown as they came")
        votes = Simulation(study=name, raters=raters, seed=seed, explicit_taste=TASTE)
        simulate_raters(votes, actor=COMMAND)


def evaluate() -> None:
    from accounts.audit import COMMAND
    from training.runs.evaluating import EvaluationSpec, launch_evaluation
    from training.runs.measured_models import Evaluation

    found = Evaluation.objects.filter(model__label=STAR, dataset__name=DATASET).first()
    if found is None:
        spec = EvaluationSpec(model=STAR, dataset=DATASET, verifiers=(VERIFIER,), samples=16, seed=1)
        found = launch_evaluation(spec, actor=COMMAND)
        send([found.job])
    wait_for([found.job])


STEPS: list[tuple[str, Callable[[], None]]] = [
    (f"{QUESTIONS} word problems with written rationales", make_questions),
    ("candidates of the committed base", lambda: sample(BASE, BASE_SOURCE)),
    (
        "STaR from the base, two iterations",
        lambda: train("star", "star_word_problems", STAR, dataset=DATASET, base=BASE, iterations=2),
    ),
    ("candidates of the STaR model", lambda: sample(STAR, STAR)),
    ("two studies of base, STaR and written rationales; simulated raters like explicit steps", rate),
    (
        "a verifier from their preferences, by DPO",
        lambda: train(
            "dpo", "dpo", VERIFIER, dataset=DATASET, base=STAR, studies=[RATED_STUDY], raters="simulated"
        ),
    ),
    ("best of k by that verifier", evaluate),
]


def main() -> None:
    django.setup()
    begun = time.monotonic()
    for number, (what, do) in enumerate(STEPS, start=1):
        started = time.monotonic()
        say(f"  {number}/{len(STEPS)} {what} ...")
        do()
        say(f"      done in {time.monotonic() - started:.0f} s")
    say(
        f"  The loop is closed ({time.monotonic() - begun:.0f} s): see Models, Runs and the study {RATED_STUDY}."
    )


if __name__ == "__main__":
    try:
        main()
    except LoopFailed as error:
        sys.stderr.write(f"make demo: the loop stopped: {error}\n")
        sys.exit(1)
