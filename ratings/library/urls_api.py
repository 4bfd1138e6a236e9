"""The library's calls, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from ratings.library import api

urlpatterns = [
    path("datasets/", api.DatasetsView.as_view(), name="api_datasets"),
    path("datasets/<slug:name>/", api.DatasetView.as_view(), name="api_dataset"),
    path("datasets/<slug:name>/questions/", api.QuestionImportView.as_view(), name="api_import_questions"),
    path("datasets/<slug:name>/rationales/", api.RationaleImportView.as_view(), name="api_import_rationales"),
    path("questions/", api.QuestionsView.as_view(), name="api_questions"),
    # An external id is what its file said: it may hold slashes.
    path("questions/<slug:dataset>/<path:external_id>/", api.QuestionView.as_view(), name="api_question"),
    path("rationales/", api.RationalesView.as_view(), name="api_rationales"),
]
