"""Every address of the site."""

from __future__ import annotations

from django.urls import include, path
from rest_framework.permissions import AllowAny

from config.api import openapi
from config.api.docs import DocsView, SchemaView
from config.health import healthz
from config.join import join

__all__ = ["handler400", "handler403", "handler404", "handler500", "openapi", "urlpatterns"]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("join/<str:secret>/", join, name="join"),
    path("accounts/", include("accounts.urls_allauth")),
    path("", include("accounts.urls")),
    path("", include("ratings.desk.urls")),
    path("", include("ratings.club.urls")),
    path("", include("ratings.console.urls")),
    path("", include("jobs.urls")),
    path("", include("generation.urls")),
    path("", include("training.urls")),
    path("api/schema/", SchemaView.as_view(permission_classes=[AllowAny]), name="schema"),
    path("api/docs/", DocsView.as_view(permission_classes=[AllowAny]), name="api_docs"),
    path("api/v1/", include("accounts.urls_api")),
    path("api/v1/", include("ratings.desk.urls_api")),
    path("api/v1/", include("ratings.library.urls_api")),
    path("api/v1/", include("ratings.analysis.urls_api")),
    path("api/v1/", include("ratings.exports.urls_api")),
    path("api/v1/", include("ratings.console.urls_api")),
    path("api/v1/", include("jobs.urls_api")),
    path("api/v1/", include("generation.urls_api")),
    path("api/v1/", include("training.urls_api")),
]
