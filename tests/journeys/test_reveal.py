"""The reveal: what a rater preferred, and never before nobody can be biased by it any more."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts import tokens
from ratings.journeys import services
from ratings.journeys.errors import NotRevealed, Revealed
from ratings.journeys.reveal import require_unrevealed, reveal_for
from ratings.slots.models import Rater, Rating
from ratings.studies.models import Study
from ratings.studies.orders import ORDERS
from tests.desk.test_blinding import imported_names
from tests.desk.test_relabelling import NOON
from tests.journeys.test_pages import enter
from tests.journeys.ways import WHOLE, guesses, rate_all, say, view, walk
from tests.worlds import SOURCES

pytestmark = pytest.mark.django_db

ROOM = Path(services.__file__).parent
ADDRESSES = ("", "journey/", "leave/", "reveal/", "ratings/")
NOW = "2026-03-01T12:00:00Z"


def test_only_its_time_and_the_studys_leave_open_the_reveal() -> None:
    client, secret = enter()
    allowed = {
        # (state, un-blinded, stage): whether this rater may see the sources.
        ("open", False, "rating"): False,
        ("open", False, "done"): False,
        ("paused", False, "done"): False,
        ("open", True, "consent"): False,
        ("open", True, "rating"): False,
        ("open", True, "debrief"): False,
        ("open", True, "done"): True,
        ("paused", True, "screened_out"): True,
        ("open", True, "withdrawn"): False,
        ("closed", False, "rating"): True,
        ("closed", False, "done"): True,
        ("closed", True, "declined"): False,
    }
    for (state, unblinded, stage), expected in allowed.items():
        Study.objects.update(state=state, unblinded_at=NOW if unblinded else None)
        Rater.objects.update(stage=stage, done=1)
        assert (client.get("/rate/trial/reveal/").status_code == 200) is expected, (state, unblinded, stage)
        assert view(secret)["reveal"] is expected
        if not expected:
            with pytest.raises(NotRevealed):
                reveal_for(services.stand(secret))
    # Who rated nothing is not offered to see what they preferred.
    Study.objects.update(state="closed")
    Rater.objects.update(stage="done", done=0)
    assert not view(secret)["reveal"] and "Show me" not in client.get("/rate/trial/").content.decode()
    Study.objects.update(state="closed", unblinded_at=NOW, journey=WHOLE | {"reveal": False})
    Rater.objects.update(stage="done")
    assert client.get("/rate/trial/reveal/").status_code == 404 and not view(secret)["reveal"]


def test_no_page_and_no_call_names_a_source_or_a_kind_before(monkeypatch: pytest.MonkeyPatch) -> None:
    client, secret = enter()
    seen: list[str] = []
    program = Client(headers={"Authorization": f"Bearer {secret}"})

    def look() -> None:
        seen.extend(client.get(f"/rate/trial/{path}", follow=True).content.decode() for path in ADDRESSES)
        for path in ("journey/", "journey/reveal/"):
            seen.append(program.get(f"/api/v1/studies/trial/{path}").content.decode())

    for stage in ("consent", "instructions", "practice", "comprehension", "rating", "debrief", "done"):
        walk(secret, to=stage)
        look()
    assert len(seen) == 7 * (len(ADDRESSES) + 2)
    for page in seen:
        for word in (*SOURCES, "degraded", "source", "rater__", "is_human", '"human"'):
            assert word not in page, word


def test_pages_and_calls_are_equal_byte_by_byte_whoever_wrote_what(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way, with two worlds in which the sources have each other's names, one of them the human's."""

    def world(sources: tuple[str, ...]) -> list[str]:
        monkeypatch.setattr(tokens, "random_bytes", Random(5).randbytes)
        monkeypatch.setattr(timezone, "now", lambda: NOON)
        with transaction.atomic():
            client, secret = enter(
                WHOLE | {"debrief": WHOLE["debrief"] | {"human": [sources[0]]}}, sources=sources
            )
            program = Client(headers={"Authorization": f"Bearer {secret}"})
            seen = []
            for stage in ("consent", "practice", "comprehension", "rating", "debrief", "done"):
                walk(secret, to=stage)
                seen.append(client.get("/rate/trial/journey/", follow=True).content.decode())
                seen.append(program.get("/api/v1/studies/trial/journey/").content.decode())
            transaction.set_rollback(True)
        return [re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", page) for page in seen]

    assert world(("alpha", "beta", "gamma")) == world(("zz-few-shot-gpt-j", "human", "a"))


def test_it_counts_first_places_and_names_every_card() -> None:
    client, secret = enter({"reveal": True, "debrief": WHOLE["debrief"]})
    rate_all(secret)
    services.finish_rating(secret)
    say(secret, "debrief", guesses=guesses(secret, "machine"))
    # As stored: alpha first, alpha and gamma first together, all bad with beta alone ranked.
    first, second, third = Rating.objects.order_by("pk")
    said = ((first, [[0], [1], [2]], False), (second, [[0, 2], [1]], False), (third, [[1]], True))
    for rating, ranking, all_bad in said:
        Rating.objects.filter(pk=rating.pk).update(ranking=ranking, all_bad=all_bad)
    Study.objects.update(state="closed")
    found = reveal_for(services.stand(secret))
    counted = [(source.label, source.human, source.first, source.shown) for source in found.sources]
    assert counted == [("alpha", False, 2, 3), ("beta", False, 1, 3), ("gamma", True, 1, 3)]
    assert found.favourite is not None and found.favourite.label == "alpha"
    # Two triples were guessed about; all six cards were called a machine's, four of them rightly.
    assert (found.guessed, found.right) == (6, 4)
    for rating, triple in zip((first, second, third), found.triples, strict=True):
        shown = [SOURCES[source] for source in ORDERS[rating.order or 0]]
        assert [card.label for card in triple.cards] == shown
    assert {card.label: card.place for card in found.triples[1].cards} == {"alpha": 1, "gamma": 1, "beta": 2}
    assert {card.label: card.place for card in found.triples[2].cards} == {
        "alpha": None,
        "gamma": None,
        "beta": 1,
    }
    text = client.get("/rate/trial/reveal/").content.decode()
    assert re.search(r"You preferred\s*<strong>alpha</strong>\s*in 2 of 3", text)
    assert "written by people" in text and "You found all of them bad." in text
    assert "You were right about 4 of 6 cards." in text
    by_program = Client(headers={"Authorization": f"Bearer {secret}"}).get(
        "/api/v1/studies/trial/journey/reveal/"
    )
    assert json.loads(by_program.content)["favourite"] == "alpha"


def test_a_tie_for_the_most_first_places_is_no_favourite() -> None:
    client, secret = enter({"reveal": True})
    rate_all(secret)
    for rating, ranking in zip(Rating.objects.order_by("pk"), ([[0]], [[1]], [[2]]), strict=True):
        Rating.objects.filter(pk=rating.pk).update(ranking=ranking)
    Study.objects.update(state="closed")
    assert reveal_for(services.stand(secret)).favourite is None
    assert "You had no favourite" in client.get("/rate/trial/reveal/").content.decode()


def test_whoever_rated_nothing_is_told_so() -> None:
    client, _ = enter({"reveal": True})
    Study.objects.update(state="closed")
    assert "You rated nothing in this study" in client.get("/rate/trial/reveal/").content.decode()


def test_whoever_was_shown_the_sources_changes_no_rating_any_more() -> None:
    client, secret = enter({"reveal": True, "debrief": {"comment": True}})
    rate_all(secret)
    key = Rating.objects.order_by("pk")[0].key
    assert client.get(f"/rate/trial/ratings/{key}/").status_code == 200
    walk(secret)
    Study.objects.update(unblinded_at=NOW)
    with pytest.raises(Revealed):
        require_unrevealed(secret)
    assert client.get(f"/rate/trial/ratings/{key}/").status_code == 409
    body = json.dumps({"ranking": []})
    program = Client(headers={"Authorization": f"Bearer {secret}"})
    answered = program.post(f"/api/v1/ratings/{key}/revisions/", body, content_type="application/json")
    assert (answered.status_code, answered.json()["code"]) == (409, "revealed")
    assert Rating.objects.count() == 3


@pytest.mark.parametrize("module", sorted(ROOM.glob("*.py")), ids=lambda path: path.stem)
def test_no_module_of_the_room_but_the_reveal_can_name_a_source(module: Path) -> None:
    names = {name.rsplit(".", 1)[-1] for name in imported_names(module)}
    knowing = names & {"human_sources", "source_labels", "StudySource", "TripleCard", "Rationale", "Source"}
    assert bool(knowing) == (module.stem == "reveal"), knowing
