"""Renaming sources, or giving each text another one's label, changes no byte that reaches a rater in a whole run."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts import tokens
from ratings.slots.models import Rater, Rating
from ratings.studies.models import StudySource
from ratings.studies.orders import position_counts
from tests.desk.calls import Program, cards_of, said_by
from tests.desk.reading import read_form
from tests.worlds import make_dataset, make_raters, make_study

pytestmark = pytest.mark.django_db

PLAIN = ("alpha", "beta", "gamma")
#: Other lengths, other alphabetical order, words that a page might hold by chance.
OTHER = ("zz-few-shot-gpt-j", "human", "a")
RATINGS = 12
#: All that a form can ask for, so that the pages hold everything that they can.
EVERYTHING = {
    "reasons": ["wrong_step", "missing_step"],
    "confidence": True,
    "doubts": True,
    "first_wrong_step": True,
}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Turn:
    """One world: who wrote which text. Everything in it is undone afterwards, but the database's ids count on."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *, written_by: Sequence[str], sources: Sequence[str], seed: int
    ) -> None:
        self._patch = monkeypatch
        self._written_by, self._sources, self._seed = written_by, sources, seed

    def record(self, run: Any) -> tuple[list[bytes], list[list[int]]]:
        """What a run saw, byte by byte, and which source stood where."""
        self._patch.setattr(tokens, "random_bytes", Random(self._seed).randbytes)
        self._patch.setattr(timezone, "now", lambda: NOON)
        with transaction.atomic():
            make_dataset(questions=14, sources=self._written_by)
            # As many slots as the run needs: orders get scarce towards its end.
            make_study(questions=14, overlap=1, sources=self._sources, seed=self._seed, form=EVERYTHING)
            [rater] = make_raters(count=1)
            seen: list[bytes] = run(rater.token, Random(self._seed))
            labels = StudySource.objects.order_by("index").values_list("source__label", flat=True)
            assert list(labels) == list(self._sources)
            positions = position_counts(Rater.objects.get().orders_seen)
            transaction.set_rollback(True)
        return seen, positions


def bytes_of(response: HttpResponse) -> bytes:
    """Status, headers and body as they go out, but for the clock's time and the CSRF token, drawn for every page."""
    headers = sorted((name.lower(), value) for name, value in response.items() if name != "Expires")
    cookies = sorted(
        re.sub(r"expires=[^;]*", "", cookie.OutputString())
        for name, cookie in response.cookies.items()
        if name != "csrftoken"
    )
    shown = re.sub(rb'("submitted_at":")[^"]*', rb"\1", response.content)
    body = re.sub(rb'(csrfmiddlewaretoken" value=")\w+', rb"\1", shown)
    return f"{response.status_code} {headers} {cookies}\n".encode() + body


def random_body(view: dict[str, Any], random: Random) -> dict[str, Any]:
    """By position: a ranking with ties, marked steps and reasons."""
    cards = view["cards"]
    places = [random.randrange(3) for _ in cards]
    groups = [
        [c["token"] for c, own in zip(cards, places, strict=True) if own == place] for place in range(3)
    ]
    return {
        "ranking": [group for group in groups if group],
        "first_wrong_step": {card["token"]: card["steps"][0]["token"] for card in cards},
        "reasons": {card["token"]: ["hard_to_follow"] for card in cards},
    }


def run_by_api(token: str, random: Random) -> list[bytes]:
    program, seen = Program(token), []

    def send(method: str, path: str, body: Any = None) -> Any:
        response = program.send(method, path, json.dumps(body or {}))
        seen.append(bytes_of(response))
        return said_by(response)[1]

    view = send("POST", "studies/trial/assignments/")
    for number in range(RATINGS):
        if number == 5:
            view = send("POST", f"assignments/{view['token']}/skip/", {"reason": "unclear"})["next"]
        body = random_body(view, random)
        send("PUT", f"assignments/{view['token']}/draft/", body)
        answer = send("POST", f"assignments/{view['token']}/rating/", body)
        if number == 7:
            send("POST", f"assignments/{view['token']}/rating/", body)
            send("POST", f"assignments/{view['token']}/rating/", {"all_bad": True})
            send("POST", f"ratings/{answer['rating']}/revisions/", {"ranking": [[cards_of(view)[1]]]})
        view = answer["next"]
    send("GET", "ratings/?mine=1")
    return seen


