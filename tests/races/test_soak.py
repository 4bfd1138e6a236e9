"""Eight minutes of fifty raters as they are, while web server and database are killed at ten random moments.

SOAK_SECONDS shortens it for a look; what is asserted stays the same.
"""

from __future__ import annotations

import http.client
import os
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from ratings.slots.models import Assignment, Rating, Slot
from ratings.studies.models import Study
from tests.races.crowd import Acknowledged, Wire, shuffled_body
from tests.races.ledger import (
    assert_acknowledged_is_stored,
    assert_counts_of_raters_are_right,
    assert_plan_is_met,
)
from tests.races.power_cut import running_cluster
from tests.services.site import Site, collect_static
from tests.services.world import ROOT, SERVERS, connected_to
from tests.worlds import make_dataset, make_raters, make_study

SECONDS = float(os.environ.get("SOAK_SECONDS", "480"))
RATERS, QUESTIONS, OVERLAP, LEASE = 50, 167, 3, 12
KILLS = 10
#: Raters make this many ratings each; together a tenth more than the plan, so that nobody waits for one person.
THINK = SECONDS * RATERS / (QUESTIONS * OVERLAP) * 0.8
TROUBLE = frozenset({500, 502, 503})


@dataclass
class Soaked:
    """One rater. Insists on every call until it is answered, as the desk's offline queue does."""

    site: Site
    study: str
    name: str
    token: str
    hurry: threading.Event
    finished: threading.Event
    acknowledged: list[Acknowledged] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)

    def work(self) -> None:
        random = Random(self.name)
        wire = Wire(self.site.url, self.token, timeout=20)
        view = None
        while not self.finished.is_set() and not self.complaints:
            if view is None:
                status, view = self.call(wire, f"studies/{self.study}/assignments/", {})
                if status == 204:
                    self.finished.wait(0.5)
                continue
            view = self.one(wire, view, random)

    def one(self, wire: Wire, view: dict, random: Random) -> dict | None:
        """One triple: thought about, and then closed, skipped, sent late, sent twice, or just sent."""
        self.think(random)
        way = random.random()
        if way < 0.06:
            self.seen["closed the tab"] += 1
            self.think(random)
            return None  # comes back later, and is given what is still theirs
        if way < 0.10:
            self.seen["skipped"] += 1
            _, answer = self.call(wire, f"assignments/{view['token']}/skip/", {"reason": "unclear"})
            return answer["next"] if answer else None
        if way < 0.22:
            self.seen["sent after the lease"] += 1
            self.finished.wait(LEASE * random.uniform(1.1, 2.5))
        body = shuffled_body(view, random)
        if way > 0.88:
            self.seen["sent twice at once"] += 1
            other = Soaked(self.site, self.study, self.name, self.token, self.hurry, self.finished)
            double = threading.Thread(
                target=lambda: other.submit(Wire(self.site.url, self.token), view, body)
            )
            double.start()
            following = self.submit(wire, view, body)
            double.join(120)
            self.complaints += other.complaints
            mine = {(promise.rating, promise.surplus) for promise in self.acknowledged}
            if not {(promise.rating, promise.surplus) for promise in other.acknowledged} <= mine:
                self.complaints.append("a double submit was promised another rating")
            return following
        return self.submit(wire, view, body)

    def think(self, random: Random) -> None:
        if not self.hurry.is_set():
            self.hurry.wait(random.expovariate(1 / THINK))

    def submit(self, wire: Wire, view: dict, body: dict) -> dict | None:
        _, answer = self.call(wire, f"assignments/{view['token']}/rating/", body)
        if answer is None:
            return None
        self.acknowledged.append(
            Acknowledged(self.name, view["token"], body["ranking"], answer["rating"], answer["surplus"])
        )
        following: dict | None = answer["next"]
        return following

    def call(self, wire: Wire, path: str, body: dict) -> tuple[int, dict | None]:
        while not self.finished.is_set():
            try:
                status, answer = wire.post(path, body)
            except (OSError, http.client.HTTPException):
                self.seen["no answer"] += 1
                time.sleep(0.2)
                continue
            if status in TROUBLE:
                self.seen["trouble"] += 1
                time.sleep(0.2)
                continue
            if status not in (200, 201, 204):
                self.complaints.append(f"{path}: {status} {str(answer)[:300]}")
                return status, None
            return status, answer if status != 204 else None
        return 0, None


