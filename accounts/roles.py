"""Who may do what: one table, no rules in views.

Raters are not in it. A rater is a person inside one study, holds a token for that study alone, and may do one
thing there: rate.
"""

from __future__ import annotations

from enum import StrEnum

from django.db import models


class Role(models.TextChoices):
    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    ENGINEER = "engineer", "Engineer"
    BLIND_ANALYST = "blind_analyst", "Blind analyst"


class Act(StrEnum):
    """Everything that a gate can be asked about."""

    VIEW_STUDIES = "view_studies"
    #: Rationales with the source that produced them. A blind analyst must never see these.
    VIEW_SOURCES = "view_sources"
    EDIT_LIBRARY = "edit_library"
    RUN_STUDIES = "run_studies"
    UNBLIND = "unblind"
    VIEW_RESULTS = "view_results"
    EXPORT = "export"
    #: Models, runs, candidates and checkpoints: all of them name sources.
    VIEW_MODELS = "view_models"
    #: Register models; launch, cancel and resume generation, training and evaluation.
    RUN_JOBS = "run_jobs"
    MANAGE_PEOPLE = "manage_people"
    VIEW_AUDIT = "view_audit"


_ENGINEER = {
    Act.VIEW_STUDIES,
    Act.VIEW_SOURCES,
    Act.EDIT_LIBRARY,
    Act.RUN_STUDIES,
    Act.VIEW_RESULTS,
    Act.EXPORT,
    Act.VIEW_MODELS,
    Act.RUN_JOBS,
}

GRANTS: dict[Role, frozenset[Act]] = {
    Role.OWNER: frozenset(Act),
    Role.ADMIN: frozenset(Act),
    Role.ENGINEER: frozenset(_ENGINEER),
    Role.BLIND_ANALYST: frozenset({Act.VIEW_STUDIES, Act.VIEW_RESULTS}),
}


def may(role: Role, act: Act) -> bool:
    """Whether a person of this role may do this act at all (the object's own state is asked separately)."""
    return act in GRANTS[role]
