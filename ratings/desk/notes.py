"""What the desk says after an act. It travels in the address, so that it needs neither session nor script."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

WORDS = {
    "saved": _("Saved."),
    "revised": _("Your revision is saved."),
    "skipped": _("Skipped."),
    "unskipped": _("Here is the one that you skipped."),
    "flagged": _("Flagged. Thank you; go on with this one."),
    "rated": _("You had rated that one already. Your first rating stands."),
    "taken": _("There is no skip to undo, or another rater has that triple now."),
}
_KEY = re.compile(r"[0-9a-f]{32}")


def desk_address(study: str, note: str = "", key: str = "") -> str:
    """The desk, with a note about what was just done and the rating that it was done to."""
    query = {name: value for name, value in (("after", note), ("rating", key)) if value}
    return reverse("desk:rate", args=[study]) + ("?" + urlencode(query) if query else "")


def journey_address(study: str) -> str:
    """The page of whatever stage a rater is in, before or after rating."""
    return reverse("desk:journey", args=[study])


def present_note(note: str, key: str = "") -> dict[str, Any]:
    """The context of templates/desk/_note.html; empty for a note that is not ours."""
    if note not in WORDS:
        return {}
    return {
        "note": WORDS[note],
        "undo_rating": key if note in ("saved", "revised", "rated") and _KEY.fullmatch(key) else "",
        "undo_skip": note == "skipped",
    }


def read_note(request: HttpRequest) -> dict[str, Any]:
    return present_note(request.GET.get("after", ""), request.GET.get("rating", ""))
