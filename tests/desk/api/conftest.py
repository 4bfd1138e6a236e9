"""A rater who is a program: in this folder it takes the browser's place."""

from __future__ import annotations

import pytest

from tests.desk.calls import Program
from tests.worlds import make_raters, make_study


@pytest.fixture
def rater() -> Program:
    make_study(questions=5)
    return Program(make_raters(count=1)[0].token)


@pytest.fixture
def other(rater: Program) -> Program:
    return Program(make_raters(count=1, name="other")[0].token)
