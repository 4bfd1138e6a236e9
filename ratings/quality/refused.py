"""Bad input of raters, counted where the researcher sees it: a script gone wrong, a page that no longer fits, abuse.

A row is one rater, kind and day, and holds a number alone, so that nobody can fill a database with what is refused.
"""

from __future__ import annotations

import logging
from http import HTTPStatus

from django.db import DatabaseError
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.errors import NotAuthenticated, StarchamberError
from ratings.quality.models import RefusedInput
from ratings.slots.sessions import find_rater
from ratings.studies.models import Study

#: Nobody needs to know whether it was more than that on one day; from there on nothing is written.
MOST_A_DAY = 1_000
#: Refusals that say something about what was sent. A closed study, a lost lease, a second try are no bad input.
_BAD = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
_ALSO_BAD = "unknown_assignment"
#: Two limits, of forms and of JSON, are one kind.
_SAME = {"body_too_large": "too_large"}

#: What the researcher reads.
WORDS = {
    "unknown_card": "A place for a card that was not on the page",
    "unknown_step": "A step that is not on its card",
    "unknown_assignment": "An assignment of somebody else, or none",
    "not_a_ranking": "Nothing that ranks",
    "too_large": "More bytes than are read",
    "malformed_json": "No JSON",
    "invalid": "A value that its field does not take",
}

_log = logging.getLogger(__name__)


def note_refused(secret: str | None, error: StarchamberError) -> None:
    """Counts a refusal of bad input, if the secret is a rater's. Never raises: the answer is on its way."""
    if not secret or (error.status not in _BAD and error.code != _ALSO_BAD):
        return
    code = _SAME.get(error.code, error.code)[:30]
    try:
        rater = find_rater(secret).rater_id
        row, made = RefusedInput.objects.get_or_create(
            rater_id=rater, code=code, day=timezone.now().date(), defaults={"count": 1}
        )
        if not made:
            RefusedInput.objects.filter(pk=row.pk, count__lt=MOST_A_DAY).update(count=F("count") + 1)
    except NotAuthenticated:
        return
    except DatabaseError:
        _log.exception("a refusal could not be counted")


def refused_in(study: Study, *, rater: str | None = None) -> QuerySet[RefusedInput]:
    """The latest day first, the most frequent first; of one rater, or of all."""
    rows = RefusedInput.objects.filter(rater__study=study).select_related("rater")
    return (rows if rater is None else rows.filter(rater__name=rater)).order_by("-day", "-count", "pk")


def words_of(row: RefusedInput) -> str:
    return WORDS.get(row.code, row.code.replace("_", " "))
