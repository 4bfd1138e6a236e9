"""Which held-out questions each iteration of a run answers rightly, as its loop wrote them down."""

from __future__ import annotations

from training.runs.models import TrainingRun

#: The fact of a run that trains once: {"validation": {question: right or not}}, as the loops' reports have it.
RESULTS = "results"


def results_by_iteration(run: TrainingRun) -> dict[int, dict[str, bool]]:
    """By iteration, 0 the base; a run that trains once has iteration 1. {} for runs that wrote none down."""
    found = {}
    for name, facts in run.facts.values_list("name", "facts"):
        # A verifier's facts also hold a validation, which is a report.
        if isinstance(facts, dict) and facts.get("validation") and name != "verifier":
            found[1 if name == RESULTS else int(facts["number"])] = dict(facts["validation"])
    return found
