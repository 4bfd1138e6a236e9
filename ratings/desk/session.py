"""The rater's cookie: one secret, good for one study, looked up like a bearer token."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts.errors import NotAuthenticated
from ratings.slots.services import RaterSession, find_rater, require_study
from ratings.slots.sessions import LINK_LIFETIME

COOKIE = "rater"


def read_secret(request: HttpRequest) -> str:
    """The secret in this browser's cookie; raises NotAuthenticated when there is none."""
    secret = request.COOKIES.get(COOKIE)
    if not secret:
        raise NotAuthenticated("This browser is not signed in to the study.")
    return secret


def signed_in(request: HttpRequest, study: str) -> tuple[str, RaterSession]:
    """Secret and asker. Raises NotAuthenticated, or PermissionRefused for another study's cookie."""
    secret = read_secret(request)
    session = find_rater(secret)
    require_study(session, study)
    return secret, session


def remember(response: HttpResponse, session: RaterSession, secret: str) -> None:
    """Puts the secret into the browser, for this study's addresses alone."""
    response.set_cookie(
        COOKIE,
        secret,
        max_age=LINK_LIFETIME,
        path=reverse("desk:rate", args=[session.study_name]),
        secure=settings.SECURE_COOKIES,
        httponly=True,
        samesite="Lax",
    )
