"""Prolific's API (docs.prolific.com, read 2026-11), the few calls that we need, behind one class.

    GET  submissions/?study={id}                          who took part
    GET  submissions/{id}/                                one of them
    POST submissions/{id}/transition/                     {"action": "APPROVE"} or
                                                          {"action": "REJECT", "message": …, "rejection_category": …}
    POST hooks/subscriptions/                             {"workspace_id", "event_type", "target_url"}
    POST hooks/subscriptions/{id}/                        {"secret": X-Hook-Secret of the answer before}

The token travels in the Authorization header and nowhere else; redirects are not followed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from accounts.errors import InvalidInput, StarchamberError

URL = "https://api.prolific.com/api/v1"
#: Prolific's own rule for a rejection: the person must be told why, at some length.
MIN_REJECTION_CHARACTERS = 100
_ATTEMPTS = 4
_PASSING = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}
_PASSING |= {HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.GATEWAY_TIMEOUT}
_MAX_WAIT_SECONDS = 20.0
_MAX_PAGES = 1_000


class ProviderFailed(StarchamberError):
    """The provider could not be reached, refused, or answered with something else than its documentation says."""

    status = HTTPStatus.BAD_GATEWAY
    code = "provider_failed"


class ProlificClient:
    """One workspace's access. Use it as a context manager; every call raises ProviderFailed."""

    def __init__(
        self, token: str, *, url: str = URL, timeout_seconds: float = 20.0, backoff_seconds: float = 1.0
    ):
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise InvalidInput(
                "PROLIFIC_API_TOKEN is not set or holds characters that a header can not carry.",
                details={"field": "PROLIFIC_API_TOKEN", "expected": "the token of a Prolific workspace"},
            )
        self._backoff = backoff_seconds
        self._client = httpx.Client(
            base_url=f"{url.rstrip('/')}/",
            headers={"Authorization": f"Token {token}"},
            timeout=timeout_seconds,
            follow_redirects=False,
        )

    def __enter__(self) -> ProlificClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def __repr__(self) -> str:
        return f"ProlificClient(url={str(self._client.base_url)!r})"

    def submissions(self, study: str) -> Iterator[dict[str, Any]]:
        """All submissions of one of Prolific's studies, page after page."""
        address: str | None = f"submissions/?study={quote(study, safe='')}"
        for _ in range(_MAX_PAGES):
            if address is None:
                return
            page = self._call("GET", address)
            rows = page.get("results")
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise ProviderFailed(
                    "Prolific's list of submissions has no results.", details={"call": address}
                )
            yield from rows
            address = self._next(page)
        raise ProviderFailed("Prolific's list of submissions does not end.", details={"study": study})

    def _next(self, page: dict[str, Any]) -> str | None:
        """The address of the next page; only on the same host, for the token goes with it."""
        links = page.get("_links")
        following = links.get("next") if isinstance(links, dict) else page.get("next")
        href = following.get("href") if isinstance(following, dict) else following
        if not href:
            return None
        url = self._client.base_url.join(str(href))
        if (url.scheme, url.netloc) != (self._client.base_url.scheme, self._client.base_url.netloc):
            raise ProviderFailed("Prolific's next page lies on another host.", details={"host": url.host})
        return str(url)

    def submission(self, session: str) -> dict[str, Any]:
        return self._call("GET", f"submissions/{quote(session, safe='')}/")

    def approve(self, session: str) -> None:
        self._call("POST", f"submissions/{quote(session, safe='')}/transition/", {"action": "APPROVE"})

    def reject(self, session: str, *, message: str, category: str) -> None:
        """Raises InvalidInput for a message that is shorter than Prolific takes."""
        if len(message.strip()) < MIN_REJECTION_CHARACTERS:
            raise InvalidInput(
                f"message: a rejection needs at least {MIN_REJECTION_CHARACTERS} characters.",
                details={"field": "message", "expected": f"at least {MIN_REJECTION_CHARACTERS} characters"},
            )
        body = {"action": "REJECT", "message": message.strip(), "rejection_category": category}
        self._call("POST", f"submissions/{quote(session, safe='')}/transition/", body)

    def subscribe(self, *, workspace: str, event_type: str, target_url: str) -> str:
        """Asks for a webhook and confirms it; returns the subscription's id."""
        wanted = {"workspace_id": workspace, "event_type": event_type, "target_url": target_url}
        answer = self._send("POST", "hooks/subscriptions/", wanted)
        subscription, secret = self._read(answer).get("id"), answer.headers.get("X-Hook-Secret")
        if not isinstance(subscription, str) or not secret:
            raise ProviderFailed("Prolific's answer to the subscription has no id or no X-Hook-Secret.")
        self._call("POST", f"hooks/subscriptions/{quote(subscription, safe='')}/", {"secret": secret})
        return subscription

    def _call(self, method: str, address: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return self._read(self._send(method, address, body))

    def _send(self, method: str, address: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """One request, tried again where that may help: the documented calls are idempotent."""
        trouble = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(min(self._backoff * 2 ** (attempt - 1), _MAX_WAIT_SECONDS))
            try:
                answer = self._client.request(method, address, json=body)
            except httpx.HTTPError as error:
                trouble = f"could not be reached ({type(error).__name__})"
                continue
            if answer.is_success:
                return answer
            trouble = f"answered {answer.status_code}: {answer.text[:200]}"
            if answer.status_code not in _PASSING:
                break
        raise ProviderFailed(f"Prolific {trouble}.", details={"call": f"{method} {address}"})

    @staticmethod
    def _read(answer: httpx.Response) -> dict[str, Any]:
        if not answer.content:
            return {}
        try:
            body = answer.json()
        except ValueError as error:
            raise ProviderFailed("Prolific's answer is not JSON.") from error
        if not isinstance(body, dict):
            raise ProviderFailed("Prolific's answer is not a JSON object.")
        return body
