"""The question every page and call asks first: may this person do this?"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase

from accounts.errors import NotAuthenticated, PermissionRefused
from accounts.models import User
from accounts.roles import Act

P = ParamSpec("P")


def require(user: User, act: Act) -> None:
    """Raises PermissionRefused unless this user's role grants the act."""
    if not user.may(act):
        raise PermissionRefused(
            f"Your role ({user.get_role_display()}) does not allow this.", details={"act": act}
        )


def staff_user(request: HttpRequest) -> User:
    """The signed-in member of the staff; raises NotAuthenticated for anybody else."""
    if not request.user.is_authenticated:
        raise NotAuthenticated("Sign in first.")
    return request.user


def staff_page(
    act: Act | None,
) -> Callable[
    [Callable[Concatenate[HttpRequest, P], HttpResponseBase]],
    Callable[Concatenate[HttpRequest, P], HttpResponseBase],
]:
    """Decorates a page view: strangers are sent to sign in, the wrong role gets the error page with 403.

    act: what the role must grant; None for a page that every member of the staff has.
    """

    def decorate(
        view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def gated(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                if request.method not in ("GET", "HEAD"):
                    raise NotAuthenticated("Sign in first.")  # coming back by GET would not do what was asked
                return redirect_to_login(request.get_full_path())
            if act is not None:
                require(request.user, act)
            return view(request, *args, **kwargs)

        return gated

    return decorate
