"""kill -9 of the web server while raters go their way: nobody goes back a step, and nothing is done twice."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from ratings.journeys.models import BlindingGuess, ComprehensionTry, DebriefAnswers
from ratings.slots.models import Rater, Rating, Slot, StageChange
from tests.journeys.ways import WHOLE
from tests.services.site import Site
from tests.worlds import make_raters, make_study, ranking_of

pytestmark = pytest.mark.race

RATERS, PER_RATER = 4, 3
#: A kill follows as soon as the first rater is there.
KILLED_AT = ("instructions", "comprehension", "rating")
STEPS = ["consent", "instructions", "practice", "comprehension", "rating", "debrief", "done"]


@dataclass(slots=True)
class Walker:
    """Goes the whole way by API; sends the same again until it is answered."""

    site: Site
    token: str
    reached: list[str] = field(default_factory=list)
    unanswered: int = 0
    complaints: list[str] = field(default_factory=list)

    def walk(self, until: float) -> None:
        with self.site.client(token=self.token) as client:
            while time.monotonic() < until and not self.complaints:
                seen = self._call(client, "GET", "studies/trial/journey/", until)
                if seen is None:
                    continue
                if self.reached and STEPS.index(seen["stage"]) < STEPS.index(self.reached[-1]):
                    self.complaints.append(f"{seen['stage']} after {self.reached[-1]}")
                self.reached.append(seen["stage"])
                if seen["stage"] == "done":
                    return
                self._go_on(client, seen, until)

    def _go_on(self, client: httpx.Client, seen: dict[str, Any], until: float) -> None:
        stage = seen["stage"]
        if stage in ("practice", "rating"):
            held = self._call(client, "POST", "studies/trial/assignments/", until)
            while held:
                path = f"assignments/{held['token']}/rating/"
                said = self._call(client, "POST", path, until, ranking_of(held))
                held = said and said["next"]
        bodies: dict[str, dict[str, Any]] = {
            "consent": {"consents": True, "version": seen.get("consent", {}).get("version")},
            "comprehension": {"try": 1, "answers": {"0": 1, "1": 0}},
            "debrief": {
                "guesses": {
                    triple["assignment"]: {card["token"]: "unsure" for card in triple["cards"]}
                    for triple in seen.get("debrief", {}).get("triples", [])
                }
            },
        }
        body = {"stage": stage, **bodies.get(stage, {})}
        self._call(client, "POST", "studies/trial/journey/", until, body)

    def _call(
        self, client: httpx.Client, method: str, path: str, until: float, body: Any = None
    ) -> dict[str, Any] | None:
        while time.monotonic() < until:
            try:
                answer = client.request(
                    method, f"/api/v1/{path}", json=body or {} if method == "POST" else None
                )
            except httpx.TransportError:
                self.unanswered += 1
                time.sleep(0.05)
                continue
            if answer.status_code >= 400:
                # Cut off before the last practice item was stored: the way is looked at again.
                if answer.json()["code"] not in ("journey_unfinished", "practice_unfinished"):
                    self.complaints.append(f"{path}: {answer.status_code} {answer.text[:300]}")
                return None
            found: dict[str, Any] | None = answer.json() if answer.content else None
            return found
        self.complaints.append("out of time")
        return None


@pytest.mark.slow
def test_raters_reach_the_end_through_kills_without_a_step_lost_or_doubled(live_site: Site) -> None:
    walk_through_kills(live_site)


@pytest.mark.slow
def test_raters_of_the_embedded_world_reach_it_too(sqlite_site: Site) -> None:
    walk_through_kills(sqlite_site)


def walk_through_kills(site: Site) -> None:
    make_study(questions=6, overlap=RATERS, per_rater=PER_RATER, journey=WHOLE)
    raters = make_raters(count=RATERS)
    walkers = [Walker(site, rater.token) for rater in raters]
    until = time.monotonic() + 90
    threads = [threading.Thread(target=walker.walk, args=[until]) for walker in walkers]
    for thread in threads:
        thread.start()
    for stage in KILLED_AT:
        while time.monotonic() < until and not any(stage in walker.reached for walker in walkers):
            time.sleep(0.01)
        site.kill()
        site.restart()
    for thread in threads:
        thread.join(timeout=120)
    assert [walker.complaints for walker in walkers] == [[]] * RATERS
    assert [walker.reached[-1] for walker in walkers] == ["done"] * RATERS
    assert sum(walker.unanswered for walker in walkers) > 0
    for rater in Rater.objects.all():
        changes = StageChange.objects.filter(rater=rater).values_list("left", "entered")
        assert list(changes) == list(zip(STEPS, STEPS[1:], strict=False))
        assert (rater.stage, rater.done) == ("done", PER_RATER)
    kinds = list(Rating.objects.values_list("kind", flat=True))
    assert (kinds.count("practice"), kinds.count("normal")) == (2 * RATERS, PER_RATER * RATERS)
    assert ComprehensionTry.objects.count() == DebriefAnswers.objects.count() == RATERS
    assert BlindingGuess.objects.count() == 6 * RATERS
    assert not Slot.objects.filter(state="held").exists()
