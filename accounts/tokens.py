"""Minting and reading secrets. The generator is one function so that a test can seed it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.errors import Gone, NotFound
from accounts.models import HashedToken, Invitation, OneUseToken, SignInLink, StaffToken, User
from accounts.roles import Role

TokenT = TypeVar("TokenT", bound=HashedToken)
OneUseT = TypeVar("OneUseT", bound=OneUseToken)

STAFF_PREFIX = "scs_"
LINK_PREFIX = "scl_"
INVITATION_PREFIX = "sci_"

#: 24 random bytes, 192 bits. Tests replace it by a seeded source to compare pages byte by byte.
random_bytes: Callable[[int], bytes] = secrets.token_bytes

STAFF_TOKEN_LIFETIME = timedelta(days=90)
#: A sign-in link of the staff is short-lived.
SIGN_IN_LINK_LIFETIME = timedelta(hours=1)
INVITATION_LIFETIME = timedelta(days=7)
#: The last use of a token is written at most this often, so that reading stays reading.
LAST_USE_GRAIN = timedelta(minutes=1)


def new_secret(prefix: str) -> str:
    """A URL-safe secret of 192 bits, prefixed with its kind so that a leaked one can be recognised."""
    return prefix + random_bytes(24).hex()


def digest_of(secret: str) -> bytes:
    """SHA-256 of a secret. The secrets are random, so neither salt nor stretching is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def find_live(model: type[TokenT], secret: str) -> TokenT | None:
    """The live token row behind a secret, or None when it is unknown, used, expired or revoked."""
    token = model._default_manager.filter(digest=digest_of(secret)).first()
    return token if token is not None and token.is_live else None


def touch(token: HashedToken) -> None:
    """Notes that a token was used just now, at most once in LAST_USE_GRAIN."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > LAST_USE_GRAIN:
        token.last_used_at = now
        token.save(update_fields=["last_used_at"])


def mint_staff_token(user: User, *, name: str, lifetime: timedelta | None = STAFF_TOKEN_LIFETIME) -> str:
    """Creates a bearer token for `user` and returns its secret, which is shown once and never stored."""
    secret = new_secret(STAFF_PREFIX)
    expires_at = None if lifetime is None else timezone.now() + lifetime
    StaffToken.objects.create(user=user, name=name, digest=digest_of(secret), expires_at=expires_at)
    return secret


def mint_sign_in_link(user: User, *, lifetime: timedelta = SIGN_IN_LINK_LIFETIME) -> str:
    """Creates a one-use sign-in link for `user` and returns its secret."""
    secret = new_secret(LINK_PREFIX)
    SignInLink.objects.create(user=user, digest=digest_of(secret), expires_at=timezone.now() + lifetime)
    return secret


def mint_invitation(
    invited_by: User, *, role: Role, note: str, lifetime: timedelta = INVITATION_LIFETIME
) -> str:
    """Creates a one-use invitation to become a member of the staff with `role`, and returns its secret."""
    secret = new_secret(INVITATION_PREFIX)
    Invitation.objects.create(
        invited_by=invited_by,
        role=role,
        note=note,
        digest=digest_of(secret),
        expires_at=timezone.now() + lifetime,
    )
    return secret


def read_one_use(model: type[OneUseT], secret: str, *, lock: bool = False) -> OneUseT:
    """The live one-use token behind a secret; nothing is written.

    lock: hold its row until the transaction ends, so that of two clicks one uses it and the other is told so.
    Raises NotFound (code `unknown_link`) or Gone (codes `link_used`, `link_revoked`, `link_expired`).
    """
    rows = model._default_manager.select_for_update() if lock else model._default_manager.all()
    token = rows.filter(digest=digest_of(secret)).first()
    if token is None:
        raise NotFound("This link is not known. Was all of it copied?", code="unknown_link")
    if token.used_at is not None:
        raise Gone("This link has been used already; it works once. Ask for a new one.", code="link_used")
    if token.revoked_at is not None:
        raise Gone("This link has been withdrawn. Ask for a new one.", code="link_revoked")
    if not token.is_live:
        raise Gone("This link has expired. Ask for a new one.", code="link_expired")
    return token


def use_up(token: OneUseToken) -> None:
    """Marks a one-use token as used; belongs in the transaction that locked the row and does the deed."""
    token.used_at = token.last_used_at = timezone.now()
    token.save(update_fields=["used_at", "last_used_at"])


def read_sign_in_link(secret: str, *, lock: bool = False) -> SignInLink:
    """The live link behind a secret. Raises as read_one_use does, and Gone when the account is shut."""
    link = read_one_use(SignInLink, secret, lock=lock)
    if not link.user.is_active:
        raise Gone("The account behind this link has been deactivated.", code="link_revoked")
    return link


@transaction.atomic
def use_sign_in_link(secret: str) -> User:
    """Uses a link up and returns its user. Raises as read_sign_in_link does."""
    link = read_sign_in_link(secret, lock=True)
    use_up(link)
    audit.record(Actor.of(link.user), "use_sign_in_link", subject=link.user.username)
    return link.user


def revoke_all_of(user: User) -> None:
    """Revokes every live token and sign-in link of a user, so that a shut account leaves no way in."""
    now = timezone.now()
    StaffToken.objects.filter(user=user, revoked_at=None).update(revoked_at=now)
    SignInLink.objects.filter(user=user, revoked_at=None, used_at=None).update(revoked_at=now)
