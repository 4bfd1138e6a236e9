"""The one address of ratings: all of a study's for the staff, the last ten of one's own for a rater."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from accounts.tokens import mint_staff_token
from ratings.slots import services
from ratings.studies.models import Study
from tests.worlds import SOURCES, make_raters, make_study, ranking_of

pytestmark = pytest.mark.django_db

URL = "/api/v1/ratings/"


@pytest.fixture(autouse=True)
def fresh_counters():
    cache.clear()


@pytest.fixture
def staff(engineer) -> Client:
    return Client(headers={"Authorization": f"Bearer {mint_staff_token(engineer, name='test')}"})


def held(secret: str) -> dict:
    view = services.next_assignment(secret).view
    assert view is not None
    return view


def rate(secret: str, **more: object) -> str:
    view = held(secret)
    return services.submit_rating(secret, view["token"], {**ranking_of(view), **more}).rating


@pytest.fixture
def closed() -> Study:
    """Two raters: one rated twice and skipped once, the other rated once."""
    study = make_study(questions=6)
    one, other = make_raters(count=2)
    rate(one.token, comment="The second card says nothing.", confidence=2)
    rate(one.token)
    services.skip(one.token, held(one.token)["token"], reason="unclear")
    rate(other.token)
    study.state = "closed"
    study.save()
    return study


def test_the_staff_reads_what_raters_wrote(staff, closed):
    rows = staff.get(URL, {"study": "trial"}).json()["results"]
    assert len(rows) == 4
    first = rows[-1]
    assert (first["rater"], first["confidence"], first["comment"]) == (
        "rater-1",
        2,
        "The second card says nothing.",
    )
    [skip] = [row for row in rows if row["skipped"]]
    assert (skip["skip_reason"], skip["ranking"]) == ("unclear", [])
    assert sorted(skip["shown"]) == sorted(SOURCES)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"rater": "rater-1"}, 3),
        ({"skipped": "true"}, 1),
        ({"skipped": "false", "rater": "rater-2"}, 1),
        ({"raters": "human"}, 4),
        ({"raters": "simulated"}, 0),
        ({"current": "false"}, 0),
        ({"surplus": "true"}, 0),
    ],
)
def test_ratings_are_filtered(staff, closed, query, count):
    assert len(staff.get(URL, {"study": "trial", **query}).json()["results"]) == count


def test_a_filter_that_is_none_is_refused(staff, closed):
    answer = staff.get(URL, {"study": "trial", "raters": "aliens"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_the_staff_names_a_study_that_is_there(staff):
    answer = staff.get(URL)
    assert (answer.status_code, answer.json()["details"]["field"]) == (422, "study")
    assert staff.get(URL, {"study": "none"}).status_code == 404


def test_pages_are_followed_by_their_cursor(staff, closed):
    first = staff.get(URL, {"study": "trial", "page_size": 3}).json()
    second = staff.get(first["next"]).json()
    assert [len(first["results"]), len(second["results"]), second["next"]] == [3, 1, None]


def test_a_page_costs_the_same_for_few_and_for_many(staff, closed, django_assert_num_queries):
    staff.get(URL, {"study": "trial"})
    with django_assert_num_queries(4):
        staff.get(URL, {"study": "trial", "page_size": 1})
    with django_assert_num_queries(4):
        staff.get(URL, {"study": "trial"})


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_ratings_are_only_read_here(staff, closed, method):
    assert getattr(staff, method)(URL).status_code == 405
    [rater] = make_raters(name="third", count=1)
    asked = Client(headers={"Authorization": f"Bearer {rater.token}"})
    assert getattr(asked, method)(URL).status_code == 405


def test_the_description_offers_both_answers_to_both_tokens(db):
    schema = SchemaGenerator().get_schema(request=None, public=True)
    operation = schema["paths"][URL]["get"]
    assert {"staffToken": []} in operation["security"] and {"raterToken": []} in operation["security"]
    answers = operation["responses"]["200"]["content"]["application/json"]["schema"]["oneOf"]
    assert answers == [
        {"$ref": "#/components/schemas/PaginatedRatingList"},
        {"$ref": "#/components/schemas/OwnRatings"},
    ]
    loop = {
        path for path, calls in schema["paths"].items() if "rater" in str(list(calls.values())[0]["tags"])
    }
    assert "/api/v1/assignments/{token}/rating/" in loop
