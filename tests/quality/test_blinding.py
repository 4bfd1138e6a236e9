"""With every kind of item in it, a whole run shows a rater nothing of sources, and no item by its looks."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts import tokens
from ratings.slots.models import Rating
from tests.desk.test_relabelling import NOON, OTHER, PLAIN, assert_equal, run_by_api, run_by_page
from tests.worlds import make_dataset, make_raters, make_study

pytestmark = pytest.mark.django_db

MIX = {"checks": 2, "degraded": 3, "repeats": 2}


def record(patch: pytest.MonkeyPatch, run: Any, seed: int, **names: Any) -> tuple[list[bytes], list[str]]:
    """What a run saw, byte by byte, and the kinds that were rated. Everything in it is undone afterwards."""
    patch.setattr(tokens, "random_bytes", Random(seed).randbytes)
    patch.setattr(timezone, "now", lambda: NOON)
    with transaction.atomic():
        make_dataset(questions=14, sources=names["written_by"])
        make_study(questions=14, overlap=1, per_rater=8, sources=names["sources"], seed=seed, quality=MIX)
        [rater] = make_raters(count=1)
        seen: list[bytes] = run(rater.token, Random(seed))
        kinds = list(Rating.objects.order_by("pk").values_list("kind", flat=True))
        transaction.set_rollback(True)
    return seen, kinds


@pytest.mark.parametrize(
    ("run", "seed"), [(run_by_api, 1), pytest.param(run_by_page, 2, marks=pytest.mark.slow)]
)
def test_a_run_with_items_is_equal_byte_by_byte_under_relabelling(monkeypatch, run, seed):
    if run is run_by_page:
        monkeypatch.setattr("tests.desk.test_relabelling.beside", lambda page, random: {})
    expected, kinds = record(monkeypatch, run, seed, written_by=PLAIN, sources=PLAIN)
    assert {"normal", "check", "degraded", "repeat"} <= set(kinds)
    for written_by, sources in ((OTHER, OTHER), (PLAIN, (PLAIN[2], PLAIN[0], PLAIN[1]))):
        seen, again = record(monkeypatch, run, seed, written_by=written_by, sources=sources)
        assert again == kinds
        assert_equal(seen, expected)
    # Nor does any answer say what kind of item it is about.
    for answer in expected:
        said = answer.decode().partition("\n")[2]
        assert not re.search(r'degraded|personal|practice|shuffled|anchor|"way"', said)
