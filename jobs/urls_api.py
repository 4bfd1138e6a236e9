"""Calls below /api/v1/."""

from __future__ import annotations

from django.urls import path

from jobs.api import CancelJobView, JobsView, JobView, LogView, MetricsView, ResumeJobView

urlpatterns = [
    path("jobs/", JobsView.as_view(), name="api_jobs"),
    path("jobs/<int:pk>/", JobView.as_view(), name="api_job"),
    path("jobs/<int:pk>/cancel/", CancelJobView.as_view(), name="api_job_cancel"),
    path("jobs/<int:pk>/resume/", ResumeJobView.as_view(), name="api_job_resume"),
    path("jobs/<int:pk>/metrics/", MetricsView.as_view(), name="api_job_metrics"),
    path("jobs/<int:pk>/log/", LogView.as_view(), name="api_job_log"),
]
