"""/join/<secret>/: one address for every sign-in link. GET shows a button, POST acts.

A link is a secret in an address, so its page tells nobody where the visitor came from, is not kept, and is
not indexed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import decorator_from_middleware
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.errors import Gone, NotFound, StarchamberError
from accounts.join import invitation_page, staff_link_page
from accounts.tokens import INVITATION_PREFIX, LINK_PREFIX, digest_of
from config.errors import error_response
from ratings.desk.preview import PREFIX as PREVIEW_PREFIX
from ratings.desk.preview import refuse_preview
from ratings.desk.signin import rater_join
from ratings.slots.models import RaterToken
from ratings.slots.sessions import RATER_PREFIX

JoinPage = Callable[[HttpRequest, str], HttpResponse]


class TokenOnlyCsrf(CsrfViewMiddleware):
    """CSRF protection by the form's token alone.

    Under `Referrer-Policy: no-referrer` browsers send `Origin: null` and no Referer with our own form, so
    neither can be checked here. The token still can: another site reads neither it nor the cookie that it is
    compared with.
    """

    def _origin_verified(self, request: HttpRequest) -> bool:
        return request.META["HTTP_ORIGIN"] == "null" or bool(super()._origin_verified(request))  # type: ignore[misc]

    def _check_referer(self, request: HttpRequest) -> None:
        if "HTTP_REFERER" in request.META:
            super()._check_referer(request)  # type: ignore[misc]


def _rater_page(request: HttpRequest, secret: str) -> HttpResponse:
    """The desk's page, for a link that works; what became of one that does not is said as for the staff's links."""
    link = RaterToken.objects.filter(digest=digest_of(secret)).first()
    if link is None:
        raise NotFound("This link is not known. Was all of it copied?", code="unknown_link")
    if link.revoked_at is not None:
        raise Gone("This link has been withdrawn. Ask for a new one.", code="link_revoked")
    if not link.is_live:
        raise Gone("This link has expired. Ask for a new one.", code="link_expired")
    return rater_join(request, secret)


def _preview_page(request: HttpRequest, secret: str) -> HttpResponse:
    """A preview's token where a rater's belongs."""
    refuse_preview(secret)


_PAGES: dict[str, JoinPage] = {
    RATER_PREFIX: _rater_page,
    PREVIEW_PREFIX: _preview_page,
    LINK_PREFIX: staff_link_page,
    INVITATION_PREFIX: invitation_page,
}


@decorator_from_middleware(TokenOnlyCsrf)
def _guarded(request: HttpRequest, secret: str) -> HttpResponse:
    return _PAGES[secret[:4]](request, secret)


def _answer(request: HttpRequest, secret: str) -> HttpResponse:
    try:
        if secret[:4] not in _PAGES:
            raise NotFound("This link is not known. Was all of it copied?", code="unknown_link")
        return cast(HttpResponse, _guarded(request, secret))
    except StarchamberError as error:
        return error_response(request, error)


@csrf_exempt  # TokenOnlyCsrf stands in, see there
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """The page behind a sign-in link: rater's, staff's or an invitation."""
    response = _answer(request, secret)
    add_never_cache_headers(response)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
