"""A simulated rater's loop through the real pages: the link, its button, the card form, without JavaScript.

Each rater has a browser of its own: cookies, and whatever page came last. Only what a person could press is sent.
"""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import Any

from django.conf import settings

from accounts.errors import StarchamberError
from ratings.slots.models import Rating

TIMEOUT_SECONDS = 60


class SiteUnreachable(StarchamberError):
    code = "site_unreachable"


class _Inputs(HTMLParser):
    """The hidden and named inputs of a page's POST forms: {name: [value]}."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "input" and said.get("name"):
            self.found.setdefault(said["name"], []).append(said.get("value", ""))

    def first(self, name: str) -> str:
        return self.found.get(name, [""])[0]


@dataclass(slots=True)
class _Browser:
    """One rater's cookies and last page."""

    opener: urllib.request.OpenerDirector = field(
        default_factory=lambda: urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    )
    page: str = ""

    def get(self, address: str) -> str:
        return self._open(urllib.request.Request(address))  # noqa: S310  # PUBLIC_URL is http(s)

    def post(self, address: str, fields: dict[str, str]) -> str:
        """Follows the redirect after it, as browsers do."""
        body = urllib.parse.urlencode(fields).encode()
        request = urllib.request.Request(address, data=body, headers={"Referer": address})  # noqa: S310
        return self._open(request)

    def _open(self, request: urllib.request.Request) -> str:
        try:
            with self.opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                self.page = response.read().decode()
        except urllib.error.HTTPError as error:
            raise SiteUnreachable(f"{request.full_url} answered {error.code}.") from error
        except OSError as error:
            raise SiteUnreachable(
                f"No site answers at {settings.PUBLIC_URL}: {error}. Start one (make serve)."
            ) from error
        return self.page


class PageDesk:
    """The two calls of a simulation, through pages."""

    def __init__(self, study: str) -> None:
        self.address = f"{settings.PUBLIC_URL}/rate/{study}/"
        self._browsers: dict[str, _Browser] = {}

    def first(self, token: str) -> dict[str, Any] | None:
        browser = self._browsers[token] = _Browser()
        link = f"{settings.PUBLIC_URL}/join/{token}/"
        csrf = _Inputs(browser.get(link)).first("csrfmiddlewaretoken")
        return _assignment(browser.post(link, {"csrfmiddlewaretoken": csrf}))

    def submit(self, token: str, assignment: str, body: dict[str, Any]) -> tuple[bool, dict[str, Any] | None]:
        """body: as for calls; of it the ranking and the seconds, which is what the card form is filled with."""
        browser = self._browsers[token]
        inputs = _Inputs(browser.page)
        fields = {
            "csrfmiddlewaretoken": inputs.first("csrfmiddlewaretoken"),
            "token": assignment,
            "act": "submit",
            "active_seconds": str(body.get("active_seconds", "")),
        }
        if body.get("all_bad"):
            fields["all_bad"] = "1"
        for place, group in enumerate(body["ranking"], start=1):
            for card in group:
                fields |= _place(inputs, card, place)
        following = _assignment(browser.post(self.address, fields))
        # The page does not say it, and a person need not know.
        surplus = Rating.objects.filter(assignment__token=assignment, surplus=True).exists()
        return surplus, following


def _place(inputs: _Inputs, card: str, place: int) -> dict[str, str]:
    """The field that gives a card its place, as far as the form offers it."""
    if str(place) in inputs.found.get(f"place-{card}", ()):
        return {f"place-{card}": str(place)}
    return {"best": card} if card in inputs.found.get("best", ()) and place == 1 else {}


def _assignment(page: str) -> dict[str, Any] | None:
    """The assignment on a page; None where there is none any more."""
    token = _Inputs(page).first("token")
    return {"token": token} if token else None
