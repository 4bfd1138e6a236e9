"""The desk over HTTP: what it stores, whom it turns away, and what a repeat does."""

from __future__ import annotations

import pytest
from django.test import Client

from ratings.slots.models import Assignment, Rating, Slot
from ratings.studies.models import Study
from ratings.studies.orders import ORDERS
from tests.desk.reading import CardForm, read_form
from tests.desk.rows import make_rater, make_study

DESK = "/rate/trial/"
SWAP = {"HX-Request": "true"}


def open_form(client: Client, path: str = DESK) -> CardForm:
    return read_form(client.get(path).content.decode())


def test_the_desk_shows_three_cards_with_nothing_ranked(rater: Client) -> None:
    response = rater.get(DESK)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store, private"
    form = read_form(response.content.decode())
    assert form.places == {}
    assert not form.all_bad
    assert Assignment.objects.get().token == form.token


def test_reloading_shows_the_assignment_that_is_held(rater: Client) -> None:
    assert open_form(rater).token == open_form(rater).token
    assert Assignment.objects.count() == 1


def test_a_submit_stores_the_places_by_source_and_leads_to_the_next(rater: Client) -> None:
    form = open_form(rater)
    response = rater.post(DESK, form.fields(2, 1, 2, active_seconds="7", comment="clear"))
    rating = Rating.objects.get()
    assert response.status_code == 303
    assert response.headers["Location"] == f"{DESK}?after=saved&rating={rating.key}"
    order = ORDERS[rating.order or 0]
    assert rating.ranking == [[order[1]], sorted([order[0], order[2]])]
    assert (rating.active_seconds, rating.comment, rating.skipped) == (7, "clear", False)
    after = rater.get(response.headers["Location"]).content.decode()
    assert read_form(after).token != form.token
    assert "Saved." in after
    assert f'href="{DESK}ratings/{rating.key}/"' in after


def test_the_same_submit_thrice_is_one_rating(rater: Client) -> None:
    fields = open_form(rater).fields(1, 2, 3)
    answers = [rater.post(DESK, fields) for _ in range(3)]
    assert {answer.headers["Location"] for answer in answers} == {answers[0].headers["Location"]}
    assert Rating.objects.count() == 1


def test_another_ranking_of_a_rated_triple_leaves_the_first_and_says_so(rater: Client) -> None:
    form = open_form(rater)
    rater.post(DESK, form.fields(1, 2, 3))
    before = Rating.objects.get().ranking
    response = rater.post(DESK, form.fields(3, 2, 1), follow=True)
    assert "Your first rating stands" in response.content.decode()
    assert Rating.objects.get().ranking == before


def test_no_place_at_all_is_refused_and_the_page_keeps_what_was_written(rater: Client) -> None:
    form = open_form(rater)
    response = rater.post(DESK, form.fields(None, None, None, comment="hard to say"))
    html = response.content.decode()
    assert response.status_code == 422
    assert "Give at least one a place. Or say: all bad." in html
    assert "hard to say" in html
    assert read_form(html).token == form.token
    assert not Rating.objects.exists()


def test_all_bad_needs_no_places(rater: Client) -> None:
    rater.post(DESK, open_form(rater).fields(None, None, None, all_bad="1"))
    rating = Rating.objects.get()
    assert (rating.all_bad, rating.ranking) == (True, [])


def test_a_card_may_be_left_out(rater: Client) -> None:
    rater.post(DESK, open_form(rater).fields(1, None, 2))
    rating = Rating.objects.get()
    order = ORDERS[rating.order or 0]
    assert rating.ranking == [[order[0]], [order[2]]]


def test_a_card_of_another_assignment_is_refused(rater: Client) -> None:
    form = open_form(rater)
    response = rater.post(DESK, {"token": form.token, "place-0123456789abcdef01": "1"})
    assert response.status_code == 422
    assert not Rating.objects.exists()


def test_a_swap_gets_the_next_triple_alone(rater: Client) -> None:
    form = open_form(rater)
    response = rater.post(DESK, form.fields(1, 2, 3), headers=SWAP)
    html = response.content.decode()
    assert response.status_code == 200
    assert html.lstrip().startswith('<div id="triple"')
    assert "<html" not in html
    assert read_form(html).token != form.token
    assert response.headers["HX-Replace-Url"].startswith(f"{DESK}?after=saved")


def test_a_skip_keeps_its_reason_and_can_be_undone(rater: Client) -> None:
    form = open_form(rater)
    skipped = rater.post(DESK, form.fields(1, None, None, act="skip", reason="unclear"), follow=True)
    rating = Rating.objects.get()
    assert (rating.skipped, rating.skip_reason, rating.ranking) == (True, "unclear", [])
    assert read_form(skipped.content.decode()).token != form.token
    back = rater.post(f"{DESK}unskip/", follow=True)
    assert read_form(back.content.decode()).token == form.token
    assert not Rating.objects.filter(current=True).exists()


def test_without_a_skip_there_is_nothing_to_undo(rater: Client) -> None:
    form = open_form(rater)
    response = rater.post(f"{DESK}unskip/", follow=True)
    assert "There is no skip to undo" in response.content.decode()
    assert Assignment.objects.get(state="held").token == form.token