def beside(page: str, random: Random) -> dict[str, str]:
    """A first wrong step of the first card on the page, reasons, a confidence: what a rater says beside the ranking."""
    name, step = re.findall(r'name="(wrong-\w+)" value="(\w+)"', page)[0]
    reason = name.replace("wrong-", "reason-")
    return {
        name: step,
        reason: "missing_step",
        "confidence": str(random.randrange(1, 4)),
        "doubt": "answer_wrong",
    }


def run_by_page(token: str, random: Random) -> list[bytes]:
    client, seen = Client(), []

    def keep(response: Any) -> str:
        seen.append(bytes_of(response))
        return str(response.content.decode())

    keep(client.get(f"/join/{token}/"))
    keep(client.post(f"/join/{token}/"))
    page = keep(client.get("/rate/trial/"))
    for number in range(RATINGS):
        form = read_form(page)
        fields = form.fields(
            *[random.randrange(1, 4) for _ in range(3)], comment="so so", **beside(page, random)
        )
        if number == 5:
            keep(client.post("/rate/trial/", {**fields, "act": "skip"}))
            page = keep(client.get("/rate/trial/"))
            continue
        if number % 2:
            page = keep(client.post("/rate/trial/", fields, headers={"HX-Request": "true"}))
        else:
            keep(client.post("/rate/trial/", fields))
            page = keep(client.get("/rate/trial/"))
    keep(client.get("/rate/trial/ratings/"))
    key = Rating.objects.filter(skipped=False).order_by("pk").values_list("key", flat=True)[3]
    keep(client.get(f"/rate/trial/ratings/{key}/"))
    return seen


def assert_equal(seen: list[bytes], expected: list[bytes]) -> None:
    """One by one: pytest's comparison of two long lists hides where they part."""
    for number, (was, should_be) in enumerate(zip(seen, expected, strict=True)):
        start = next((n for n in range(len(was)) if was[n : n + 1] != should_be[n : n + 1]), len(was))
        assert was == should_be, (
            f"answer {number}: {was[start : start + 80]!r} for {should_be[start : start + 80]!r}"
        )


@pytest.mark.parametrize(("run", "seed"), [(run_by_api, 0), (run_by_api, 1), (run_by_page, 2)])
def test_a_whole_run_is_equal_byte_by_byte_under_relabelling(monkeypatch, run, seed):
    def turn(written_by: Sequence[str], sources: Sequence[str]) -> tuple[list[bytes], list[list[int]]]:
        return Turn(monkeypatch, written_by=written_by, sources=sources, seed=seed).record(run)

    first, positions = turn(PLAIN, PLAIN)
    assert len(first) > RATINGS
    # Other names for the same sources.
    assert_equal(turn(OTHER, OTHER)[0], first)
    # The same names, but each text was written by another one: text 0 now by source `writers[0]`, and so on.
    for writers in ((1, 0, 2), (0, 2, 1), (2, 0, 1)):
        seen, counts = turn([PLAIN[source] for source in writers], PLAIN)
        assert_equal(seen, first)
        assert [counts[source] for source in writers] == positions
    everything = b"".join(first)
    for label in (*PLAIN, *OTHER[:2]):
        assert not re.search(rb"\b" + label.encode() + rb"\b", everything)


def test_after_twelve_ratings_each_source_stood_four_times_give_or_take_one_everywhere(monkeypatch):
    _, positions = Turn(monkeypatch, written_by=PLAIN, sources=PLAIN, seed=5).record(run_by_api)
    assert all(3 <= count <= 5 for row in positions for count in row)
    assert [sum(row) for row in positions] == [RATINGS] * 3
