"""One site of each world for all races of a module; each test has a study of its own on it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from ratings.crowd.raters import NewRater
from tests.conftest import _site
from tests.services.site import Site
from tests.worlds import make_dataset, make_raters, make_study

Arena = Callable[..., tuple[str, list[NewRater]]]


@pytest.fixture(scope="module", params=["postgresql", "sqlite"])
def shared_site(request: pytest.FixtureRequest) -> Iterator[Site]:
    yield from _site(request, request.param)


@pytest.fixture(scope="session")
def _numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture
def arena(_numbers: Iterator[int]) -> Arena:
    """Makes an open study of its own in the test's database: its name and its raters."""

    def make(*, raters: int, questions: int, overlap: int = 3) -> tuple[str, list[NewRater]]:
        name = f"race-{next(_numbers)}"
        make_dataset(name, questions=questions)
        make_study(name, dataset=name, questions=questions, overlap=overlap)
        return name, make_raters(name, count=raters)

    return make
