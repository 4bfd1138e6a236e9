"""A rater's pages cannot tell who wrote what."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from accounts import tokens
from ratings.desk import views
from ratings.library.models import Source
from ratings.slots.models import Assignment, Rating, Slot
from ratings.studies.models import Study, StudySource, Triple
from tests.desk.reading import read_form
from tests.desk.rows import SOURCES, make_rater, make_study

DESK = "/rate/trial/"
ROOM = Path(views.__file__).parent


def imported_names(module: Path) -> set[str]:
    """Every dotted name that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("module", sorted(ROOM.glob("*.py")), ids=lambda path: path.stem)
def test_the_room_imports_nothing_that_knows_a_source(module: Path) -> None:
    for name in imported_names(module):
        assert not name.startswith(("ratings.library", "ratings.analysis", "ratings.exports")), name
        assert name.rsplit(".", 1)[-1] not in {"StudySource", "TripleCard", "Rationale", "Source"}, name
        assert name != "ratings.studies.models", "import names from it one by one"


def pages_of(client: Client) -> list[str]:
    """Every page and fragment of one rater's way, in their order."""
    first = client.get(DESK).content.decode()
    swapped = client.post(DESK, read_form(first).fields(1, 2, 2), headers={"HX-Request": "true"})
    skip = {**read_form(swapped.content.decode()).fields(1, None, None), "act": "skip"}
    skipped = client.post(DESK, skip, follow=True)
    key = Rating.objects.filter(skipped=False).values_list("key", flat=True).get()
    paths = ("ratings/", f"ratings/{key}/", f"ratings/{'0' * 32}/")
    others = [client.get(DESK + path).content.decode() for path in paths]
    return [first, swapped.content.decode(), skipped.content.decode(), *others]


def test_no_page_holds_a_source(rater: Client) -> None:
    for page in pages_of(rater):
        for label in SOURCES:
            assert label not in page
        assert "source" not in page.lower()


def test_no_page_holds_the_number_of_a_row(db) -> None:
    # Ids that cannot stand on a page by chance.
    set_next_ids(7_700_001)
    client = Client()
    client.post(f"/join/{make_rater(make_study())}/")
    pages = pages_of(client)
    assert Triple.objects.order_by("pk")[0].pk == 7_700_001
    assert Assignment.objects.order_by("pk")[0].pk == 7_700_001
    for page in pages:
        assert "77000" not in page


def set_next_ids(first: int) -> None:
    """Lets every table of the app count on from `first` (PostgreSQL)."""
    with connection.cursor() as cursor:
        for model in apps.get_app_config("ratings").get_models():
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, false)", [model._meta.db_table, first]
            )


def test_every_attribute_with_a_token_is_random(rater: Client) -> None:
    form = read_form(rater.get(DESK).content.decode())
    assert re.fullmatch(r"[0-9a-f]{32}", form.token)
    assert len({form.token, *form.cards}) == 4
    assert all(re.fullmatch(r"[0-9a-f]{18}", card) for card in form.cards)


def relabelled(study: Study) -> None:
    """Turns the sources' labels round: every rationale keeps its place and changes its name."""
    first, second, third = StudySource.objects.filter(study=study).order_by("index")
    ids = [first.source_id, second.source_id, third.source_id]
    StudySource.objects.filter(study=study).delete()
    for index, source_id in enumerate([ids[1], ids[2], ids[0]]):
        StudySource.objects.create(study=study, source=Source.objects.get(pk=source_id), index=index)


class SeededBytes:
    """A token generator that starts over for every reader."""

    def __init__(self) -> None:
        self.drawn = 0

    def __call__(self, count: int) -> bytes:
        self.drawn += 1
        return self.drawn.to_bytes(count, "big")


def read_all(monkeypatch: pytest.MonkeyPatch, study: Study) -> list[str]:
    monkeypatch.setattr(tokens, "random_bytes", SeededBytes())
    client = Client()
    client.post(f"/join/{make_rater(study)}/")
    return [hide_csrf(page) for page in pages_of(client)]


def hide_csrf(page: str) -> str:
    return re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", page)


EVERYTHING = {"reasons": ["wrong_step"], "confidence": True, "doubts": True, "first_wrong_step": True}


@pytest.mark.parametrize("form", [{}, EVERYTHING], ids=["plain", "everything"])
def test_pages_are_equal_byte_by_byte_when_sources_change_names(
    db, monkeypatch: pytest.MonkeyPatch, form: dict[str, object]
) -> None:
    pages = []
    for turn in (False, True):
        study = make_study(form=form)
        if turn:
            relabelled(study)
        pages.append(read_all(monkeypatch, study))
        forget(study)
    assert pages[0] == pages[1]


def forget(study: Study) -> None:
    Rating.objects.all().delete()
    Slot.objects.filter(study=study).update(state="open", holder=None, lease_expires_at=None)
    Slot.objects.filter(study=study).delete()
    study.raters.all().delete()
    dataset = study.dataset
    study.triples.all().delete()
    study.delete()
    dataset.questions.all().delete()
    dataset.delete()
