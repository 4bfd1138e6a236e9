"""Writing the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.models import AuditEvent, User


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a member of the staff, a command (which acts as owner), or a rater."""

    label: str
    user: User | None = None

    @classmethod
    def of(cls, user: User) -> Actor:
        return cls(label=user.get_username(), user=user)


#: Management commands act as owner, and are audited.
COMMAND = Actor(label="command")


def record(actor: Actor, act: str, *, subject: str = "", details: Mapping[str, Any] | None = None) -> None:
    """Adds one line to the audit log, inside the caller's transaction: no act without its line."""
    AuditEvent.objects.create(
        actor=actor.user, actor_label=actor.label, act=act, subject=subject, details=dict(details or {})
    )
