"""Kinds of work that only these tests know."""

from __future__ import annotations

from tests.jobs.work import register_kinds

register_kinds()
