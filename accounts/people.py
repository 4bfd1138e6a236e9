"""Who belongs to the staff: making accounts, inviting, changing roles, deactivating; each act is audited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit, tokens
from accounts.audit import Actor
from accounts.errors import Conflict, InvalidInput, NotFound, PermissionRefused
from accounts.gates import require
from accounts.models import Invitation, User
from accounts.roles import Act, Role
from problems.text import not_usable

MAX_NAME_LENGTH = 150


@dataclass(frozen=True, slots=True)
class Researcher:
    """A member of the staff with fresh secrets, which are shown once and never stored."""

    user: User
    token: str
    link: str


def default_role() -> Role:
    """The first account of a site is its owner; the next ones are admins."""
    return Role.ADMIN if User.objects.filter(role=Role.OWNER, is_active=True).exists() else Role.OWNER


@transaction.atomic
def create_researcher(name: str, *, role: Role | None, again: bool, actor: Actor) -> Researcher:
    """Makes an account without a password, with a token and a one-use sign-in link.

    again: an account that exists gets a fresh token and link instead of the error `already_exists`; its role
    stays, and naming another one is `role_differs`.
    """
    user = User.objects.filter(username=checked_name(name)).first()
    if user is None:
        user = User(username=name, role=role or default_role())
        user.set_unusable_password()
        user.save()
        audit.record(actor, "create_person", subject=name, details={"role": user.role})
    elif not again:
        raise Conflict(
            f"An account named {name!r} exists already. Say --again for a new token and link.",
            code="already_exists",
        )
    elif role is not None and role != user.role:
        raise Conflict(f"{name!r} is {user.role!r}, not {role!r}.", code="role_differs")
    elif not user.is_active:
        raise Conflict(f"The account {name!r} is deactivated.", code="deactivated")
    audit.record(actor, "mint_token", subject=name)
    return Researcher(
        user=user,
        token=tokens.mint_staff_token(user, name="create_researcher"),
        link=tokens.mint_sign_in_link(user),
    )


def checked_name(name: str) -> str:
    """`name` as it came, if it can be a user name; raises InvalidInput otherwise."""
    try:
        UnicodeUsernameValidator()(name)
    except ValidationError as error:
        raise _invalid("username", name, "letters, digits and @ . + - _") from error
    if len(name) > MAX_NAME_LENGTH:
        raise _invalid("username", name, f"at most {MAX_NAME_LENGTH} characters")
    return name


@transaction.atomic
def invite(by: User, *, role: Role, note: str) -> str:
    """Makes an invitation and returns its secret. Only an owner makes owners."""
    require(by, Act.MANAGE_PEOPLE)
    _require_rank(by, role)
    audit.record(Actor.of(by), "invite", subject=note, details={"role": role})
    return tokens.mint_invitation(by, role=role, note=note)


@transaction.atomic
def withdraw_invitation(by: User, invitation_id: int) -> None:
    """Revokes an invitation that nobody has used yet. Raises NotFound for any other."""
    require(by, Act.MANAGE_PEOPLE)
    rows = Invitation.objects.filter(pk=invitation_id, used_at=None, revoked_at=None)
    if not rows.update(revoked_at=timezone.now()):
        raise NotFound("There is no such open invitation.")
    audit.record(Actor.of(by), "withdraw_invitation", subject=str(invitation_id))


@transaction.atomic
def accept_invitation(secret: str, *, username: str, password: str) -> User:
    """Uses an invitation up and returns the new account. A refused name or password leaves it unused."""
    invitation = tokens.read_one_use(Invitation, secret, lock=True)
    if User.objects.filter(username__iexact=checked_name(username)).exists():
        raise _invalid("username", username, "a name that is not taken")
    user = User(username=username, role=invitation.role)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages), details={"field": "password"}) from error
    user.set_password(password)
    user.save()
    tokens.use_up(invitation)
    invitation.accepted_by = user
    invitation.save(update_fields=["accepted_by"])
    audit.record(Actor.of(user), "accept_invitation", subject=username, details={"role": user.role})
    return user


@transaction.atomic
def change_role(by: User, user_id: int, role: Role) -> User:
    """Gives a person another role. Admins can not touch owners; the last owner stays one."""
    user = _person_for(by, user_id)
    _require_rank(by, role)
    if role != Role.OWNER:
        _require_another_owner(user)
    audit.record(Actor.of(by), "change_role", subject=user.username, details={"from": user.role, "to": role})
    user.role = role
    user.save(update_fields=["role"])
    return user


@transaction.atomic
def deactivate(by: User, user_id: int) -> User:
    """Shuts an account: sessions, tokens and links stop at once. Rows stay, so that the past has names."""
    user = _person_for(by, user_id)
    _require_another_owner(user)
    user.is_active = False
    user.save(update_fields=["is_active"])
    tokens.revoke_all_of(user)
    audit.record(Actor.of(by), "deactivate_person", subject=user.username)
    return user


@transaction.atomic
def reactivate(by: User, user_id: int) -> User:
    """Opens a shut account again; its old tokens stay revoked."""
    user = _person_for(by, user_id)
    user.is_active = True
    user.save(update_fields=["is_active"])
    audit.record(Actor.of(by), "reactivate_person", subject=user.username)
    return user


def _person_for(by: User, user_id: int) -> User:
    """The locked row of a person whom `by` may manage.

    All owners' rows are locked with it, in one order, so that two owners who remove each other at the same
    moment can not both succeed.
    """
    require(by, Act.MANAGE_PEOPLE)
    list(User.objects.select_for_update().filter(role=Role.OWNER).order_by("pk").values_list("pk"))
    user = User.objects.select_for_update().filter(pk=user_id).first()
    if user is None:
        raise NotFound("There is no such person.")
    _require_rank(by, Role(user.role))
    return user


def _require_rank(by: User, role: Role) -> None:
    if role == Role.OWNER and by.role != Role.OWNER:
        raise PermissionRefused("Only an owner can make, change or remove an owner.", details={"role": role})


def _require_another_owner(user: User) -> None:
    others = User.objects.filter(role=Role.OWNER, is_active=True).exclude(pk=user.pk)
    if user.role == Role.OWNER and not others.exists():
        raise Conflict("This is the last owner. Make somebody else an owner first.", code="last_owner")


def _invalid(field: str, value: Any, expected: str) -> InvalidInput:
    return InvalidInput(
        not_usable(field, str(value)[:60], expected),
        details={"field": field, "value": str(value)[:60], "expected": expected},
    )