def test_when_nothing_is_left_the_rater_is_thanked(db) -> None:
    client = Client()
    client.post(f"/join/{make_rater(make_study(triples=1))}/")
    response = client.post(DESK, open_form(client).fields(1, 2, 3), follow=True)
    html = response.content.decode()
    assert "Thank you" in html
    assert "You have rated 1 question," in html


def test_the_quota_ends_the_work_and_is_shown(db) -> None:
    client = Client()
    client.post(f"/join/{make_rater(make_study(per_rater=2))}/")
    for done in range(2):
        html = client.get(DESK).content.decode()
        assert f"{done} of 2 rated" in html
        client.post(DESK, read_form(html).fields(1, 2, 3))
    assert "Thank you" in client.get(DESK).content.decode()
    assert Rating.objects.count() == 2


@pytest.mark.parametrize(
    ("state", "status", "words"), [("paused", 409, "The study rests"), ("closed", 410, "The study is closed")]
)
def test_a_study_that_is_not_open_says_so(
    rater: Client, study: Study, state: str, status: int, words: str
) -> None:
    Study.objects.filter(pk=study.pk).update(state=state)
    response = rater.get(DESK)
    assert response.status_code == status
    assert words in response.content.decode()
    assert not Assignment.objects.exists()


def test_a_held_triple_is_taken_while_the_study_rests(rater: Client, study: Study) -> None:
    form = open_form(rater)
    Study.objects.filter(pk=study.pk).update(state="paused")
    response = rater.post(DESK, form.fields(1, 2, 3), follow=True)
    assert response.status_code == 409
    assert Rating.objects.count() == 1


def test_nothing_is_taken_after_closing(rater: Client, study: Study) -> None:
    form = open_form(rater)
    Study.objects.filter(pk=study.pk).update(state="closed")
    assert rater.post(DESK, form.fields(1, 2, 3)).status_code == 410
    assert not Rating.objects.exists()
    swap = rater.post(DESK, form.fields(1, 2, 3), headers=SWAP)
    # The page that the script goes to says what became of this very answer.
    assert swap.headers["HX-Redirect"] == f"{DESK}?after=late"
    late = rater.get(swap.headers["HX-Redirect"]).content.decode()
    assert "came after it closed and is not kept" in late
    assert "is not kept" not in rater.get(DESK).content.decode()


PATHS = ("", "draft/", "lease/", "unskip/", "ratings/", f"ratings/{'0' * 32}/")


@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_is_told_to_open_the_link(study: Study, client: Client, path: str) -> None:
    posts = path in ("draft/", "lease/", "unskip/")
    response = client.post(DESK + path) if posts else client.get(DESK + path)
    assert response.status_code == 401
    assert not Assignment.objects.exists()


@pytest.mark.parametrize("path", PATHS)
def test_another_studys_cookie_opens_nothing(rater: Client, path: str) -> None:
    make_study("other")
    other = f"/rate/other/{path}"
    posts = path in ("draft/", "lease/", "unskip/")
    response = rater.post(other) if posts else rater.get(other)
    assert response.status_code == 403
    assert not Assignment.objects.exists()


def test_a_forged_cookie_is_a_stranger(study: Study, client: Client) -> None:
    client.cookies["rater"] = "scr_" + "0" * 48
    assert client.get(DESK).status_code == 401


def test_another_raters_assignment_is_unknown(rater: Client, study: Study) -> None:
    other = Client()
    other.post(f"/join/{make_rater(study, 'rater-2')}/")
    fields = open_form(other).fields(1, 2, 3)
    assert rater.post(DESK, fields).status_code == 404
    assert not Rating.objects.exists()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("put", ""),
        ("delete", ""),
        ("get", "draft/"),
        ("get", "lease/"),
        ("get", "unskip/"),
        ("post", "ratings/"),
    ],
)
def test_other_methods_are_refused(rater: Client, method: str, path: str) -> None:
    assert getattr(rater, method)(DESK + path).status_code == 405


def test_a_submit_without_the_forms_secret_is_refused(rater: Client, secret: str) -> None:
    checking = Client(enforce_csrf_checks=True)
    checking.cookies = rater.cookies
    fields = open_form(rater).fields(1, 2, 3)
    assert checking.post(DESK, fields).status_code == 403
    assert not Rating.objects.exists()


def test_a_study_that_does_not_exist_looks_like_another_study(rater: Client) -> None:
    assert rater.get("/rate/nowhere/").status_code == 403


def test_instructions_can_be_read_again_and_hold_no_link(db) -> None:
    client = Client()
    words = "Rank **well**. [A link](https://example.org) <script>alert(1)</script>"
    client.post(f"/join/{make_rater(make_study(instructions=words))}/")
    html = client.get(DESK).content.decode()
    assert "<strong>well</strong>" in html
    assert "example.org" not in html
    assert "<script>alert" not in html


def test_a_finished_slot_stays_with_its_rater(rater: Client) -> None:
    form = open_form(rater)
    rater.post(DESK, form.fields(1, 2, 3))
    assert Slot.objects.get(assignments__token=form.token).state == "rated"
