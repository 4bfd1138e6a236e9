"""The calls about models, generation runs and candidates, below /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, path

from generation.console import api

urlpatterns: list[URLPattern] = [
    path("models/", api.ModelsView.as_view(), name="api_models"),
    path("models/<str:label>/", api.ModelView.as_view(), name="api_model"),
    path("generations/", api.GenerationsView.as_view(), name="api_generations"),
    path("generations/<int:pk>/", api.GenerationView.as_view(), name="api_generation"),
    path("candidates/", api.CandidatesView.as_view(), name="api_candidates"),
    path("candidates/<int:pk>/", api.CandidateView.as_view(), name="api_candidate"),
]
