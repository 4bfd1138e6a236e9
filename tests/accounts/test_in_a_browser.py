"""The pages about people in a real Chromium: forms pass the CSRF check, links sign in, axe finds nothing."""

from __future__ import annotations

import base64

import pytest

from accounts import people, tokens
from accounts.audit import COMMAND
from accounts.models import User
from accounts.roles import Role
from tests.services.pages import axe_findings


@pytest.fixture
def ada(module_site) -> User:
    """An owner, the same in all tests of this module."""
    user, fresh = User.objects.get_or_create(username="ada", defaults={"role": "owner"})
    if fresh:
        user.set_password("correct horse 7")
        user.save()
    return user


@pytest.mark.parametrize("javascript", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_one_signs_in_makes_a_token_and_signs_out(module_site, ada, new_page, javascript):
    page = new_page(module_site, javascript=javascript)
    page.goto("/people/tokens/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("correct horse 7")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/people/tokens/")
    page.get_by_label("Name").fill("laptop")
    page.get_by_role("button", name="Make a token").click()
    assert page.locator("code.secret").inner_text().startswith("scs_")
    page.goto("/accounts/logout/")
    page.locator("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/")


@pytest.mark.parametrize("javascript", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_sign_in_link_works_in_a_browser_that_hides_its_origin(module_site, ada, new_page, javascript):
    page = new_page(module_site, javascript=javascript)
    page.goto(f"/join/{tokens.mint_sign_in_link(ada)}/")
    with page.expect_request(lambda request: request.method == "POST") as posted:
        page.get_by_role("button", name="Sign in").click()
    assert "referer" not in posted.value.headers
    assert posted.value.response().status == 302
    assert page.goto("/people/").status == 200


def test_an_invitation_is_accepted_in_a_browser(module_site, ada, new_page):
    page = new_page(module_site)
    page.goto(f"/join/{people.invite(ada, role=Role.ENGINEER, note='')}/")
    page.get_by_label("User name").fill("grace")
    page.get_by_label("Password").fill("a fine long one")
    page.get_by_role("button", name="Make my account").click()
    assert page.goto("/people/tokens/").status == 200
    assert User.objects.get(username="grace").role == "engineer"


@pytest.mark.parametrize(
    ("phone", "dark"), [pytest.param(False, False, marks=pytest.mark.slow), (True, True)]
)
def test_axe_finds_nothing(module_site, ada, new_page, phone, dark):
    page = new_page(module_site, phone=phone, dark=dark)
    people.create_researcher(f"p-{phone}", role=Role.ADMIN, again=False, actor=COMMAND)
    invitation = people.invite(ada, role=Role.ADMIN, note="for Eve")
    addresses = ["/accounts/login/", f"/join/{invitation}/", "/join/scl_0/", "/nothing/"]
    findings = {}
    for address in addresses:
        page.goto(address)
        findings[address] = axe_findings(page)
    page.goto(f"/join/{tokens.mint_sign_in_link(ada)}/")
    findings["join"] = axe_findings(page)
    page.get_by_role("button", name="Sign in").click()
    for address in ("/people/", "/people/tokens/", "/audit/", "/accounts/2fa/", "/accounts/password/change/"):
        page.goto(address)
        findings[address] = axe_findings(page)
        width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width == 0, f"{address} scrolls sideways by {width} px"
    assert {address: found for address, found in findings.items() if found} == {}


def test_the_code_to_scan_is_shown(module_site, new_page):
    """The QR code is a data: image, which the policy allows."""
    user = User.objects.create_user(username="scanner", role="engineer")
    page = new_page(module_site)
    page.goto(f"/join/{tokens.mint_sign_in_link(user)}/")
    page.get_by_role("button", name="Sign in").click()
    page.goto("/accounts/2fa/totp/activate/")
    image = page.locator("main img")
    assert image.evaluate("image => image.complete && image.naturalWidth > 0")
    assert b"<svg" in base64.b64decode(image.get_attribute("src").split(",")[1])
    assert axe_findings(page) == []
