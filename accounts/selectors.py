"""What the pages and calls about people, tokens and the audit log read."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import AuditEvent, Invitation, StaffToken, User

AUDIT_PAGE = 100


def people() -> QuerySet[User]:
    """Everybody with an account; `has_second_factor` says whether signing in asks for one."""
    factor = Authenticator.objects.filter(user=OuterRef("pk"), type=Authenticator.Type.TOTP)
    return User.objects.annotate(has_second_factor=Exists(factor)).order_by("-is_active", "username")


def open_invitations() -> QuerySet[Invitation]:
    """Invitations that still work."""
    live = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return (
        Invitation.objects.filter(live, used_at=None, revoked_at=None)
        .select_related("invited_by")
        .order_by("-id")
    )


def tokens_of(user: User) -> QuerySet[StaffToken]:
    """A person's own bearer tokens that are not revoked, newest first."""
    return StaffToken.objects.filter(user=user, revoked_at=None).order_by("-id")


def audit_events(*, act: str = "", actor: str = "") -> QuerySet[AuditEvent]:
    """The audit log, newest first, of one act and one actor if they are named."""
    rows = AuditEvent.objects.order_by("-id")
    if act:
        rows = rows.filter(act=act)
    return rows.filter(actor_label=actor) if actor else rows


def audit_page(*, act: str, actor: str, before: int | None) -> tuple[list[AuditEvent], int | None]:
    """One page of the log below the row `before`, and the cursor of the next page (None on the last)."""
    rows = audit_events(act=act, actor=actor)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    page = list(rows[: AUDIT_PAGE + 1])
    return page[:AUDIT_PAGE], page[AUDIT_PAGE - 1].pk if len(page) > AUDIT_PAGE else None
