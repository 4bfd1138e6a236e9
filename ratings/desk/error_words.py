"""What errors say to a rater, in the rater's language. They are raised in English, for programs and researchers."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from accounts.errors import StarchamberError

#: The messages themselves, where they are the same each time.
ERRORS = (
    gettext_noop("This link or token is not known."),
    gettext_noop("This link or token has expired or was revoked."),
    gettext_noop("This link is not known. Was all of it copied?"),
    gettext_noop("This link has been withdrawn. Ask for a new one."),
    gettext_noop("This link has expired. Ask for a new one."),
    gettext_noop("This browser is not signed in to the study."),
    gettext_noop("This token belongs to another study."),
    gettext_noop("This study is closed."),
    gettext_noop("This study is not open at the moment."),
    gettext_noop("This study is not open yet."),
    gettext_noop("This assignment is not known."),
    gettext_noop("This rating is not known."),
    gettext_noop("A skipped triple has no rating to revise; undo the skip instead."),
    gettext_noop("This triple was rated already."),
    gettext_noop("There is more to practise."),
    gettext_noop("There is nothing to show here."),
    gettext_noop("The sources are revealed to you; your ratings stand as they are."),
    gettext_noop("There is no such panel."),
    gettext_noop("All places of this panel are taken. Thank you for coming."),
    gettext_noop("This panel is closed: nobody new can enter. Thank you for coming."),
    gettext_noop("The panel says that this submission was returned."),
    gettext_noop("The panel says that this submission has timed out."),
    gettext_noop("You took your part in this study back, and it can not be taken up again."),
    gettext_noop("This preview is not known, or too old. Ask for a new link."),
    gettext_noop(
        "This link only shows the study; nothing that is sent with it is kept. To rate, you need a rater's link."
    ),
    gettext_noop("There is no paper club at this address."),
    gettext_noop("This paper club is over."),
    gettext_noop("Every triple of the study was rated in this club."),
    gettext_noop("The request could not be understood."),
    gettext_noop("This is not allowed."),
    gettext_noop(
        "This page was open too long, or cookies are off. Go back, reload the page and send it again."
    ),
    gettext_noop("There is nothing at this address."),
    gettext_noop("Something went wrong here. It has been logged."),
    gettext_noop("The database does not answer at the moment. Try again in a few seconds."),
)

#: Those that name a value, by code; filled from the error's details.
BY_CODE: dict[str, Promise] = {
    "club_full": _("This paper club is full: {limit} phones."),
    "too_large": _("The request is too large: at most {limit} bytes are read."),
    "unusable_link": _("This link has no usable {field}. Open the study from the page of your panel."),
    "wrong_stage": _("Something else comes before that. Try again leads to it."),
}

UNFIT = _("That does not fit this page. Please answer it again.")
NOT_POSSIBLE = _("That is not possible here.")


def said(error: StarchamberError) -> str:
    """An error in the language of whoever reads the page."""
    return said_of(error.as_json(), status=error.status)


def said_of(body: Mapping[str, Any], *, status: int) -> str:
    """The same for an error's JSON: code, message, details."""
    if body["code"] in BY_CODE:
        return str(BY_CODE[body["code"]]).format(**body["details"])
    words = gettext(body["message"])
    if words == body["message"] and get_language() != "en":
        # Only a form that no page of ours sends gets here: it is told less, but in one language.
        return str(UNFIT if status == HTTPStatus.UNPROCESSABLE_ENTITY else NOT_POSSIBLE)
    return words
