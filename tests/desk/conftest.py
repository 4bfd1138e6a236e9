"""A study, its rater, and a client that came in by the rater's link."""

from __future__ import annotations

import pytest
from django.test import Client

from ratings.studies.models import Study
from tests.desk.rows import make_rater, make_study


@pytest.fixture
def study(db) -> Study:
    return make_study()


@pytest.fixture
def secret(study: Study) -> str:
    return make_rater(study)


@pytest.fixture
def rater(secret: str) -> Client:
    """A browser that opened the link and pressed the button."""
    client = Client()
    assert client.post(f"/join/{secret}/").status_code == 303
    return client
