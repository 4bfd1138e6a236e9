"""The page of the API in a real browser, under its policy."""

from __future__ import annotations

import pytest


@pytest.mark.slow
def test_the_page_shows_the_calls_without_a_complaint(module_site, new_page):
    page = new_page(module_site)
    errors: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("requestfailed", lambda request: errors.append(request.url))
    page.on("request", lambda request: requests.append(request.url))
    page.goto("/api/docs/")
    page.wait_for_selector(".opblock-summary-path")
    assert "/api/v1/tokens/" in page.inner_text("#swagger-ui")
    assert errors == []
    assert [url for url in requests if not url.startswith((module_site.url, "data:"))] == []
