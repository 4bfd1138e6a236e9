"""What the page's script sends while a rater thinks: drafts, and signs of life that keep the lease."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from accounts.errors import StarchamberError
from ratings.desk.forms import read_body
from ratings.desk.session import signed_in
from ratings.slots import services

#: In a draft that a page saved: when, in seconds since 1970 by our clock.
SAVED_AT = "saved_at"


def keep_draft(secret: str, token: str, body: Mapping[str, Any]) -> None:
    """Keeps a page's draft with its moment: a browser may hold a younger one."""
    services.save_draft(secret, token, {**body, SAVED_AT: time.time()})


def draft_age(draft: Mapping[str, Any] | None) -> str:
    """Seconds since a page saved this draft; empty without one. An age, for browsers' clocks may be wrong."""
    saved = (draft or {}).get(SAVED_AT)
    return f"{max(time.time() - saved, 0):.3f}" if isinstance(saved, int | float) else ""


@require_POST
def draft(request: HttpRequest, study: str) -> HttpResponse:
    """Keeps what has been entered so far, to be restored on reload: 204."""
    try:
        secret, _ = signed_in(request, study)
        keep_draft(secret, request.POST.get("token", ""), read_body(request.POST))
    except StarchamberError as error:
        return JsonResponse(error.as_json(), status=error.status)
    return HttpResponse(status=204)


@require_POST
def lease(request: HttpRequest, study: str) -> HttpResponse:
    """Lengthens the lease of the triple on the page."""
    try:
        secret, _ = signed_in(request, study)
        expires_at = services.renew(secret, request.POST.get("token", ""))
    except StarchamberError as error:
        return JsonResponse(error.as_json(), status=error.status)
    return JsonResponse({"lease_expires_at": expires_at})
