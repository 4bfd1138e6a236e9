"""A program at the rater's API, in process."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from ratings.slots.models import Assignment, Slot


@dataclass(slots=True)
class Program:
    """Calls of one bearer token. `study` is where it asks for assignments."""

    token: str
    study: str = "trial"
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def send(self, method: str, path: str, raw: str | bytes = b"", **options: Any) -> HttpResponse:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        options.setdefault("content_type", "application/json")
        response: Any = self.client.generic(method, f"/api/v1/{path}", raw, headers=headers, **options)
        answer: HttpResponse = response
        return answer

    def post(self, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and parsed answer (None when it is empty)."""
        return said_by(self.send("POST", path, json.dumps({} if body is None else body)))

    def claim(self) -> dict[str, Any]:
        status, view = self.post(f"studies/{self.study}/assignments/")
        assert status in (200, 201), view
        held: dict[str, Any] = view
        return held

    def rate(self, view: dict[str, Any], body: Any) -> tuple[int, Any]:
        return self.post(f"assignments/{view['token']}/rating/", body)


def said_by(response: HttpResponse) -> tuple[int, Any]:
    return response.status_code, json.loads(response.content) if response.content else None


def cards_of(view: dict[str, Any]) -> list[str]:
    return [card["token"] for card in view["cards"]]


def assert_error(answer: tuple[int, Any], status: int, code: str) -> dict[str, Any]:
    """One shape for every error; returns its details."""
    assert answer[0] == status, answer
    body = answer[1]
    assert set(body) == {"code", "message", "details"}
    assert body["code"] == code and body["message"] and isinstance(body["details"], dict)
    details: dict[str, Any] = body["details"]
    return details


def let_leases_lapse() -> None:
    past = timezone.now() - timedelta(hours=1)
    Slot.objects.filter(state="held").update(lease_expires_at=past)
    Assignment.objects.filter(state="held").update(lease_expires_at=past)
