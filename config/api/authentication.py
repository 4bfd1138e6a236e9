"""Who is calling? A program with a staff token, or a browser in which a member of the staff signed in."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from accounts.errors import NotAuthenticated
from accounts.models import StaffToken, User
from accounts.tokens import STAFF_PREFIX, digest_of, touch
from ratings.slots.sessions import RATER_PREFIX, find_rater

KEYWORD = "Bearer"


def bearer_secret(request: Request) -> str | None:
    """The secret of an `Authorization: Bearer` header; None without one, or with another scheme."""
    scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return secret.strip() if scheme.lower() == KEYWORD.lower() else None


class StaffTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer scs_…`: acts as the token's user, with the role that this user has now."""

    def authenticate(self, request: Request) -> tuple[User, StaffToken] | None:
        secret = bearer_secret(request)
        if secret is None:
            return None
        if secret.startswith(RATER_PREFIX):
            self._refuse_rater(secret)
        token = (
            StaffToken.objects.select_related("user").filter(digest=digest_of(secret)).first()
            if secret.startswith(STAFF_PREFIX)
            else None
        )
        if token is None or not token.is_live or not token.user.is_active:
            raise AuthenticationFailed("This token is not known, has expired or was revoked.")
        touch(token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return KEYWORD

    def _refuse_rater(self, secret: str) -> None:
        """A rater's token is known but rates only, which is another answer than an unknown one."""
        try:
            find_rater(secret)
        except NotAuthenticated as error:
            raise AuthenticationFailed(error.message) from error
        raise PermissionDenied("A rater's token opens the rater's own calls only.")


class SameSiteSessionAuthentication(SessionAuthentication):
    """The session of a signed-in browser (its cookie is SameSite=Lax), with a CSRF token of ours."""
