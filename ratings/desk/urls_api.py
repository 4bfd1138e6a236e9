"""Addresses of the rater's loop below /api/v1/."""

from __future__ import annotations

from django.urls import path

from ratings.desk import api, journey_api

urlpatterns = [
    path("studies/<str:study>/journey/", journey_api.journey, name="api-journey"),
    path("studies/<str:study>/journey/leave/", journey_api.leave, name="api-leave"),
    path("studies/<str:study>/journey/reveal/", journey_api.reveal, name="api-reveal"),
    path("studies/<str:study>/assignments/", api.assignments, name="api-assignments"),
    path("assignments/<str:token>/rating/", api.rating, name="api-rating"),
    path("assignments/<str:token>/renew/", api.renew, name="api-renew"),
    path("assignments/<str:token>/draft/", api.draft, name="api-draft"),
    path("assignments/<str:token>/skip/", api.skip, name="api-skip"),
    path("assignments/<str:token>/flag/", api.flag, name="api-flag"),
    path("ratings/<str:key>/revisions/", api.revisions, name="api-revisions"),
]
