"""The staff's calls about studies, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from ratings.console import api, panels_api, quality_api

urlpatterns = [
    path("studies/", api.StudiesView.as_view(), name="api_studies"),
    path("studies/<str:name>/", api.StudyView.as_view(), name="api_study"),
    path("studies/<str:name>/open/", api.OpenView.as_view(), name="api_open_study"),
    path("plan/", api.PlanView.as_view(), name="api_plan"),
    path("studies/<str:name>/overlap/", api.RaiseOverlapView.as_view(), name="api_raise_overlap"),
    path("studies/<str:name>/deviations/", api.DeviationsView.as_view(), name="api_deviations"),
    path("studies/<str:name>/thresholds/", api.ThresholdsView.as_view(), name="api_thresholds"),
    path("studies/<str:name>/pause/", api.PauseView.as_view(), name="api_pause_study"),
    path("studies/<str:name>/close/", api.CloseView.as_view(), name="api_close_study"),
    path("studies/<str:name>/unblind/", api.UnblindView.as_view(), name="api_unblind_study"),
    path("studies/<str:name>/lint/", api.LintView.as_view(), name="api_lint_study"),
    path("studies/<str:name>/progress/", api.ProgressView.as_view(), name="api_study_progress"),
    path("studies/<str:name>/raters/", api.RatersView.as_view(), name="api_raters"),
    path("studies/<str:name>/quality/", quality_api.QualityView.as_view(), name="api_quality"),
    path(
        "studies/<str:name>/quality/decisions/",
        quality_api.DecisionsView.as_view(),
        name="api_rater_decisions",
    ),
    path("studies/<str:name>/panels/", panels_api.PanelsView.as_view(), name="api_panels"),
    path("studies/<str:name>/panels/<str:panel>/", panels_api.PanelView.as_view(), name="api_panel"),
    path(
        "studies/<str:name>/panels/<str:panel>/close/",
        panels_api.ClosePanelView.as_view(),
        name="api_close_panel",
    ),
    path(
        "studies/<str:name>/panels/<str:panel>/sync/",
        panels_api.SyncPanelView.as_view(),
        name="api_sync_panel",
    ),
    path(
        "studies/<str:name>/contacts/erase/",
        panels_api.EraseContactsView.as_view(),
        name="api_erase_contacts",
    ),
    path("studies/<str:name>/clubs/", panels_api.ClubsView.as_view(), name="api_clubs"),
    path("ratings/", api.RatingsView.as_view(), name="api_ratings"),
]
