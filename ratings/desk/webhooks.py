"""Where Prolific tells us what became of a submission."""

from __future__ import annotations

from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.errors import StarchamberError
from ratings.crowd.webhooks import MAX_BODY_BYTES, receive


@csrf_exempt  # signed by the sender instead
@require_POST
def prolific(request: HttpRequest) -> HttpResponse:
    """POST /webhooks/prolific/: 200 followed (or followed before), 401 a signature or time stamp that is not theirs."""
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        length = 0
    if length > MAX_BODY_BYTES:
        body = {
            "code": "body_too_large",
            "message": "The body is too large.",
            "details": {"limit": MAX_BODY_BYTES},
        }
        return JsonResponse(body, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        followed = receive(settings.PROLIFIC_WEBHOOK_SECRET, request.headers, request.body)
    except StarchamberError as error:
        return JsonResponse(error.as_json(), status=error.status)
    return JsonResponse({"duplicate": followed.duplicate, "message": followed.message})
