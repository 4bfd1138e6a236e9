"""The calls about one's own tokens and the audit log, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from accounts.api import AuditView, TokensView, TokenView

urlpatterns = [
    path("tokens/", TokensView.as_view(), name="api_tokens"),
    path("tokens/<int:token_id>/", TokenView.as_view(), name="api_token"),
    path("audit/", AuditView.as_view(), name="api_audit"),
]
