"""People who run studies, the tokens that let programs and links in, and the record of what was done."""

from __future__ import annotations

from typing import Any, NoReturn

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone

from accounts.roles import Act, Role, may


class User(AbstractUser):
    """A member of the staff: owner, admin, engineer or blind analyst. Raters have no account."""

    role = models.CharField(max_length=16, choices=Role.choices, default=Role.BLIND_ANALYST)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="accounts_user_role_is_known"
            )
        ]

    def may(self, act: Act) -> bool:
        return self.is_active and may(Role(self.role), act)


class HashedToken(models.Model):
    """A random secret of which only the SHA-256 is kept: scoped, expiring, revocable, last use shown."""

    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())


class StaffToken(HashedToken):
    """A program's bearer token: acts as its user, with the user's role."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)

    def __str__(self) -> str:
        return self.name


class OneUseToken(HashedToken):
    """A secret that works once. What became of it is kept, so that a second visit can be told why."""

    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_live(self) -> bool:
        return self.used_at is None and super().is_live


class SignInLink(OneUseToken):
    """A link that signs a member of the staff in, once."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_in_links")

    def __str__(self) -> str:
        return f"sign-in link of {self.user_id}"


class Invitation(OneUseToken):
    """A link by which somebody becomes a member of the staff, once, with the role that it names."""

    role = models.CharField(max_length=16, choices=Role.choices)
    note = models.CharField(max_length=200, blank=True)
    invited_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invitations")
    accepted_by = models.OneToOneField(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.note}".rstrip()


class AddOnlyQuerySet(models.QuerySet["AuditEvent"]):
    """A query set that reads and adds, and refuses every statement that would change or remove rows."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("audit events can not be changed")

    def delete(self) -> NoReturn:
        raise TypeError("audit events can not be deleted")

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("audit events can not be changed")


class AuditEvent(models.Model):
    """One act of one person or command. Rows are only ever added."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    #: Who acted, in words that outlive the account: a user name, "command", "rater rater-7".
    actor_label = models.CharField(max_length=150)
    act = models.CharField(max_length=60)
    subject = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict, blank=True)

    objects = AddOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["act", "-id"], name="accounts_audit_act"),
            models.Index(fields=["actor_label", "-id"], name="accounts_audit_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_label} {self.act} {self.subject}".rstrip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("an audit event can not be changed")
        # Always an INSERT: a fresh object with a known id must not overwrite its namesake.
        super().save(force_insert=True, using=kwargs.get("using"))

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("an audit event can not be deleted")
