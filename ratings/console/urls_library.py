"""Addresses of the start page, of the library's pages and of the form that makes a study."""

from __future__ import annotations

from django.urls import URLPattern, path

from ratings.console import datasets, home, imports, new_study

urlpatterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("datasets/", datasets.datasets, name="datasets"),
    path("datasets/import/", imports.import_file, name="import"),
    path("datasets/import/commit/", imports.commit_import, name="commit_import"),
    path("datasets/<slug:name>/", datasets.dataset, name="dataset"),
    # An external id is what its file said: it may hold slashes.
    path("datasets/<slug:name>/questions/<path:external_id>/", datasets.question, name="question"),
    path("studies/new/", new_study.new_study, name="new_study"),
]
