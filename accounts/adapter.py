"""What this site changes in allauth: accounts are made by invitation, and signing in leaves an audit line."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from accounts import audit
from accounts.audit import Actor
from accounts.models import User


class ClosedSignupAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request: HttpRequest, user: User) -> None:
        """Called once every stage (password or link, second factor) is passed."""
        super().login(request, user)
        audit.record(Actor.of(user), "sign_in", subject=user.username)
