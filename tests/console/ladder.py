"""What every page about one study must do before anything else: the ladder that each test file climbs."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

#: Labels that no text of a page holds by chance.
LABELS = ("zorblax", "quuxine", "vramblor")


def climb_page(client: Client, address: str, *, allowed: Any, refused: Any) -> None:
    """A GET page: stranger, wrong role (None: all roles may), bad study, wrong method, and works, twice."""
    client.logout()
    answer = client.get(address)
    assert answer.status_code == 302 and answer["Location"] == f"/accounts/login/?next={address}"
    if refused is not None:
        client.force_login(refused)
        answer = client.get(address)
        assert answer.status_code == 403 and b"permission_denied" in answer.content
    client.force_login(allowed)
    assert client.get(address.replace("/trial/", "/no-such/")).status_code == 404
    assert client.put(address).status_code == 405
    first = client.get(address)
    assert first.status_code == 200 and client.get(address).status_code == 200
    assert " style=" not in first.content.decode() and "<style" not in first.content.decode()


def climb_act(client: Client, address: str, *, allowed: Any, refused: Any, **body: str) -> None:
    """A POST address: stranger, wrong role, bad study and wrong method. Does nothing to the study."""
    client.logout()
    assert client.post(address, body).status_code == 401
    client.force_login(refused)
    assert client.post(address, body).status_code == 403
    client.force_login(allowed)
    assert client.get(address).status_code == 405
    assert client.post(address.replace("/trial/", "/no-such/"), body).status_code == 404


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return len(captured)
