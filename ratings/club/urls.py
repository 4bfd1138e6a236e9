"""Addresses of paper clubs. `/club/CODE/` is what the QR code says."""

from __future__ import annotations

from django.urls import path

from ratings.club import pages, wall

app_name = "club"

urlpatterns = [
    path("club/<slug:code>/", pages.phone, name="phone"),
    path("club/<slug:code>/vote/", pages.vote, name="vote"),
    path("club/<slug:code>/moved/", pages.moved, name="moved"),
    path("club/<slug:code>/wall/", wall.wall, name="wall"),
    path("club/<slug:code>/wall/counts/", wall.counts, name="counts"),
    path("club/<slug:code>/wall/act/", wall.act, name="act"),
]
