"""Studies with ratings written by hand, so that a test says exactly what was judged."""

from __future__ import annotations

from datetime import UTC, datetime

from ratings.slots.models import Assignment, Rater, Rating, Slot
from ratings.studies.models import Study
from tests.worlds import make_study

MOMENT = datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC)


def rater(study: Study, name: str, *, kind: str = "human", anonymous: bool = False) -> Rater:
    return Rater.objects.get_or_create(
        study=study, name=name, defaults={"kind": kind, "anonymous": anonymous}
    )[0]


def judge(study: Study, number: int, who: Rater, ranking: list[list[int]], **fields) -> Rating:
    """Adds a rating of triple `number` as stored: source indices, best first. A second one by the same rater is the
    next revision, and the current one."""
    triple = study.triples.get(number=number)
    held = Assignment.objects.filter(triple=triple, rater=who).first()
    if held is None:
        replicate = triple.slots.count() + 100
        slot = Slot.objects.create(
            study=study, triple=triple, replicate=replicate, state="rated", order=0, random_key=0
        )
        held = Assignment.objects.create(
            token=f"{study.pk}-{number}-{who.pk}",
            slot=slot,
            rater=who,
            triple=triple,
            state="rated",
            lease_expires_at=MOMENT,
        )
    earlier = Rating.objects.filter(assignment=held)
    earlier.update(current=False)
    return Rating.objects.create(
        **{
            "study": study,
            "assignment": held,
            "rater": who,
            "triple": triple,
            "key": f"key-{held.token}",
            "revision": earlier.count() + 1,
            "ranking": ranking,
            "order": 0,
            "body_digest": "",
            "submitted_at": MOMENT,
            **fields,
        }
    )


def judged_study(name: str = "trial") -> Study:
    """Six triples, each ranked by two people: one strictly, one with a tie (30 untied pairs, 6 tied ones)."""
    study = make_study(name, questions=6)
    ada, ben = rater(study, "ada"), rater(study, "ben")
    for number in range(1, 7):
        judge(study, number, ada, [[number % 3], [(number + 1) % 3], [(number + 2) % 3]])
        judge(study, number, ben, [[2], [0, 1]], active_seconds=12.5)
    return study
