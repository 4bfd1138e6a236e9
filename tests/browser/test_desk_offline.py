"""A network that is away, a server that is dead, a page that was closed: no answer is lost, doubled or misplaced."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from ratings.slots.models import Assignment, Flag, RaterToken, Rating
from ratings.studies.models import Study
from tests.browser.desk_steps import by_position, enter, latest, places, press, saved
from tests.desk.rows import SOURCES, make_rater, make_study
from tests.services.site import Site

_numbers = itertools.count(1)

NewPage = Callable[..., Page]


def new_study() -> Study:
    return make_study(f"away-{next(_numbers)}", per_rater=12)


def queued(page: Page) -> int:
    script = "JSON.parse(localStorage.getItem('starchamber-queue:' + location.pathname) ?? '[]').length"
    return int(page.evaluate(script))


def drafts(page: Page) -> list[str]:
    """What this browser keeps of drafts, keys and values."""
    script = "Object.entries(localStorage).filter(([key]) => key.includes('-draft:')).map(String)"
    return list(page.evaluate(script))


def goes_away(page: Page, *keys: str) -> None:
    """Submits into the void."""
    page.context.set_offline(True)
    press(page, *keys, "Enter")
    expect(page.locator("#trouble")).to_contain_text("Your answer is kept in this browser")


def test_the_desk_waits_with_one_answer_and_goes_on_when_the_network_is_back(
    module_site: Site, new_page: NewPage
) -> None:
    study = new_study()
    page = new_page(module_site)
    enter(page, study)
    token = page.locator("input[name=token]").input_value()
    goes_away(page, "3", "1", "2")
    # Nothing can be changed or sent twice meanwhile, and no next triple is there.
    page.locator("#announcer").evaluate("place => { place.textContent = ''; }")
    press(page, "u", "Enter", "1")
    expect(page.locator("#announcer")).to_contain_text("the next question comes then")
    assert places(page) == "231"
    assert queued(page) == 1
    assert page.locator("input[name=token]").input_value() == token
    page.context.set_offline(False)
    saved(page, 1)
    rating = Rating.objects.get(study=study)
    assert rating.assignment.token == token
    assert by_position(rating) == [[2], [0], [1]]
    expect(page.locator("#announcer")).to_contain_text("your answer is saved")
    assert queued(page) == 0
    press(page, "1")
    assert places(page) == "1--"


@pytest.mark.slow
def test_a_draft_that_never_reached_the_server_is_there_again(module_site: Site, new_page: NewPage) -> None:
    """Entered without a network, the page closed before it came back; and the younger draft wins over the older."""
    study = new_study()
    page = new_page(module_site)
    enter(page, study)
    address, context = page.url, page.context
    context.set_offline(True)
    press(page, "2", "1", "0")
    page.get_by_text("Add a comment").click()
    page.get_by_label("Comment", exact=True).fill("1 2 3: not keys here")
    assert places(page) == "21-"
    [kept] = drafts(page)
    assert not re.search("|".join(SOURCES), kept) and Assignment.objects.get(rater__study=study).draft is None
    page.close(run_before_unload=False)
    context.set_offline(False)
    again = context.new_page()
    with again.expect_response(lambda response: response.url.endswith("/draft/")) as sent:
        again.goto(address)
    assert sent.value.status == 204
    assert places(again) == "21-"
    expect(again.get_by_label("All bad")).to_be_checked()
    expect(again.get_by_label("Comment", exact=True)).to_have_value("1 2 3: not keys here")
    expect(again.locator("[data-status]")).to_contain_text("All bad")
    again.wait_for_function("() => !Object.keys(localStorage).some((key) => key.includes('-draft:'))")
    # From the server alone, as in another browser.
    again.reload()
    assert places(again) == "21-"
    # Another browser of this rater saves while this one is cut off: its draft is the younger.
    context.set_offline(True)
    press(again, "u")
    assert places(again) == "-1-" and len(drafts(again)) == 1
    held = Assignment.objects.get(rater__study=study)
    card = again.locator("[data-card]").nth(2).get_attribute("data-card")
    held.draft = {"ranking": [[card]], "saved_at": time.time() + 1}
    held.save()
    context.set_offline(False)
    again.reload()
    assert places(again) == "--1"
    press(again, "1", "2", "Enter")
    saved(again, 1)
    assert drafts(again) == []
    # Who is signed out leaves nothing behind.
    RaterToken.objects.filter(rater__study=study, purpose="session").delete()
    with again.expect_response(lambda response: response.url.endswith("/draft/")) as refused:
        press(again, "1")
    assert refused.value.status == 401
    again.wait_for_function("() => !Object.keys(localStorage).some((key) => key.includes('-draft:'))")


@pytest.mark.slow
def test_an_answer_survives_the_closing_of_its_page(module_site: Site, new_page: NewPage) -> None:
    study = new_study()
    page = new_page(module_site)
    enter(page, study)
    address = page.url
    goes_away(page, "1", "2", "3")
    page.close(run_before_unload=False)
    context = page.context
    context.set_offline(False)
    assert not Rating.objects.filter(study=study).exists()
    again = context.new_page()
    again.goto(address)
    saved(again, 1)
    assert by_position(latest(study)) == [[0], [1], [2]]
    assert queued(again) == 0


@pytest.mark.slow
def test_an_answer_that_the_server_had_stored_is_not_stored_twice(
    module_site: Site, new_page: NewPage
) -> None:
    """The server stored it and the answer was lost on the way back: sent again, it is a repeat."""
    study = new_study()
    page = new_page(module_site)
    enter(page, study)

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route(f"**/rate/{study.name}/", lose_the_answer)
    press(page, "1", "2", "3", "Enter")
    expect(page.locator("#trouble")).to_contain_text("kept")
    assert Rating.objects.filter(study=study).count() == 1
    page.unroute(f"**/rate/{study.name}/")
    page.get_by_role("button", name="Try now").click()
    saved(page, 1)
    assert Rating.objects.filter(study=study).count() == 1
    # A clean page for the next triple, not the one that was stored.
    assert places(page) == "---"


@pytest.mark.parametrize(
    "kind",
    ["hangs", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("500", "503", "a hotel's page"))],
)
def test_a_server_that_hangs_or_fails_counts_as_away(module_site: Site, new_page: NewPage, kind: str) -> None:
    study = new_study()
    page = new_page(module_site)
    page.clock.install()
    enter(page, study)

    def answer(route: Route) -> None:
        if kind.isdigit():
            route.fulfill(status=int(kind), body="no")
        elif kind == "a hotel's page":
            route.fulfill(status=200, content_type="text/html", body="<h1>Welcome, room 12</h1>")

    page.route(f"**/rate/{study.name}/", answer)
    press(page, "1", "2", "3", "Enter")
    page.clock.run_for(21_000)
    expect(page.locator("#trouble")).to_contain_text("kept in this browser")
    page.unroute(f"**/rate/{study.name}/")
    page.clock.run_for(31_000)
    saved(page, 1)
    assert Rating.objects.filter(study=study).count() == 1


@pytest.mark.slow
def test_flags_and_skips_wait_too_and_arrive_in_order(module_site: Site, new_page: NewPage) -> None:
    study = new_study()
    page = new_page(module_site)
    enter(page, study)
    page.context.set_offline(True)
    press(page, "f", "f")
    expect(page.locator("#trouble")).to_contain_text("Your flag is kept")
    press(page, "1")  # the task goes on
    assert places(page) == "1--"
    press(page, "s", "s")
    assert queued(page) == 2
    page.context.set_offline(False)
    expect(page.locator("#note")).to_contain_text("Skipped.")
    skipped = Rating.objects.get(study=study, skipped=True)
    assert Flag.objects.get(assignment__rater__study=study).assignment_id == skipped.assignment_id
    assert queued(page) == 0


@pytest.mark.slow
def test_a_study_that_closed_meanwhile_is_said_plainly(module_site: Site, new_page: NewPage) -> None:
    study = new_study()
    page = new_page(module_site)
    enter(page, study)
    goes_away(page, "1", "2", "3")
    Study.objects.filter(pk=study.pk).update(state="closed")
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="The study is closed")).to_be_visible()
    expect(page.locator(".lead")).to_contain_text("came after it closed and is not kept")
    assert not Rating.objects.filter(study=study).exists()
    assert queued(page) == 0


def test_who_is_signed_out_keeps_the_answer_until_the_link_is_opened_again(
    module_site: Site, new_page: NewPage
) -> None:
    study = new_study()
    page = new_page(module_site)
    page.goto(f"/join/{(secret := make_rater(study, 'lost'))}/")
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("html.has-script")).to_have_count(1)
    goes_away(page, "1", "2", "3")
    RaterToken.objects.filter(rater__study=study, purpose="session").delete()
    page.context.set_offline(False)
    expect(page.locator("#trouble")).to_contain_text("Open your link again")
    assert queued(page) == 1
    page.goto(f"/join/{secret}/")
    page.get_by_role("button", name="Begin").click()
    saved(page, 1)
    assert by_position(latest(study)) == [[0], [1], [2]]


@pytest.mark.slow
def test_another_raters_link_never_gets_the_answer(module_site: Site, new_page: NewPage) -> None:
    study = new_study()
    page = new_page(module_site)
    enter(page, study)
    goes_away(page, "1", "2", "3")
    page.close(run_before_unload=False)
    page.context.set_offline(False)
    again = page.context.new_page()
    again.goto(f"/join/{make_rater(study, 'other')}/")
    again.get_by_role("button", name="Begin").click()
    expect(again.locator("#trouble")).to_contain_text("another link")
    assert not Rating.objects.filter(study=study).exists()
    press(again, "2", "1", "3", "Enter")
    saved(again, 1)
    rating = Rating.objects.get(study=study)
    assert (rating.rater.name, by_position(rating)) == ("other", [[1], [0], [2]])
    assert queued(again) == 1


@pytest.mark.slow
def test_a_revision_waits_too(module_site: Site, new_page: NewPage) -> None:
    study = new_study()
    page = new_page(module_site)
    enter(page, study)
    press(page, "1", "2", "3", "Enter")
    saved(page, 1)
    press(page, "u")
    page.wait_for_url("**/ratings/*/")
    expect(page.locator("html.has-script")).to_have_count(1)
    press(page, "u", "u", "3", "2")
    goes_away(page)
    page.context.set_offline(False)
    expect(page.locator("#note")).to_contain_text("Your revision is saved")
    assert by_position(latest(study)) == [[0], [2], [1]]
    assert Rating.objects.filter(study=study).count() == 2
    assert queued(page) == 0


@pytest.mark.slow
def test_two_tabs_settle_one_triple(module_site: Site, new_page: NewPage) -> None:
    """Both hold the same assignment; while the network is away both answer it: the first answer stands, both go on."""
    study = new_study()
    page = new_page(module_site)
    enter(page, study)
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator("html.has-script")).to_have_count(1)
    page.context.set_offline(True)
    press(page, "1", "2", "3", "Enter")
    expect(page.locator("#trouble")).to_contain_text("kept")
    page.context.set_offline(False)
    saved(page, 1)
    press(other, "3", "2", "1", "Enter")
    expect(other.locator("#note")).to_contain_text("Your first rating stands")
    assert by_position(Rating.objects.get(study=study)) == [[0], [1], [2]]


def test_nothing_is_lost_when_the_server_is_killed(module_site: Site, new_page: NewPage) -> None:
    study = new_study()
    page = new_page(module_site)
    enter(page, study)
    press(page, "1", "2", "3")
    module_site.kill()
    press(page, "Enter")
    expect(page.locator("#trouble")).to_contain_text("kept in this browser")
    module_site.restart()
    page.get_by_role("button", name="Try now").click()
    saved(page, 1)
    assert Rating.objects.filter(study=study).count() == 1
    assert Assignment.objects.filter(rater__study=study, state="held").count() == 1


@pytest.mark.slow
def test_a_comment_of_two_megabytes_and_a_card_not_shown_are_refused_and_nothing_is_lost(
    module_site: Site, new_page: NewPage
) -> None:
    study = new_study()
    page = new_page(module_site)
    enter(page, study)
    press(page, "1", "2", "3")
    page.get_by_text("Add a comment").click()
    comment = page.get_by_label("Comment", exact=True)
    comment.evaluate("box => { box.removeAttribute('maxlength'); box.value = 'x'.repeat(2e6); }")
    with page.expect_response(lambda response: response.request.method == "POST") as refused:
        page.get_by_role("button", name="Submit").click()
    assert refused.value.status == 413
    expect(page.locator("#trouble")).to_contain_text("too long to send")
    assert places(page) == "123"
    assert len(comment.input_value()) == 2_000_000
    comment.fill("short")
    page.locator("[data-card] [data-place]").first.evaluate("box => box.name = 'place-' + 'ab'.repeat(9)")
    with page.expect_response(
        lambda response: response.request.method == "POST" and response.url.endswith(f"/{study.name}/")
    ) as refused:
        page.get_by_role("button", name="Submit").click()
    assert refused.value.status == 422
    expect(page.locator("#refusal")).to_contain_text("A card was named that is not on this page")
    expect(page.get_by_label("Comment", exact=True)).to_have_value("short")
    assert places(page) == "-23"
    assert not Rating.objects.filter(study=study).exists()
    press(page, "Escape")
    page.locator("[data-card]").first.locator(".rationale__text").click()
    page.get_by_role("button", name="Submit").click()
    saved(page, 1)
    assert latest(study).comment == "short"
