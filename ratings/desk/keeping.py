"""What the page's script sends while a rater thinks: drafts, and signs of life that keep the lease."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from accounts.errors import StarchamberError
from ratings.desk.forms import read_body
from ratings.desk.session import signed_in
from ratings.slots import services


@require_POST
def draft(request: HttpRequest, study: str) -> HttpResponse:
    """Keeps what has been entered so far, to be restored on reload: 204."""
    try:
        secret, _ = signed_in(request, study)
        services.save_draft(secret, request.POST.get("token", ""), read_body(request.POST))
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
