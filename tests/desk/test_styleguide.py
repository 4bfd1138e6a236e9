"""Templates obey the Content-Security-Policy, and the style guide shows every component."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import Client

TEMPLATES = Path(settings.BASE_DIR) / "templates"
STATIC = Path(settings.BASE_DIR) / "static"
ALL = sorted(TEMPLATES.rglob("*.html"))


@pytest.mark.parametrize("template", ALL, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_a_template_has_nothing_inline(template: Path) -> None:
    html = template.read_text(encoding="utf-8")
    assert not re.search(r"<style\b|\sstyle\s*=|\son[a-z]+\s*=|\bhx-on|javascript:", html)
    for tag in re.findall(r"<script\b[^>]*>", html):
        assert " src=" in tag


@pytest.mark.parametrize("sheet", sorted(STATIC.rglob("*.css")), ids=lambda path: path.stem)
def test_a_style_sheet_takes_its_colours_from_the_tokens(sheet: Path) -> None:
    if sheet.name == "tokens.css":
        return
    rules = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
    defined = set(re.findall(r"(--[a-z0-9-]+):", (STATIC / "css" / "tokens.css").read_text(encoding="utf-8")))
    assert set(re.findall(r"var\((--[a-z0-9-]+)", rules)) <= defined | set(
        re.findall(r"(--[a-z0-9-]+):", rules)
    )


def test_the_style_guide_shows_every_component(client: Client, db) -> None:
    response = client.get("/style-guide/")
    assert response.status_code == 200
    used = (TEMPLATES / "styleguide.html").read_text(encoding="utf-8")
    in_base = (TEMPLATES / "base.html").read_text(encoding="utf-8")
    inside = "".join(path.read_text(encoding="utf-8") for path in (TEMPLATES / "components").glob("*.html"))
    for component in (TEMPLATES / "components").glob("*.html"):
        assert f"components/{component.name}" in used + in_base + inside


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 429, 500, 418])
def test_the_error_page_needs_no_request(status: int) -> None:
    html = render_to_string(
        "errors/error.html",
        {"status": status, "code": "some_code", "message": "What happened.", "details": {"field": "answer"}},
    )
    assert "What happened." in html
    assert "some_code" in html
    assert "answer" in html
    assert re.search(r"<h1>\s*\w", html)


def test_the_navigation_offers_only_what_the_role_may_see() -> None:
    class Analyst(AnonymousUser):
        is_authenticated = True  # type: ignore[assignment]
        role = "blind_analyst"

    class Owner(Analyst):
        role = "owner"

    context = {"status": 404, "message": "x"}
    assert 'href="/audit/"' not in render_to_string("errors/error.html", {**context, "user": Analyst()})
    assert 'href="/audit/"' in render_to_string("errors/error.html", {**context, "user": Owner()})
