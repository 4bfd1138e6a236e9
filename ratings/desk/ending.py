"""What a rater who has come to an end, or to a closed study, is told: the completion code, and whether there is a
reveal. Shown again whenever the rater comes back."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from accounts.errors import StarchamberError
from ratings.desk.session import read_secret
from ratings.journeys.services import stand
from ratings.journeys.showing import show_ending

#: In the address that a swap is sent to, in place of a note of ratings.desk.notes.
LATE = "late"


def ending_for(request: HttpRequest, study: str) -> dict[str, Any]:
    """The context of templates/desk/closed.html, which includes journey/_completion.html and _reveal_link.html; of a
    stranger nothing is known.

    `came_late`: whether this very request, or the swap before it (`LATE`), brought an answer that is not kept.
    """
    came_late = request.method == "POST" or request.GET.get("after") == LATE
    try:
        standing = stand(read_secret(request), study=study)
        return {**show_ending(standing), "rated": standing.session.rated, "came_late": came_late}
    except StarchamberError:
        return {}
