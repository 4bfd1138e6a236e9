"""What every page of a study shows around its content, and which of its acts the reader may do."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accounts.gates import staff_user
from accounts.models import User
from accounts.roles import Act
from ratings.studies.models import Study

HOME = ("Studies", "/")


def permissions(user: User) -> dict[str, bool]:
    """For templates: `may.run_studies` and so on."""
    return {act.value: user.may(act) for act in Act}


def study_frame(request: HttpRequest, study: Study, *, here: str) -> dict[str, Any]:
    """The context of templates/console/_study_head.html. here: the tab that is open."""
    tabs = [
        ("overview", "Overview", "console:study", Act.VIEW_STUDIES),
        ("raters", "Raters", "console:raters", Act.RUN_STUDIES),
        ("quality", "Quality", "console:quality", Act.VIEW_STUDIES),
        ("triples", "Triples", "console:triples", Act.VIEW_STUDIES),
        ("results", "Results", "console:results", Act.VIEW_RESULTS),
        ("panels", "Panels", "console:panels", Act.RUN_STUDIES),
        ("clubs", "Paper club", "console:clubs", Act.RUN_STUDIES),
        ("exports", "Exports", "console:exports", Act.EXPORT),
    ]
    user = staff_user(request)
    return {
        "study": study,
        "here": here,
        "may": permissions(user),
        # What tells sources apart: for those who may see it, once nobody can be biased by it any more.
        "sources_are_visible": study.results_are_visible and user.may(Act.VIEW_SOURCES),
        "tabs": [
            (key, words, reverse(name, args=[study.name])) for key, words, name, act in tabs if user.may(act)
        ],
        "trail": [HOME, (study.name, reverse("console:study", args=[study.name]))],
    }
