"""The suite's time budget: seconds by kind of test and by folder, said before pytest's closing line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest

#: Seconds that each kind of test may take in the default run, on two cores.
BUDGET = {"units": 60, "database": 120, "browser": 120, "kills and races": 120, "training": 150}

#: What lies below these folders samples or trains with torch, unless it is a browser test, a kill or a race.
TRAINING_FOLDERS = ("tests/generation", "tests/training")

DATABASE_FIXTURES = {"db", "transactional_db", "world", "live_site", "sqlite_site", "any_site", "module_site"}
DATABASE_FIXTURES |= {"owner", "engineer", "blind_analyst", "django_db_setup", "ground"}


def kind_of(item: pytest.Item) -> str:
    if item.get_closest_marker("race"):
        return "kills and races"
    if item.get_closest_marker("browser"):
        return "browser"
    if item.nodeid.startswith(TRAINING_FOLDERS):
        return "training"
    if item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
        return "database"
    return "units"


class TimeBudget:
    """A pytest plugin. Set-up counts with the test that waited for it; slow and GPU tests have no budget."""

    def __init__(self) -> None:
        self._kinds: dict[str, str] = {}
        self._by_kind: dict[str, float] = defaultdict(float)
        self._by_folder: dict[str, float] = defaultdict(float)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            if not item.get_closest_marker("slow") and not item.get_closest_marker("gpu"):
                self._kinds[item.nodeid] = kind_of(item)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        kind = self._kinds.get(report.nodeid)
        if kind is not None:
            self._by_kind[kind] += report.duration
            self._by_folder["/".join(report.nodeid.split("/")[:2])] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self.lines():
            terminalreporter.write_line(line)

    def lines(self) -> Iterator[str]:
        if not self._by_kind:
            return
        spent = [
            f"{kind} {self._by_kind[kind]:.0f} of {limit} s{' (over)' if self._by_kind[kind] > limit else ''}"
            for kind, limit in BUDGET.items()
            if kind in self._by_kind
        ]
        yield f"time budget: {', '.join(spent)}"
        folders = sorted(self._by_folder.items(), key=lambda pair: -pair[1])
        yield f"by folder: {', '.join(f'{name} {seconds:.0f} s' for name, seconds in folders)}"
