"""Fills the demo through the product's services, in one process.

Questions, a closed study with simulated votes, an open one with slots left; then links for people to come in by, as one
JSON line. `tools/demo.py` runs it, in the demo's environment.
"""

from __future__ import annotations

import json
import sys
import time

import django

OPEN_STUDY = "common-sense-1"


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def fill() -> None:
    """Only once: what is there already is left alone."""
    from accounts.audit import COMMAND
    from ratings.library.services import import_questions
    from ratings.studies.models import Study
    from ratings.studies.services import close_study
    from tools.demo import SAMPLES

    if Study.objects.filter(name=OPEN_STUDY).exists():
        return
    say("Questions with three rationales each, written for this project ...")
    for name, family in (("word_problems", "gsm8k"), ("commonsense", "commonsenseqa")):
        import_questions(
            SAMPLES / f"{name}.jsonl",
            format="jsonl",
            family=family,
            dataset=name.replace("_", "-"),
            actor=COMMAND,
        )
    say("A closed study, rated by simulated raters who like explicit steps, three of them careless ...")
    make_study(
        "word-problems-1",
        "word-problems",
        questions=40,
        ratings_per_triple=4,
        raters=16,
        careless=3,
        per_rater=10,
        quality={"checks": 1, "degraded": 3, "repeats": 1},
    )
    close_study("word-problems-1", actor=COMMAND)
    say("An open study, partly rated, with slots left for you ...")
    make_study(
        OPEN_STUDY,
        "commonsense",
        questions=30,
        ratings_per_triple=4,
        raters=4,
        per_rater=10,
        form={
            "reasons": ["no_justification", "begs_the_question", "wrong_step", "red_herring"],
            "first_wrong_step": True,
            "doubts": True,
        },
    )


def make_study(
    name: str,
    dataset: str,
    *,
    questions: int,
    ratings_per_triple: int,
    raters: int,
    careless: int = 0,
    per_rater: int | None = None,
    form: dict[str, object] | None = None,
    quality: dict[str, object] | None = None,
) -> None:
    """An open study that simulated raters have rated as far as they go."""
    from accounts.audit import COMMAND
    from ratings.crowd.simulation import Simulation, simulate_raters
    from ratings.slots.opening import open_study
    from ratings.studies.design import StudyDesign
    from ratings.studies.services import create_study
    from tools.demo import INSTRUCTIONS, SOURCES, STRENGTHS

    design = StudyDesign(
        name=name,
        dataset=dataset,
        sources=SOURCES,
        questions=questions,
        ratings_per_triple=ratings_per_triple,
        per_rater=per_rater,
        form=form or {},
        quality=quality or {},
        seed=1,
        instructions=INSTRUCTIONS.read_text(encoding="utf-8"),
    )
    create_study(design, actor=COMMAND)
    open_study(name, actor=COMMAND)
    simulation = Simulation(study=name, raters=raters, careless=careless, seed=1, strengths=STRENGTHS)
    simulate_raters(simulation, actor=COMMAND)


def mint_links() -> dict[str, object]:
    """A fresh sign-in link for the owner, and links for three raters of the open study."""
    from accounts.audit import COMMAND
    from accounts.links import link_of
    from accounts.people import create_researcher
    from accounts.roles import Role
    from ratings.crowd.raters import create_raters

    owner = create_researcher("demo-owner", role=Role.OWNER, again=True, actor=COMMAND)
    raters = create_raters(OPEN_STUDY, f"you-{int(time.time())}", count=3, actor=COMMAND)
    return {"owner": link_of(owner.link), "raters": [rater.link for rater in raters]}


def main() -> None:
    django.setup()
    from django.core.management import call_command
    from django.db import transaction

    call_command("migrate", verbosity=0)
    # All or nothing: a demo that was stopped while it was filled begins anew.
    with transaction.atomic():
        fill()
    print(json.dumps(mint_links()))


if __name__ == "__main__":
    main()
