"""Pages of the session's Chromium, each in a context of its own, watched for script errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

if TYPE_CHECKING:
    from accounts.models import User

#: A common small phone and a common laptop (CSS pixels).
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}


class Pages:
    """Opens pages and remembers what they complained about: uncaught errors and refused content."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def open(
        self,
        site: Any = None,
        *,
        phone: bool = False,
        dark: bool = False,
        javascript: bool = True,
        **options: Any,
    ) -> Page:
        """A fresh page without cookies. With `site`, addresses may be given as paths."""
        context = self._browser.new_context(
            base_url=None if site is None else site.url,
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]
            has_touch=phone,
            is_mobile=phone,
            device_scale_factor=2 if phone else 1,
            color_scheme="dark" if dark else "light",
            java_script_enabled=javascript,
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(10_000)
        self._contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("console", self._read_console)
        return page

    def _read_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            self.complaints.append(message.text)

    def close(self) -> None:
        for context in self._contexts:
            context.close()


def axe_findings(page: Page) -> list[str]:
    """What axe finds wrong on the page: one line a rule, with the elements that break it."""
    violations = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {[node['target'] for node in rule['nodes']]}" for rule in violations]


def sign_in(page: Page, user: User) -> Page:
    """Opens a one-use sign-in link of `user` and presses its button; the page is the home page then."""
    from accounts import tokens

    page.goto(f"/join/{tokens.mint_sign_in_link(user)}/")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    return page
