"""What the browser tests of the desk do again and again."""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ratings.slots.models import Rating
from ratings.studies.form import REASONS
from ratings.studies.models import Study
from ratings.studies.orders import ORDERS
from tests.desk.rows import make_rater, make_study

_numbers = itertools.count(1)

#: Everything that a form can ask for at once.
EVERYTHING = {"reasons": list(REASONS), "confidence": True, "doubts": True, "first_wrong_step": True}


def enter(page: Page, study: Study, *, script: bool = True) -> None:
    """Opens the link of a new rater and presses its button."""
    page.goto(f"/join/{make_rater(study, f'one-{next(_numbers)}')}/")
    page.locator("form button").click()
    if script:
        expect(page.locator("html.has-script")).to_have_count(1)


def card(page: Page, position: int) -> Any:
    return page.locator("[data-card]").nth(position)


def places(page: Page) -> str:
    """The places of the cards from left to right, "-" for none."""
    found = []
    for each in page.locator("[data-card]").all():
        checked = each.locator("[data-place]:checked")
        found.append(str(checked.get_attribute("data-place")) if checked.count() else "-")
    return "".join(found)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def latest(study: Study) -> Rating:
    return Rating.objects.filter(study=study, current=True).latest("id")


def by_position(rating: Rating) -> list[list[int]]:
    """The ranking as positions: best first, ties in one group."""
    positions = {source: position for position, source in enumerate(ORDERS[rating.order or 0])}
    return [sorted(positions[source] for source in group) for group in rating.ranking]


def saved(page: Page, done: int) -> None:
    expect(page.locator(".question__progress")).to_contain_text(f"{done} of 12 rated", timeout=15_000)


def study_of(**form: object) -> Study:
    return make_study(f"form-{next(_numbers)}", per_rater=12, form=form)


#: Further samples of a property that the default run shows once.
slow = partial(pytest.param, marks=pytest.mark.slow)
