"""The page of the API: Swagger UI from our own static files, its script in a file of its own."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config.security import POLICY

#: Swagger UI writes style attributes; no other page may.
DOCS_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")


class SchemaView(SpectacularAPIView):
    """The OpenAPI description."""

    throttle_classes = ()


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI over the description."""

    throttle_classes = ()
    url_name = "schema"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = super().dispatch(request, *args, **kwargs)
        response.headers["Content-Security-Policy"] = DOCS_POLICY
        return response
