"""Addresses of the rater's desk."""

from __future__ import annotations

from django.urls import path

from ratings.desk import entry, journey, journey_ends, keeping, past, preview, styleguide, views, webhooks

app_name = "desk"

urlpatterns = [
    path("rate/<slug:study>/", views.rate, name="rate"),
    path("rate/<slug:study>/draft/", keeping.draft, name="draft"),
    path("rate/<slug:study>/lease/", keeping.lease, name="lease"),
    path("rate/<slug:study>/journey/", journey.journey, name="journey"),
    path("rate/<slug:study>/leave/", journey_ends.leave, name="leave"),
    path("rate/<slug:study>/reveal/", journey_ends.reveal, name="reveal"),
    path("rate/<slug:study>/unskip/", views.unskip, name="unskip"),
    path("rate/<slug:study>/ratings/", past.past_ratings, name="past"),
    path("rate/<slug:study>/ratings/<slug:key>/", past.revise, name="revise"),
    path("p/<slug:study>/", entry.panel_entry, name="entry"),
    path("p/<slug:study>/<slug:panel>/", entry.panel_entry, name="panel_entry"),
    path("webhooks/prolific/", webhooks.prolific, name="prolific_webhook"),
    path("preview/<str:token>/", preview.preview, name="preview"),
    path("style-guide/", styleguide.style_guide, name="style_guide"),
]
