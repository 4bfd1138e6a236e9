"""Addresses of the pages. The fixed ones come first: `models/new/` is no model's."""

from __future__ import annotations

from django.urls import URLPattern, path

from generation.console import candidate_pages, launch_page, model_pages, run_pages

app_name = "generation"

urlpatterns: list[URLPattern] = [
    path("models/", model_pages.models, name="models"),
    path("models/new/", model_pages.new_model, name="new_model"),
    path("models/new/base/", model_pages.register_base, name="register_base"),
    path("models/<slug:label>/", model_pages.model, name="model"),
    path("generate/new/", launch_page.new_run, name="new_run"),
    path("generations/<int:pk>/", run_pages.run, name="run"),
    path("generations/<int:pk>/results/", run_pages.results, name="results"),
    path("candidates/<int:pk>/", candidate_pages.candidate, name="candidate"),
]
