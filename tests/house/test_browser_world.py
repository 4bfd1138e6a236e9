"""The browser of the suite is a real one, and a page's complaints reach the test."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from accounts.models import User
from tests.services.pages import Pages
from tests.services.site import Site


@pytest.mark.parametrize(
    ("javascript", "phone"),
    [
        pytest.param(True, True, marks=pytest.mark.slow),
        pytest.param(False, False, marks=pytest.mark.slow),
        pytest.param(True, False, marks=pytest.mark.slow),
        pytest.param(False, True, marks=pytest.mark.slow),
    ],
)
def test_a_page_of_a_live_site_opens(
    module_site: Site, new_page: Callable[..., Page], javascript: bool, phone: bool
) -> None:
    page = new_page(module_site, phone=phone, javascript=javascript)
    answer = page.goto("/accounts/login/")
    assert answer is not None
    assert answer.status == 200
    assert page.locator("form").count() >= 1
    assert page.viewport_size == ({"width": 390, "height": 844} if phone else {"width": 1280, "height": 800})


def test_the_test_process_and_the_site_share_one_database(
    module_site: Site, new_page: Callable[..., Page]
) -> None:
    User.objects.create_user(username="mallory", password="correct horse 7")
    page = new_page(module_site)
    page.goto("/accounts/login/")
    page.fill("[name=login]", "mallory")
    page.fill("[name=password]", "correct horse 7")
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda url: "login" not in url)


def test_script_errors_and_refused_content_are_noticed(module_site: Site, browser) -> None:
    pages = Pages(browser)
    page = pages.open(module_site)
    page.goto("/accounts/login/")
    page.evaluate("setTimeout(() => { throw new Error('broken on purpose') }, 0)")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">red</p>')")
    page.wait_for_timeout(200)
    pages.close()
    assert any("broken on purpose" in line for line in pages.complaints)
    assert any("Content Security Policy" in line for line in pages.complaints)
