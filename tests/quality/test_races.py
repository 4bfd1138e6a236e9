"""Many raters at once, each with items of their own: the plan is met exactly, and nobody sees a triple twice."""

from __future__ import annotations

import threading
from collections import Counter

from django.db import connection
from django.db.models import Count

from ratings.slots import services
from ratings.slots.models import Assignment, PersonalItem, Rater, Rating
from ratings.slots.progress import study_progress
from tests.worlds import make_raters, make_study, ranking_of

RATERS = 8


def rate_until_nothing_is_left(secret: str, failures: list[BaseException]) -> None:
    """Every submit twice, as an impatient phone does it."""
    try:
        view = services.next_assignment(secret).view
        while view:
            body = ranking_of(view)
            following = services.submit_rating(secret, view["token"], body).next
            services.submit_rating(secret, view["token"], body)
            view = following
    except BaseException as failure:  # noqa: BLE001  # told by the test
        failures.append(failure)
    finally:
        connection.close()


def test_the_plan_is_met_exactly_beside_everybodys_items(world):
    mix = {"checks": 1, "degraded": 2, "repeats": 1}
    study = make_study(questions=24, overlap=3, per_rater=12, quality=mix)
    raters = make_raters(count=RATERS)
    failures: list[BaseException] = []
    threads = [
        threading.Thread(target=rate_until_nothing_is_left, args=[rater.token, failures]) for rater in raters
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    progress = study_progress(study)
    assert (progress.rated, progress.open, progress.held, progress.surplus) == (72, 0, 0, 0)
    seen = Assignment.objects.filter(kind__in=["normal", "degraded"]).values("rater", "triple")
    assert not seen.annotate(times=Count("pk")).filter(times__gt=1).exists()
    items = PersonalItem.objects.filter(slot__isnull=False)
    done = Counter(Rating.objects.exclude(kind="normal").values_list("rater", flat=True))
    assert sum(done.values()) == items.count() == Rating.objects.exclude(kind="normal").count()
    for rater in Rater.objects.all():
        assert rater.extra_done == done[rater.pk]
        assert rater.done == Rating.objects.filter(rater=rater, kind="normal").count()
