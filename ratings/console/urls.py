"""Addresses of the researcher's pages. The fixed ones come first: `studies/new/` is no study's name."""

from __future__ import annotations

from django.urls import path

from ratings.console import planning
from ratings.console.urls_library import urlpatterns as library_urls
from ratings.console.urls_studies import urlpatterns as study_urls

app_name = "console"
urlpatterns = [path("plan/", planning.plan, name="plan"), *library_urls, *study_urls]
