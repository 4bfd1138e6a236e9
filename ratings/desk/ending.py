"""What a rater who has come to an end, or to a closed study, is told: the completion code, and whether there is a
reveal. Shown again whenever the rater comes back."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from accounts.errors import StarchamberError
from ratings.desk.session import read_secret
from ratings.journeys.services import stand
from ratings.journeys.showing import show_ending


def ending_for(request: HttpRequest, study: str) -> dict[str, Any]:
    """The context of templates/desk/journey/_completion.html and _reveal_link.html; empty for a stranger."""
    try:
        return show_ending(stand(read_secret(request), study=study))
    except StarchamberError:
        return {}