@pytest.fixture
def soaked_site(tmp_path: Path, django_db_blocker):
    """(site, cluster): a web server on a cluster of its own, and the test's ORM on the same database."""
    import subprocess

    with running_cluster() as cluster:
        environment = SERVERS.environment_of_a_process(cluster.url)
        migrate = [sys.executable, "manage.py", "migrate", "-v", "0"]
        subprocess.run(migrate, cwd=ROOT, env=environment, check=True, timeout=120)
        site = Site(vendor="postgresql", database_url=cluster.url, folder=tmp_path)
        collect_static()
        with django_db_blocker.unblock(), connected_to(cluster.url):
            try:
                site.start()
                yield site, cluster
            finally:
                site.stop()


@pytest.mark.race
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_fifty_raters_soak_while_everything_is_killed(soaked_site):
    site, cluster = soaked_site
    make_dataset("soak", questions=QUESTIONS)
    make_study("soak", dataset="soak", questions=QUESTIONS, overlap=OVERLAP, lease_seconds=LEASE)
    Study.objects.update(max_skips=10_000)
    hurry, finished = threading.Event(), threading.Event()
    people = [
        Soaked(site, "soak", new.name, new.token, hurry, finished)
        for new in make_raters("soak", count=RATERS)
    ]
    from django.db import connections

    connections.close_all()  # the cluster is about to go away under them
    threads = [threading.Thread(target=person.work, daemon=True) for person in people]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    random = Random(4)
    moments = sorted(random.uniform(0.03, 0.97) * SECONDS for _ in range(KILLS))
    for number, moment in enumerate(moments):
        time.sleep(max(0.0, began + moment - time.monotonic()))
        if number % 2:
            cluster.cut()
        else:
            site.kill()
            site.restart()
        assert not [complaint for person in people for complaint in person.complaints]
    time.sleep(max(0.0, began + SECONDS - time.monotonic()))
    hurry.set()
    deadline = time.monotonic() + 240
    while (
        time.monotonic() < deadline
        and Slot.objects.filter(study__name="soak").exclude(state="rated").exists()
    ):
        assert not [complaint for person in people for complaint in person.complaints]
        time.sleep(1)
    time.sleep(3)  # late ones come in
    finished.set()
    for thread in threads:
        thread.join(60)
    report(people, study="soak")
    check(people)


def check(people: list[Soaked]) -> None:
    assert [complaint for person in people for complaint in person.complaints] == []
    acknowledged = [promise for person in people for promise in person.acknowledged]
    assert_plan_is_met("soak", slots=QUESTIONS * OVERLAP)
    assert_acknowledged_is_stored(acknowledged)
    assert_counts_of_raters_are_right("soak")
    stored = Rating.objects.filter(study__name="soak", skipped=False, current=True)
    promised = {promise.rating for promise in acknowledged}
    assert {rating.key for rating in stored} - promised == set()
    assert stored.filter(surplus=False).count() == QUESTIONS * OVERLAP
    assert stored.filter(surplus=True).count() == len({p.rating for p in acknowledged if p.surplus})
    seen = sum((person.seen for person in people), Counter[str]())
    for event in ("closed the tab", "skipped", "sent after the lease", "sent twice at once", "no answer"):
        assert seen[event], f"nobody {event}"


def report(people: list[Soaked], *, study: str) -> None:
    seen = sum((person.seen for person in people), Counter[str]())
    ratings = Rating.objects.filter(study__name=study, skipped=False)
    expired = Assignment.objects.filter(slot__study__name=study, state="expired").count()
    sys.stderr.write(
        f"\nsoak of {SECONDS:.0f} s: {ratings.filter(surplus=False).count()} ratings of the plan, "
        f"{ratings.filter(surplus=True).count()} surplus, {expired} assignments expired, {KILLS} kills; {dict(seen)}\n"
    )
