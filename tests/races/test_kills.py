"""kill -9 of the web server while raters submit: nothing acknowledged is lost, nothing is stored twice."""

from __future__ import annotations

import http.client
import threading
import time
from dataclasses import dataclass, field
from random import Random

import pytest

from ratings.crowd.raters import NewRater
from ratings.slots.models import Rating, Slot
from ratings.studies.models import Study
from tests.races.crowd import Acknowledged, Wire, shuffled_body
from tests.races.ledger import (
    assert_acknowledged_is_stored,
    assert_counts_of_raters_are_right,
    assert_plan_is_met,
)
from tests.races.moves import end_all_connections, ratings_of
from tests.services.site import Site

pytestmark = pytest.mark.race

#: (world, kills, questions, ratings of each)
KILLED = [
    ("postgresql", 4, 100, 5),
    ("sqlite", 2, 40, 4),
    pytest.param("sqlite", 4, 60, 4, marks=pytest.mark.slow),
]


@dataclass(slots=True)
class Stubborn:
    """A client that sends the same again until it is answered."""

    site: Site
    study: str
    rater: NewRater
    #: Answers of the server's own trouble that are put up with; any other surprise is a complaint.
    put_up_with: frozenset[int] = frozenset()
    acknowledged: list[Acknowledged] = field(default_factory=list)
    #: Calls that got no answer, or one of trouble.
    unanswered: int = 0
    #: Submissions that had been stored although their first answer never came.
    stored_unheard: int = 0
    troubles: int = 0
    complaints: list[str] = field(default_factory=list)

    def work(self, giving_up: float) -> None:
        random = Random(self.rater.name)
        wire = Wire(self.site.url, self.rater.token, timeout=20)
        view = None
        while time.monotonic() < giving_up and not self.complaints:
            if view is None:
                status, view = self._insist(wire, f"studies/{self.study}/assignments/", {}, giving_up)
                if status == 204:
                    if not Slot.objects.filter(study__name=self.study).exclude(state="rated").exists():
                        return
                    time.sleep(0.1)
                continue
            body = shuffled_body(view, random)
            before = self.unanswered
            status, answer = self._insist(wire, f"assignments/{view['token']}/rating/", body, giving_up)
            if answer is None:
                return
            self.stored_unheard += status == 200 and self.unanswered > before
            if status == 200 and self.unanswered == before:
                self.complaints.append("a rating was known before it was sent")
            self.acknowledged.append(
                Acknowledged(
                    self.rater.name, view["token"], body["ranking"], answer["rating"], answer["surplus"]
                )
            )
            view = answer["next"]

    def _insist(self, wire: Wire, path: str, body: dict, giving_up: float) -> tuple[int, dict | None]:
        while time.monotonic() < giving_up:
            try:
                status, answer = wire.post(path, body)
            except (OSError, http.client.HTTPException):
                self.unanswered += 1
                time.sleep(0.05)
                continue
            if status in self.put_up_with:
                self.unanswered += 1
                self.troubles += 1
                continue
            if status not in (200, 201, 204):
                self.complaints.append(f"{path}: {status} {answer}")
            return (status, answer) if status in (200, 201) else (status, None)
        return 0, None


def start(clients: list[Stubborn], *, seconds: float) -> list[threading.Thread]:
    giving_up = time.monotonic() + seconds
    threads = [threading.Thread(target=client.work, args=(giving_up,), daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    return threads


def wait_for_ratings(study: str, count: int, *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while ratings_of(study) < count:
        assert time.monotonic() < deadline, f"{ratings_of(study)} of {count} ratings after {seconds} s"
        time.sleep(0.01)


def assert_nothing_lost_or_doubled(clients: list[Stubborn], study: str, *, slots: int) -> None:
    assert [complaint for client in clients for complaint in client.complaints] == []
    acknowledged = [promise for client in clients for promise in client.acknowledged]
    assert_plan_is_met(study, slots=slots)
    assert_acknowledged_is_stored(acknowledged)
    assert_counts_of_raters_are_right(study)
    # Every stored rating was acknowledged in the end, and each once: a repeat is answered with the first one's key.
    assert len(acknowledged) == len({promise.rating for promise in acknowledged}) == slots
    assert Rating.objects.filter(study__name=study).count() == slots


@pytest.mark.parametrize(
    ("any_site", "kills", "questions", "overlap"), KILLED, indirect=["any_site"], ids=lambda value: str(value)
)
def test_killing_the_web_server_in_mid_submission_loses_and_doubles_nothing(
    any_site, arena, kills, questions, overlap
):
    slots = questions * overlap
    study, raters = arena(raters=8, questions=questions, overlap=overlap)
    clients = [Stubborn(any_site, study, rater) for rater in raters]
    threads = start(clients, seconds=80)
    for number in range(1, kills + 1):
        # Into the middle of work, at another moment of it each time.
        wait_for_ratings(study, number * slots // (kills + 2))
        time.sleep(0.003 * number)
        any_site.kill()
        any_site.restart()
    for thread in threads:
        thread.join(90)
    # At least as many calls were cut off as there were kills.
    assert sum(client.unanswered for client in clients) >= kills
    assert_nothing_lost_or_doubled(clients, study, slots=slots)


def test_losing_every_database_connection_under_load_costs_a_few_errors_and_no_rating(module_site, arena):
    study, raters = arena(raters=8, questions=100)
    clients = [Stubborn(module_site, study, rater, put_up_with=frozenset({500, 503})) for rater in raters]
    threads = start(clients, seconds=60)
    for number in range(1, 5):
        wait_for_ratings(study, number * 50)
        assert end_all_connections() >= 1
    for thread in threads:
        thread.join(60)
    # Only what was being answered at that moment fails: at most what the server's eight threads can hold.
    assert sum(client.troubles for client in clients) <= 4 * 8
    assert_nothing_lost_or_doubled(clients, study, slots=300)
    assert Study.objects.get(name=study).state == "open"
