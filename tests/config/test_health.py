"""What keeps the site running asks here."""

from __future__ import annotations

from django.db import OperationalError

from config import health


def test_a_site_with_a_database_is_well(db, client):
    answer = client.get("/healthz")
    assert answer.status_code == 200 and answer.json() == {"ok": True}
    assert "no-store" in answer["Cache-Control"]
    assert client.post("/healthz").status_code == 405


def test_a_site_without_its_database_is_not(db, client, monkeypatch):
    class Gone:
        def cursor(self):
            raise OperationalError("gone")

    monkeypatch.setattr(health, "connection", Gone())
    answer = client.get("/healthz")
    assert answer.status_code == 503 and answer.json()["ok"] is False


def test_it_is_answered_over_plain_http_behind_a_proxy(db, client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/people/").status_code == 301
    assert client.get("/healthz").status_code == 200
