"""The call about results, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from ratings.analysis.api import AnalysisView

urlpatterns = [
    path("studies/<str:name>/analysis/", AnalysisView.as_view(), name="api_study_analysis"),
]
