"""Every form of a study in a real browser: keys, taps, no JavaScript, and what is said beside the ranking."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from ratings.slots.models import Flag, Rating
from ratings.studies.orders import ORDERS
from tests.browser.desk_steps import (
    EVERYTHING,
    by_position,
    card,
    enter,
    latest,
    places,
    press,
    saved,
    slow,
    study_of,
)
from tests.services.site import Site

NewPage = Callable[..., Page]


@pytest.mark.parametrize(
    ("form", "keys", "shown", "ranking"),
    [
        slow({"kind": "best", "ties": False}, ("2", "3"), "--1", [[2]]),
        ({"kind": "best"}, ("2", "=", "3"), "-11", [[1, 2]]),
        slow({"kind": "best_worst"}, ("3", "1"), "2-1", [[2], [1], [0]]),
        slow({"kind": "best_worst"}, ("3", "=", "2", "1"), "211", [[1, 2], [0]]),
        slow({"kind": "pairwise"}, ("2",), "21", [[1], [0]]),
        ({"kind": "pairwise"}, ("2", "1", "1", "1"), "12", [[0], [1]]),
        slow({"kind": "pairwise"}, ("2", "="), "11", [[0, 1]]),
        slow(
            {"ties": False, "partial": False, "all_bad": False},
            ("2", "=", "3", "0", "1"),
            "312",
            [[1], [2], [0]],
        ),
    ],
)
def test_each_form_by_keys(
    module_site: Site, new_page: NewPage, form: dict, keys: tuple, shown: str, ranking: list
) -> None:
    study = study_of(**form)
    page = new_page(module_site)
    enter(page, study)
    press(page, *keys)
    assert places(page) == shown
    press(page, "Enter")
    saved(page, 1)
    rating = latest(study)
    assert by_position(rating) == ranking
    # Looking back: the same places, and another answer by hand.
    page.goto(f"/rate/{study.name}/ratings/{rating.key}/")
    expect(page.locator("html.has-script")).to_have_count(1)
    assert places(page) == shown


@pytest.mark.parametrize(
    ("form", "keys"),
    [
        slow({"kind": "best", "all_bad": False}, ()),
        slow({"kind": "best_worst"}, ("1",)),
        slow({"kind": "pairwise"}, ()),
        ({"partial": False}, ("1", "2")),
    ],
)
def test_too_little_is_not_sent(module_site: Site, new_page: NewPage, form: dict, keys: tuple) -> None:
    study = study_of(**form)
    page = new_page(module_site)
    enter(page, study)
    press(page, *keys, "Enter", "Enter")
    expect(page.locator("[data-status]")).to_contain_text(("Choose", "Give")["partial" in form])
    assert not Rating.objects.filter(study=study).exists()


@pytest.mark.slow
def test_each_form_by_touch(module_site: Site, new_page: NewPage) -> None:
    for kind, taps, ranking in (
        ("best", (1, 2), [[2]]),
        ("best_worst", (2, 0), [[2], [1], [0]]),
        ("pairwise", (1,), [[1], [0]]),
    ):
        study = study_of(kind=kind, ties=False)
        page = new_page(module_site, phone=True)
        page.set_viewport_size({"width": 360, "height": 740})
        enter(page, study)
        for position in taps:
            card(page, position).locator(".rationale__text").tap()
        page.get_by_role("button", name="Submit").tap()
        saved(page, 1)
        assert by_position(latest(study)) == ranking, kind


@pytest.mark.parametrize(
    ("form", "chosen", "ranking"),
    [
        ({"kind": "best", "ties": False}, {2: "Best"}, [[2]]),
        slow({"kind": "best"}, {2: "Best", 0: "Best"}, [[0, 2]]),
        ({"kind": "best_worst"}, {2: "Best", 0: "Worst"}, [[2], [1], [0]]),
        slow({"kind": "pairwise"}, {0: "Better"}, [[0], [1]]),
    ],
)
def test_each_form_without_javascript(
    module_site: Site, new_page: NewPage, form: dict, chosen: dict, ranking: list
) -> None:
    study = study_of(**form)
    page = new_page(module_site, javascript=False)
    enter(page, study, script=False)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("#refusal")).to_contain_text("Choose")
    for position, name in chosen.items():
        card(page, position).get_by_label(name, exact=True).check()
    page.get_by_role("button", name="Submit").click()
    saved(page, 1)
    assert by_position(latest(study)) == ranking


def by_card(rating: Rating, said: dict) -> dict[int, object]:
    """What was said by source, by position."""
    order = ORDERS[rating.order or 0]
    return {position: said[str(source)] for position, source in enumerate(order) if str(source) in said}


def test_a_whole_triple_by_keyboard_alone_with_everything_on(module_site: Site, new_page: NewPage) -> None:
    study = study_of(**EVERYTHING)
    page = new_page(module_site)
    enter(page, study)
    press(page, "2", "1", "3")
    press(page, "x", "Space")  # the first card's first step is wrong
    press(page, "x", "Space", "Backspace")  # the second one's is not, after all
    by_button = page.get_by_role("button", name="Mark the first wrong step Triangle")
    by_button.press("Enter")
    expect(page.locator("#status")).to_contain_text("Tap the first step that is wrong.")
    press(page, "Space")
    expect(by_button).to_have_attribute("aria-pressed", "false")
    assert card(page, 2).locator(".step :checked").count() == 1
    press(page, "Backspace")
    press(page, "e", "Space", "Tab", "Space")  # the first card's first two reasons
    press(page, "c", "c", "a", "q", "q")
    page.keyboard.press("f")
    expect(page.get_by_role("button", name="Tell the researchers")).to_be_focused()
    press(page, "Shift+Tab", "ArrowDown", "Tab", "Enter")
    expect(page.locator("#announcer")).to_contain_text("Flagged")
    press(page, "Enter")
    saved(page, 1)
    rating = latest(study)
    assert by_position(rating) == [[1], [0], [2]]
    assert by_card(rating, rating.first_wrong_step) == {0: 0}
    assert by_card(rating, rating.reasons) == {0: ["begs_the_question", "question_implies_answer"]}
    assert (rating.confidence, rating.doubts) == (2, ["answer_wrong"])
    flag = Flag.objects.get(assignment__rater__study=study)
    assert (flag.reason, flag.assignment_id) == ("gives_away", rating.assignment_id)


def test_a_whole_triple_by_touch_with_everything_on(module_site: Site, new_page: NewPage) -> None:
    study = study_of(**EVERYTHING)
    page = new_page(module_site, phone=True)
    page.set_viewport_size({"width": 360, "height": 740})
    enter(page, study)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for position in (2, 0, 1):
        card(page, position).locator(".step__text").first.tap()
    # In words: a button, then the step itself, which ranks nothing meanwhile; beside the steps a tap only ends that.
    card(page, 1).get_by_role("button", name="Mark the first wrong step").tap()
    expect(page.locator("#status")).to_contain_text("Tap the first step that is wrong.")
    card(page, 1).locator("h2").tap()
    card(page, 1).get_by_role("button", name="Mark the first wrong step").tap()
    card(page, 1).locator(".step__text").last.tap()
    assert places(page) == "231"
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    expect(page.locator("#status")).to_contain_text("All three have a place.")
    card(page, 2).locator(".step__mark").first.tap()
    card(page, 2).locator(".step__mark").first.tap()  # again: taken back
    card(page, 1).locator(".why summary").tap()
    card(page, 1).locator(".chip", has_text="A step is wrong").tap()
    page.locator(".sure label").last.tap()
    page.locator(".doubts .chip").last.tap()
    assert places(page) == "231"
    page.get_by_role("button", name="Submit").tap()
    saved(page, 1)
    rating = latest(study)
    assert by_position(rating) == [[2], [0], [1]]
    assert set(by_card(rating, rating.first_wrong_step)) == {1}
    assert by_card(rating, rating.reasons) == {1: ["wrong_step"]}
    assert (rating.confidence, rating.doubts) == (3, ["question_unclear"])


def test_a_whole_triple_without_javascript_with_everything_on(module_site: Site, new_page: NewPage) -> None:
    study = study_of(**EVERYTHING)
    page = new_page(module_site, javascript=False)
    enter(page, study, script=False)
    for position, name in enumerate(("2nd", "1st", "3rd")):
        card(page, position).get_by_label(name, exact=True).check()
    card(page, 0).get_by_label("Step 1 is the first wrong one").check()
    card(page, 2).get_by_label("Step 1 is the first wrong one").check()
    card(page, 2).get_by_label("No wrong step").check()
    card(page, 0).locator(".why summary").click()
    card(page, 0).get_by_label("Hard to follow").check()
    page.get_by_label("Fairly sure").check()
    page.get_by_label("The given answer is wrong").check()
    # A flag without a script leaves and comes back: nothing that was entered is lost.
    page.locator(".flag summary").click()
    page.get_by_label("What is the problem?").select_option("other")
    page.get_by_role("button", name="Tell the researchers").click()
    expect(page.locator("#note")).to_contain_text("Flagged")
    assert places(page) == "213"
    page.get_by_role("button", name="Submit").click()
    saved(page, 1)
    rating = latest(study)
    assert by_card(rating, rating.first_wrong_step) == {0: 0}
    assert by_card(rating, rating.reasons) == {0: ["hard_to_follow"]}
    assert (rating.confidence, rating.doubts, rating.signals) == (2, ["answer_wrong"], {})
    assert Flag.objects.get(assignment=rating.assignment).reason == "other"


def test_everything_is_restored_on_reload_and_on_revision(module_site: Site, new_page: NewPage) -> None:
    study = study_of(**EVERYTHING)
    page = new_page(module_site)
    enter(page, study)
    press(page, "1", "2", "3", "x", "Space", "e", "Space", "c")
    with page.expect_response(lambda response: response.url.endswith("/draft/")):
        press(page, "a")

    def said() -> list[str]:
        return [box.get_attribute("name") or "" for box in page.locator("input:checked").all()]

    before = [name for name in said() if name]
    page.reload()
    assert sorted(name for name in said() if name) == sorted(before)
    press(page, "Enter")
    saved(page, 1)
    first = latest(study)
    page.goto(f"/rate/{study.name}/ratings/{first.key}/")
    assert len([name for name in said() if name]) == len(before)
    page.get_by_label("Sure", exact=True).check()
    page.get_by_role("button", name="Save revision").click()
    expect(page.locator("#note")).to_contain_text("Your revision is saved")
    second = latest(study)
    assert (second.revision, second.confidence) == (2, 3)
    assert (second.first_wrong_step, second.reasons, second.doubts) == (
        first.first_wrong_step,
        first.reasons,
        first.doubts,
    )


def test_signals_are_sent_with_the_submit(module_site: Site, new_page: NewPage) -> None:
    study = study_of()
    page = new_page(module_site)
    page.clock.install()
    enter(page, study)
    press(page, "1", "1", "2", "1", "3")
    page.evaluate("window.dispatchEvent(new Event('blur'))")
    page.clock.run_for(4_000)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    page.get_by_text("Add a comment").click()
    page.get_by_label("Comment", exact=True).evaluate(
        "box => box.dispatchEvent(new ClipboardEvent('paste', {bubbles: true}))"
    )
    page.locator(".rationales").scroll_into_view_if_needed()
    page.clock.run_for(2_000)
    page.get_by_role("button", name="Submit").click()
    page.clock.run_for(1_000)
    saved(page, 1)
    signals = latest(study).signals
    assert signals["focus_losses"] == 1
    assert signals["away_seconds"] == 4
    assert 6 <= signals["seconds"] <= 12
    assert (signals["changes"], signals["pastes"], signals["read_to_end"]) == (5, 1, 3)
    # The median of what this rater needs, and what remains.
    expect(page.locator("[data-pace]")).to_contain_text("each")
    expect(page.locator("[data-pace]")).to_contain_text("to go")


def test_keys_can_be_changed_and_conflicts_are_named(module_site: Site, new_page: NewPage) -> None:
    study = study_of()
    page = new_page(module_site)
    enter(page, study)
    press(page, "?")
    row = page.locator("[data-key-act=card1]")
    row.get_by_role("button").click()
    press(page, "s")
    expect(page.locator("#key-status")).to_contain_text("“s” is taken by: Skip this one")
    press(page, "j")
    expect(row.locator("kbd")).to_have_text("j")
    page.get_by_role("button", name="Back to rating").click()
    expect(card(page, 0).locator("kbd")).to_have_text("j")
    press(page, "1")
    assert places(page) == "---"
    press(page, "j")
    assert places(page) == "1--"
    page.reload()
    expect(page.locator("html.has-script")).to_have_count(1)
    assert places(page) == "1--"
    press(page, "j")
    assert places(page) == "---"
    press(page, "?")
    page.get_by_role("button", name="All keys as at first").click()
    page.get_by_role("button", name="Back to rating").click()
    press(page, "2", "1")
    assert places(page) == "21-"
