"""The bearer tokens that a member of the staff makes for programs of their own."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.errors import NotFound
from accounts.models import StaffToken, User
from accounts.tokens import mint_staff_token


@transaction.atomic
def create_own_token(user: User, *, name: str, days: int) -> tuple[StaffToken, str]:
    """Makes a token and returns its row and its secret, which is shown once and never stored."""
    secret = mint_staff_token(user, name=name, lifetime=timedelta(days=days))
    audit.record(Actor.of(user), "mint_token", subject=name, details={"days": days})
    return StaffToken.objects.filter(user=user).latest("id"), secret


@transaction.atomic
def revoke_own_token(user: User, token_id: int) -> None:
    """Stops a token from working. Raises NotFound for one that is another's, unknown or revoked already."""
    rows = StaffToken.objects.filter(user=user, pk=token_id, revoked_at=None)
    name = rows.values_list("name", flat=True).first()
    if name is None or not rows.update(revoked_at=timezone.now()):
        raise NotFound("You have no such token.")
    audit.record(Actor.of(user), "revoke_token", subject=name)
