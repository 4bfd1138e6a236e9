"""Addresses of the pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from generation.console import run_pages

app_name = "generation"

urlpatterns: list[URLPattern] = [
    path("generations/<int:pk>/", run_pages.run, name="run"),
]
