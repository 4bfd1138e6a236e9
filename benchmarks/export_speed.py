"""How long an export takes and how much memory it needs, by the command that people run.

    .venv/bin/python benchmarks/export_speed.py                       on a temporary SQLite database
    .venv/bin/python benchmarks/export_speed.py --database postgresql://USER@HOST/EMPTY_DATABASE

Fills the database with generated studies (10,000 triples of ten votes; 20,000 triples whose rankings give a million
pairs), then exports each as a process of its own, twice. Peak memory is the process's largest resident set. Targets
(PRODUCT.md): 100,000 votes in 4.4 s (a fifth of doccano's 22 s), 1,000,000 preferences in 60 s below 250 MB.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ratings.library.models import Question, QuestionRevision, Rationale, Source
    from ratings.slots.models import Assignment, Rater, Rating
    from ratings.studies.models import Study, Triple

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("few-shot", "star", "human")
RATERS = 500
RANKINGS = ([[0], [1], [2]], [[1], [2], [0]], [[2], [1], [0]], [[2], [0, 1]])
WORDS = (
    "one",
    "plus",
    "two",
    "makes",
    "three",
    "and",
    "half",
    "of",
    "what",
    "we",
    "had",
    "is",
    "left",
    "so",
    "each",
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", help="URL of an empty database; default: a temporary SQLite file")
    parser.add_argument("--votes", type=int, default=100_000)
    parser.add_argument("--preferences", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["DATABASE_URL"] = options.database or f"sqlite:///{folder / 'benchmark.sqlite3'}"
        os.environ["STORAGE_URL"] = str(folder / "storage")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        fill(votes=options.votes, preferences=options.preferences)
        for study, format_name, ending in (
            ("votes", "votes", "jsonl"),
            ("votes", "votes", "parquet"),
            ("pairs", "trl-preference", "jsonl"),
            ("pairs", "trl-preference", "parquet"),
        ):
            measure(study, format_name, folder / f"{study}.{ending}")
    return 0


def measure(study: str, format_name: str, out: Path) -> None:
    """Exports twice; prints seconds, rows, size and peak memory, and whether the bytes were the same."""
    command = [
        sys.executable,
        "manage.py",
        "export_dataset",
        study,
        "--format",
        format_name,
        "--out",
        str(out),
        "--json",
    ]
    hashes = []
    for attempt in (1, 2):
        started = time.perf_counter()
        child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        answer = json.loads(child.stdout.read().splitlines()[-1])
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
        assert status == 0, answer
        hashes.append(answer["sha256"])
        print(
            f"{format_name} {out.suffix[1:]} #{attempt}: {seconds:.1f} s wall, "
            f"{usage.ru_utime + usage.ru_stime:.1f} s CPU, {answer['rows']:,} rows, "
            f"{answer['bytes'] / 1e6:.0f} MB, peak {usage.ru_maxrss / 1024:.0f} MB"
        )
    assert len(set(hashes)) == 1, "the same export gave different bytes"
    out.unlink()


def fill(*, votes: int, preferences: int) -> None:
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import transaction

    started = time.perf_counter()
    call_command("migrate", verbosity=0)
    with transaction.atomic():
        fill_study("votes", triples=max(1, votes // 10), replicates=10)
    with transaction.atomic():
        # Three of the four rankings have three pairs, one has two: 11 pairs in four ratings.
        fill_study("pairs", triples=max(1, round(preferences * 4 / 11 / 20)), replicates=20)
    print(f"filled in {time.perf_counter() - started:.0f} s")


def fill_study(name: str, *, triples: int, replicates: int) -> None:
    """A study with its questions, texts, raters and one rating in every slot."""
    from ratings.library.models import Dataset, Source
    from ratings.slots.models import Rater
    from ratings.studies.models import Study, StudySource

    dataset = Dataset.objects.create(name=name, family="gsm8k")
    study = Study.objects.create(name=name, dataset=dataset, state="closed")
    sources = [Source.objects.get_or_create(label=label)[0] for label in SOURCES]
    StudySource.objects.bulk_create(
        StudySource(study=study, source=s, index=i) for i, s in enumerate(sources)
    )
    raters = Rater.objects.bulk_create(Rater(study=study, name=f"rater-{n}") for n in range(RATERS))
    numbers = iter(range(triples))
    while chunk := [n for _, n in zip(range(1_000), numbers, strict=False)]:
        fill_ratings(study, fill_triples(study, sources, chunk), raters, replicates=replicates)


def fill_triples(study: Study, sources: list[Source], numbers: list[int]) -> list[Triple]:
    from ratings.library.models import Question, QuestionRevision, Rationale
    from ratings.studies.models import Triple, TripleCard

    questions = Question.objects.bulk_create(
        Question(dataset_id=study.dataset_id, external_id=f"q{number}") for number in numbers
    )
    revisions = QuestionRevision.objects.bulk_create(
        QuestionRevision(
            question=q, text=prose(f"question {q.external_id}", 40), answer="1", content_digest="-"
        )
        for q in questions
    )
    triples = Triple.objects.bulk_create(
        Triple(study=study, number=number, question=q, revision=revision, content={})
        for number, q, revision in zip(numbers, questions, revisions, strict=True)
    )
    rationales = Rationale.objects.bulk_create(
        rationale(q, revision, source)
        for q, revision in zip(questions, revisions, strict=True)
        for source in sources
    )
    TripleCard.objects.bulk_create(
        TripleCard(triple=triples[place // 3], source_index=place % 3, rationale=made)
        for place, made in enumerate(rationales)
    )
    return triples


def rationale(question: Question, revision: QuestionRevision, source: Source) -> Rationale:
    from ratings.library.models import Rationale

    text = prose(f"{question.external_id} {source.label}", 60)
    return Rationale(
        question=question,
        revision=revision,
        source=source,
        text=text,
        normalised=text,
        normaliser_version=1,
        text_digest=hashlib.sha256(text.encode()).hexdigest(),
        verdict="correct",
    )


def prose(seed: str, words: int) -> str:
    """Some five characters a word, never the same twice."""
    chance = random.Random(seed)
    return " ".join(chance.choice(WORDS) for _ in range(words)).capitalize() + f" {seed}."


def fill_ratings(study: Study, triples: list[Triple], raters: list[Rater], *, replicates: int) -> None:
    from django.utils import timezone

    from ratings.slots.models import Assignment, Rating, Slot

    places = [(triple, replicate) for triple in triples for replicate in range(replicates)]
    now = timezone.now()
    slots = Slot.objects.bulk_create(
        Slot(
            study=study, triple=triple, replicate=replicate, state="rated", order=replicate % 6, random_key=0
        )
        for triple, replicate in places
    )
    assignments = Assignment.objects.bulk_create(
        Assignment(
            token=random.randbytes(16).hex(),
            slot=slot,
            rater=raters[(triple.number + replicate) % RATERS],
            triple=slot.triple,
            state="rated",
            order=slot.order,
            lease_expires_at=now,
        )
        for slot, (triple, replicate) in zip(slots, places, strict=True)
    )
    Rating.objects.bulk_create(rating(study, held) for held in assignments)


def rating(study: Study, held: Assignment) -> Rating:
    from ratings.slots.models import Rating

    chosen = RANKINGS[held.pk % 4]
    return Rating(
        study=study,
        assignment=held,
        rater=held.rater,
        triple=held.triple,
        key=held.token,
        ranking=chosen,
        first_wrong_step={"1": 0} if held.pk % 5 == 0 else {},
        reasons={"1": ["wrong_step"]} if held.pk % 5 == 0 else {},
        order=held.order,
        active_seconds=30.5,
        body_digest="-",
    )


if __name__ == "__main__":
    sys.exit(main())
