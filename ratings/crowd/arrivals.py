"""Who a provider sends: the ids in a panel's link, or why it is no link that anybody can enter by. Pure."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from accounts.errors import InvalidInput
from ratings.crowd.models import Panel

#: What a provider's ids look like; anything else did not come from it, a {{%placeholder%}} of Prolific's least of all.
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
#: Words in capitals that stand in our own links, and what other panels call theirs: no id, but the same for everybody
#: who comes by a link that was passed on as it was.
_PLACEHOLDERS = {"ID", "PERSON", "SESSION", "CODE", "SESSIONID", "PERSONID", "PARTICIPANTID", "STUDYID"}
_STUDY = "STUDY_ID"


class UnusableLink(InvalidInput):
    """A panel's link without the id that the panel adds to it."""

    code = "unusable_link"


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who a provider sends: the ids in its link. person: empty where the provider gives none."""

    session: str
    person: str = ""


def read_arrival(panel: Panel, parameters: Mapping[str, str], *, remembered: str = "") -> Arrival:
    """The ids of a link. Raises UnusableLink without a usable session id, for another study's link, and on Prolific,
    which always says who comes, without the person.

    remembered: by the browser, for an open link, which carries none: the first visit gets one.
    """
    if panel.provider == Panel.Provider.LINKS:
        return Arrival(session=remembered if _ID.fullmatch(remembered) else secrets.token_hex(12))
    is_prolific = panel.provider == Panel.Provider.PROLIFIC
    session = _id(parameters, panel.session_parameter, needed=True)
    person = _id(parameters, panel.person_parameter, needed=is_prolific) if panel.person_parameter else ""
    study = parameters.get(_STUDY, "").strip()
    if is_prolific and panel.external_study and study and study != panel.external_study:
        raise _unusable(_STUDY, study, "the id of the study that this panel belongs to")
    return Arrival(session=session, person=person)


def _id(parameters: Mapping[str, str], name: str, *, needed: bool) -> str:
    value = parameters.get(name, "").strip()
    if (value or needed) and (not _ID.fullmatch(value) or _is_placeholder(value, name)):
        raise _unusable(name, value, "the id that the panel adds to the link")
    return value


def _is_placeholder(value: str, name: str) -> bool:
    """Whether a link was opened as it was written, with a word in the place of the id."""
    word = re.sub(r"[_-]", "", value).upper()
    return word in _PLACEHOLDERS or word == re.sub(r"[_-]", "", name).upper()


def _unusable(name: str, value: str, expected: str) -> UnusableLink:
    return UnusableLink(
        f"This link has no usable {name}. Open the study from the page of your panel.",
        details={"field": name, "value": value[:60], "expected": expected},
    )
