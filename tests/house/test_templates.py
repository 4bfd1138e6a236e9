"""Every template compiles, and none carries what the Content-Security-Policy refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template.loader import get_template

from tests.services.world import ROOT

TEMPLATES = sorted(path.relative_to(ROOT / "templates") for path in (ROOT / "templates").rglob("*.html"))

#: Inline style and script, event attributes, addresses of other hosts.
REFUSED = re.compile(
    r"""<style|\sstyle=|<script(?![^>]*\ssrc=)(?![^>]*type="application/json")|\son[a-z]+=|"""
    r"""(?:src|action)=["'](?:https?:)?//|<link[^>]*href=["'](?:https?:)?//|javascript:""",
    re.IGNORECASE,
)


def test_there_are_templates() -> None:
    assert TEMPLATES


@pytest.mark.parametrize("name", TEMPLATES, ids=str)
def test_a_template_compiles_and_keeps_to_the_policy(name: Path) -> None:
    get_template(str(name))
    assert REFUSED.findall((ROOT / "templates" / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        '<p style="color: red">',
        "<style>p {}</style>",
        "<script>alert(1)</script>",
        '<button onclick="go()">',
        '<script src="https://cdn.example.org/x.js"></script>',
        '<link rel="stylesheet" href="//cdn.example.org/x.css">',
    ],
)
def test_what_the_policy_refuses_is_found(line: str) -> None:
    assert REFUSED.search(line)
