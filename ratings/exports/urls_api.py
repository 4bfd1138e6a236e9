"""The calls about exports, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from ratings.exports.api import ExportFileView, ExportsView, ExportView

urlpatterns = [
    path("exports/", ExportsView.as_view(), name="api_exports"),
    path("exports/<int:export_id>/", ExportView.as_view(), name="api_export"),
    path("exports/<int:export_id>/file/", ExportFileView.as_view(), name="api_export_file"),
]
