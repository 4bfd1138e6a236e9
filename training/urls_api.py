"""Calls below /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, path

from training.figures import api as figures_api
from training.lineage.api import LineageView
from training.runs import api, watch_api

urlpatterns: list[URLPattern] = [
    path("lineage/<int:rationale>/", LineageView.as_view(), name="api_lineage"),
    path("runs/", api.RunsView.as_view(), name="api_runs"),
    path("measurements/", watch_api.MeasurementsView.as_view(), name="api_measurements"),
    path("runs/estimate/", watch_api.EstimateRunView.as_view(), name="api_estimate_run"),
    path("runs/compare/", watch_api.CompareRunsView.as_view(), name="api_compare_runs"),
    path("runs/<int:pk>/", api.RunView.as_view(), name="api_run"),
    path("runs/<int:pk>/cancel/", api.CancelRunView.as_view(), name="api_cancel_run"),
    path("runs/<int:pk>/resume/", api.ResumeRunView.as_view(), name="api_resume_run"),
    path("runs/<int:pk>/examples/", api.ExamplesView.as_view(), name="api_run_examples"),
    path("runs/<int:pk>/pairs/", api.PairsView.as_view(), name="api_run_pairs"),
    path("checkpoints/", api.CheckpointsView.as_view(), name="api_checkpoints"),
    path("checkpoints/<int:pk>/", api.CheckpointView.as_view(), name="api_checkpoint"),
    path("figures/", figures_api.FiguresView.as_view(), name="api_figures"),
    path("figures/<int:pk>/", figures_api.FigureView.as_view(), name="api_figure"),
    path("evaluations/", api.EvaluationsView.as_view(), name="api_evaluations"),
    path("evaluations/<int:pk>/", api.EvaluationView.as_view(), name="api_evaluation"),
    path("evaluations/<int:pk>/cancel/", api.CancelEvaluationView.as_view(), name="api_cancel_evaluation"),
    path("evaluations/<int:pk>/resume/", api.ResumeEvaluationView.as_view(), name="api_resume_evaluation"),
]
