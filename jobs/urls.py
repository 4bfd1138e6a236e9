"""Addresses of the pages."""

from __future__ import annotations

from django.urls import path

from jobs import pages

app_name = "jobs"

urlpatterns = [
    path("jobs/", pages.jobs, name="jobs"),
    path("jobs/<int:pk>/", pages.job, name="job"),
    path("jobs/<int:pk>/live/", pages.live, name="live"),
    path("jobs/<int:pk>/curves/", pages.curves, name="curves"),
    path("jobs/<int:pk>/log/", pages.log, name="log"),
    path("jobs/<int:pk>/cancel/", pages.cancel, name="cancel"),
    path("jobs/<int:pk>/resume/", pages.resume, name="resume"),
]
