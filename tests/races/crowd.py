"""Raters as they are: quick, late, gone, clicking twice. Each is a thread with a connection of its own."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlsplit

#: A rater waits this long before asking again when nothing is left for the moment (seconds).
PAUSE = 0.15


class Wire:
    """One keep-alive connection with a bearer token. Connects again when the server closed it."""

    def __init__(self, url: str, token: str, *, timeout: float = 60) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def post(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        """Status and answer (None when empty).

        Raises OSError or HTTPException when no answer came: then nobody knows what was stored.
        """
        try:
            self._connection.request(
                "POST", f"/api/v1/{path}", json.dumps(body or {}).encode(), self._headers
            )
            response = self._connection.getresponse()
            raw = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        return response.status, json.loads(raw) if raw else None

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A rating that the server said it has."""

    rater: str
    assignment: str
    ranking: list[list[str]]
    rating: str
    surplus: bool


@dataclass(slots=True)
class Journal:
    """What all raters saw and were told, from all threads."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, event: str) -> None:
        with self.lock:
            self.events[event] += 1

    def answered(self, call: str, status: int, answer: object, *, expected: set[int]) -> None:
        with self.lock:
            self.statuses[call, status] += 1
            if status not in expected:
                self.complaints.append(f"{call}: {status} {str(answer)[:300]}")


def shuffled_body(view: dict[str, Any], random: Random) -> dict[str, Any]:
    """Any ranking of the three cards: all six orders, with ties, sometimes partial."""
    cards = [card["token"] for card in view["cards"]]
    random.shuffle(cards)
    shape = random.choice([(1, 1, 1), (1, 1, 1), (2, 1), (1, 2), (3,), (1, 1), (1,)])
    ranking, start = [], 0
    for size in shape:
        ranking.append(sorted(cards[start : start + size]))
        start += size
    return {"ranking": ranking, "active_seconds": round(random.uniform(1, 60), 1)}


@dataclass(slots=True)
class Person:
    """One rater's way of working. Chances are per triple."""

    url: str
    study: str
    name: str
    token: str
    journal: Journal
    #: Set when the whole plan is done: everybody goes home.
    finished: threading.Event
    lease_seconds: float
    dawdles: float = 0.06
    repeats: float = 0.1
    skips: float = 0.03
    #: Leaves for good, holding a triple, after this many ratings.
    vanishes_after: int | None = None
    #: Holds the first triple until everybody else is done, and sends it in then.
    procrastinates: bool = False

    def work(self) -> None:
        random = Random(self.name)
        wire = Wire(self.url, self.token)
        done = 0
        view = self._ask(wire)
        while not self.finished.is_set():
            if view is None:
                time.sleep(PAUSE)
                view = self._ask(wire)
                continue
            if self.vanishes_after is not None and done >= self.vanishes_after:
                self.journal.note("vanished")
                return
            if self.procrastinates:
                self.finished.wait(90)
                self._submit(wire, view, shuffled_body(view, random))
                return
            view = self._treat(wire, view, random)
            done += 1
        wire.close()

    def _treat(self, wire: Wire, view: dict[str, Any], random: Random) -> dict[str, Any] | None:
        if random.random() < self.skips:
            status, answer = wire.post(f"assignments/{view['token']}/skip/", {"reason": "unclear"})
            self.journal.answered("skip", status, answer, expected={201})
            assert answer is not None
            following: dict[str, Any] | None = answer["next"]
            return following
        if random.random() < self.dawdles:
            self.journal.note("dawdled")
            time.sleep(self.lease_seconds * 1.3)
        body = shuffled_body(view, random)
        following = self._submit(wire, view, body)
        if random.random() < self.repeats:
            following = self._submit(wire, view, {**body, "active_seconds": 99}, again=True)
        return following

    def _ask(self, wire: Wire) -> dict[str, Any] | None:
        status, view = wire.post(f"studies/{self.study}/assignments/")
        self.journal.answered("assignments", status, view, expected={200, 201, 204})
        return view if status in (200, 201) else None

    def _submit(
        self, wire: Wire, view: dict[str, Any], body: dict[str, Any], *, again: bool = False
    ) -> dict[str, Any] | None:
        status, answer = wire.post(f"assignments/{view['token']}/rating/", body)
        self.journal.answered(
            "repeat" if again else "rating", status, answer, expected={200 if again else 201}
        )
        if answer is None or "rating" not in answer:
            return None
        with self.journal.lock:
            self.journal.acknowledged.append(
                Acknowledged(self.name, view["token"], body["ranking"], answer["rating"], answer["surplus"])
            )
        following: dict[str, Any] | None = answer["next"]
        return following


def all_at_once(*acts: Callable[[], Any], seconds: float = 60) -> list[Any]:
    """Runs the acts in threads that start together; returns their results, raises the first exception."""
    barrier = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)
    errors: list[BaseException] = []

    def run(place: int) -> None:
        try:
            barrier.wait(seconds)
            results[place] = acts[place]()
        except BaseException as error:  # noqa: BLE001 - raised again below, in the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=run, args=(place,), daemon=True) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
        assert not thread.is_alive(), "a call did not come back"
    if errors:
        raise errors[0]
    return results
