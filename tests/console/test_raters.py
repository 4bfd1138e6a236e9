"""The page of a study's raters: links shown once, new ones, revoked ones."""

from __future__ import annotations

import re

import pytest

from accounts.audit import COMMAND
from accounts.models import AuditEvent
from accounts.tokens import mint_staff_token
from ratings.slots.models import Rater, RaterToken
from ratings.studies.services import close_study
from tests.console.ladder import climb_act, climb_page, queries_of
from tests.worlds import make_raters, make_study

ADDRESS = "/studies/trial/raters/"


@pytest.fixture
def study(db):
    return make_study(questions=3)


def links_in(page: str) -> list[str]:
    return re.findall(r"/join/(scr_[0-9a-f]{48})/", page)


def test_the_page_climbs_the_ladder(client, engineer, blind_analyst, study):
    climb_page(client, ADDRESS, allowed=engineer, refused=blind_analyst)


@pytest.mark.parametrize("act", ["link", "revoke"])
def test_the_acts_climb_the_ladder(client, engineer, blind_analyst, study, act):
    make_raters(count=None, name="anna")  # type: ignore[arg-type]
    climb_act(client, f"{ADDRESS}anna/{act}/", allowed=engineer, refused=blind_analyst)
    assert RaterToken.objects.filter(revoked_at=None).count() == 1
    assert client.post(f"{ADDRESS}nobody/{act}/").status_code == 404


def test_new_links_are_shown_once_and_work(client, engineer, study):
    client.force_login(engineer)
    answer = client.post(ADDRESS, {"name": "anna", "count": "3"})
    links = links_in(answer.content.decode())
    assert answer.status_code == 200 and len(set(links)) == 3
    assert "no-store" in answer["Cache-Control"]
    assert sorted(Rater.objects.values_list("name", flat=True)) == ["anna-1", "anna-2", "anna-3"]
    assert links_in(client.get(ADDRESS).content.decode()) == []
    assert client.post(f"/join/{links[0]}/")["Location"] == "/rate/trial/"
    assert AuditEvent.objects.get(act="rater.create").actor == engineer


def test_a_rater_without_a_number_keeps_the_name(client, engineer, study):
    client.force_login(engineer)
    client.post(ADDRESS, {"name": "anna", "count": ""})
    assert Rater.objects.get().name == "anna"


def test_the_same_name_twice_is_refused_beside_its_field_and_makes_nothing(client, engineer, study):
    client.force_login(engineer)
    client.post(ADDRESS, {"name": "anna", "count": "2"})
    answer = client.post(ADDRESS, {"name": "anna", "count": "2"})
    page = answer.content.decode()
    assert answer.status_code == 422 and "has a rater named" in page and links_in(page) == []
    assert Rater.objects.count() == 2


@pytest.mark.parametrize(
    ("name", "count"), [("", "1"), ("an na", "1"), ("anna", "0"), ("anna", "501"), ("anna", "many")]
)
def test_bad_input_is_refused_and_makes_nothing(client, engineer, study, name, count):
    client.force_login(engineer)
    answer = client.post(ADDRESS, {"name": name, "count": count})
    assert answer.status_code == 422 and b"field__error" in answer.content
    assert not Rater.objects.exists()


def test_a_new_link_works_beside_the_old_one_until_all_are_revoked(client, engineer, study):
    old = make_raters(count=None, name="anna")[0].token  # type: ignore[arg-type]
    client.force_login(engineer)
    (new,) = links_in(client.post(f"{ADDRESS}anna/link/").content.decode())
    assert new != old and RaterToken.objects.filter(revoked_at=None).count() == 2
    for _ in range(2):
        answer = client.post(f"{ADDRESS}anna/revoke/", follow=True)
        assert b"No link of anna works any more" in answer.content
    assert not RaterToken.objects.filter(revoked_at=None).exists()
    assert client.get(f"/join/{new}/").status_code in (401, 404, 410)
    assert Rater.objects.filter(name="anna").exists()


def test_no_link_is_made_for_a_closed_study(client, engineer, study):
    make_raters(count=None, name="anna")  # type: ignore[arg-type]
    close_study("trial", actor=COMMAND)
    client.force_login(engineer)
    refused = client.post(ADDRESS, {"name": "late", "count": "2"})
    assert refused.status_code == 410 and "closed for good" in refused.content.decode()
    assert client.post(f"{ADDRESS}anna/link/").status_code == 410
    token = mint_staff_token(engineer, name="mine")
    bearer = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    told = client.post(
        "/api/v1/studies/trial/raters/", '{"name": "late"}', "application/json", headers=bearer
    )
    assert told.status_code == 410 and told.json()["code"] == "study_closed"
    assert Rater.objects.count() == 1 == RaterToken.objects.count()


def test_the_list_shows_how_far_each_rater_is(client, engineer, study):
    make_raters(count=None, name="anna")  # type: ignore[arg-type]
    Rater.objects.update(done=7)
    client.force_login(engineer)
    page = re.sub(r"\s+", " ", client.get(ADDRESS).content.decode())
    row = page.split('<th scope="row">anna</th>')[1].split("</tr>")[0]
    numbers = re.findall(r'<td class="is-number">(\d+)</td>', row)
    assert numbers == ["7", "1"] and "Human" in row and "never" in row


def test_queries_do_not_grow_with_raters(client, engineer, study):
    client.force_login(engineer)
    make_raters(count=2, name="few")
    few = queries_of(client, ADDRESS)
    make_raters(count=40, name="many")
    assert queries_of(client, ADDRESS) == few <= 10
