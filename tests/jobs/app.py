"""The Django app by which a worker that runs with tests.settings_jobs learns the kinds of these tests."""

from __future__ import annotations

from django.apps import AppConfig


class WorkForTests(AppConfig):
    name = "tests.jobs"
    label = "work_for_tests"

    def ready(self) -> None:
        from tests.jobs.work import register_kinds

        register_kinds()
