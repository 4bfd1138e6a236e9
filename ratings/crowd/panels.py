"""Panels of a study: making one, entering through it, and where its raters go back to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.audit import Actor, record
from accounts.errors import Conflict, Gone, InvalidInput, NotFound
from ratings.crowd.arrivals import Arrival
from ratings.crowd.models import Panel, PanelEntry, PanelEvent
from ratings.crowd.raters import create_raters
from ratings.crowd.selectors import raters_with_a_place
from ratings.slots.completion import Completion, completion
from ratings.slots.models import Rater, RaterToken
from ratings.slots.sessions import mint_rater_token
from ratings.studies.errors import NameTaken
from ratings.studies.journey import read_journey
from ratings.studies.models import Study
from ratings.studies.pools import find_pool, read_pools
from ratings.studies.selectors import get_study

PROLIFIC_COMPLETE = "https://app.prolific.com/submissions/complete?cc=CODE"
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,50}")
_OUTCOME = re.compile(r"[a-z_]{1,30}")
MAX_CODE_CHARACTERS = 100


class UnknownPanel(NotFound):
    code = "unknown_panel"


class PanelFull(Conflict):
    code = "panel_full"


class PanelClosed(Gone):
    code = "panel_closed"


class EntryEnded(Gone):
    """This submission, or the person's part in the study, was returned, or has timed out with its provider."""

    code = "entry_ended"


@dataclass(frozen=True, slots=True)
class PanelDesign:
    """The choices behind a panel. What is empty has its provider's default."""

    name: str = "prolific"
    provider: str = Panel.Provider.PROLIFIC
    session_parameter: str = ""
    person_parameter: str = ""
    quota: int | None = None
    external_study: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    completion_url: str = ""


@transaction.atomic
def create_panel(study_name: str, design: PanelDesign, *, actor: Actor) -> Panel:
    """Raises UnknownStudy, NameTaken, or InvalidInput naming field, value and expectation."""
    study = get_study(study_name)
    _check(design)
    if Panel.objects.filter(study=study, name=design.name).exists():
        raise NameTaken(
            f"Study {study_name!r} has a panel named {design.name!r} already.",
            details={"field": "name", "value": design.name},
        )
    prolific = design.provider == Panel.Provider.PROLIFIC
    panel = Panel.objects.create(
        study=study,
        name=design.name,
        provider=design.provider,
        session_parameter=design.session_parameter or ("SESSION_ID" if prolific else "id"),
        person_parameter=design.person_parameter or ("PROLIFIC_PID" if prolific else ""),
        quota=design.quota,
        external_study=design.external_study,
        codes=dict(design.codes),
        completion_url=design.completion_url or (PROLIFIC_COMPLETE if prolific else ""),
    )
    record(
        actor, "panel.create", subject=study.name, details={"panel": panel.name, "provider": panel.provider}
    )
    return panel


def _check(design: PanelDesign) -> None:
    if not _NAME.fullmatch(design.name):
        _refuse("name", design.name, "letters, digits, - and _, at most 50 characters")
    if design.provider not in Panel.Provider.values:
        _refuse("provider", design.provider, f"one of {', '.join(Panel.Provider.values)}")
    for name in ("session_parameter", "person_parameter"):
        if (value := getattr(design, name)) and not _NAME.fullmatch(value):
            _refuse(name, value, "the name of a parameter: letters, digits, - and _")
    if design.quota is not None and not 1 <= design.quota <= 1_000_000:
        _refuse("quota", design.quota, "a whole number from 1 to 1000000, or nothing")
    if design.external_study and not _ID.fullmatch(design.external_study):
        _refuse("external_study", design.external_study, "the provider's id of its study")
    for outcome, code in design.codes.items():
        if not _OUTCOME.fullmatch(str(outcome)):
            _refuse("codes", outcome, "outcomes such as completed, screened_out, no_consent")
        if not isinstance(code, str) or not 1 <= len(code) <= MAX_CODE_CHARACTERS:
            _refuse(f"codes.{outcome}", code, f"text of 1 to {MAX_CODE_CHARACTERS} characters")
    if design.completion_url and not _is_web_address(design.completion_url):
        _refuse("completion_url", design.completion_url, "an https:// address, with CODE where the code goes")


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https") and bool(parts.hostname) and len(url) <= 500 and url.isprintable()
    )


def _refuse(name: str, value: object, expected: str) -> None:
    raise InvalidInput(
        f"{name}: {str(value)[:200]!r} is not usable, expected {expected}.",
        details={"field": name, "value": str(value)[:200], "expected": expected},
    )


def get_panel(study_name: str, name: str | None = None) -> Panel:
    """A study's panel of this name; without a name its only or first one. Raises UnknownPanel."""
    panels = Panel.objects.select_related("study").filter(study__name=study_name)
    panel = panels.filter(name=name).first() if name else panels.first()
    if panel is None:
        raise UnknownPanel("There is no such panel.", details={"study": study_name, "panel": name or ""})
    return panel


def entry_link(panel: Panel) -> str:
    """What the provider is given: the absolute URL, with its own placeholders."""
    link = f"{settings.PUBLIC_URL}/p/{panel.study.name}/{panel.name}/"
    if panel.provider == Panel.Provider.LINKS:
        return link
    if panel.provider == Panel.Provider.PROLIFIC:
        ours = [(name, f"{{{{%{name}%}}}}") for name in ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")]
        return link + "?" + "&".join(f"{name}={value}" for name, value in ours)
    person = f"&{panel.person_parameter}=PERSON" if panel.person_parameter else ""
    return f"{link}?{panel.session_parameter}=ID{person}"


@transaction.atomic
def enter(panel: Panel, arrival: Arrival) -> tuple[Rater, str]:
    """The rater of this submission and the secret for a browser's cookie.

    The same session is the same rater: after a reload, in a second tab, a day later. A person who comes with another
    session goes on as the rater that they were, so that nobody rates a triple twice.
    Raises PanelFull, PanelClosed, EntryEnded, or StudyClosed's like.
    """
    panel = Panel.objects.select_for_update(of=("self",)).select_related("study").get(pk=panel.pk)
    entry = _known(panel, arrival)
    _require_not_closed(panel, entry)
    if entry is None:
        entry = PanelEntry.objects.create(
            panel=panel, rater=_rater(panel, arrival), session=arrival.session, person=arrival.person
        )
    elif entry.status in (PanelEntry.Status.RETURNED, PanelEntry.Status.TIMED_OUT):
        raise EntryEnded(
            "The panel says that this submission was returned."
            if entry.status == PanelEntry.Status.RETURNED
            else "The panel says that this submission has timed out.",
            details={"status": entry.status},
        )
    return entry.rater, mint_rater_token(entry.rater, purpose=RaterToken.Purpose.SESSION)


def require_not_closed(panel: Panel, arrival: Arrival) -> None:
    """Raises PanelClosed for who is new to a panel that takes nobody new."""
    _require_not_closed(panel, _known(panel, arrival))


def _require_not_closed(panel: Panel, entry: PanelEntry | None) -> None:
    if panel.closed_at is not None and entry is None:
        raise PanelClosed(
            "This panel is closed: nobody new can enter. Thank you for coming.", details={"panel": panel.name}
        )


@transaction.atomic
def close_panel(panel: Panel, *, actor: Actor, closed: bool = True) -> Panel:
    """From now on nobody new enters; who is in goes on, and comes back by the same link. `closed=False` undoes it."""
    panel = Panel.objects.select_for_update(of=("self",)).select_related("study").get(pk=panel.pk)
    if (panel.closed_at is not None) != closed:
        panel.closed_at = timezone.now() if closed else None
        panel.save(update_fields=["closed_at"])
        act = "panel.close" if closed else "panel.reopen"
        record(actor, act, subject=panel.study.name, details={"panel": panel.name})
    return panel


def _known(panel: Panel, arrival: Arrival) -> PanelEntry | None:
    entries = PanelEntry.objects.select_related("rater").filter(panel=panel)
    return entries.filter(session=arrival.session).first()


def _rater(panel: Panel, arrival: Arrival) -> Rater:
    """Who this person was in the study before, or a new rater. The panel's row is locked."""
    known = _rater_before(panel, arrival)
    taken = raters_with_a_place(panel)
    if known is not None and taken.filter(rater=known).exists():
        return known
    if panel.quota is not None and taken.count() >= panel.quota:
        raise PanelFull(
            "All places of this panel are taken. Thank you for coming.", details={"quota": panel.quota}
        )
    return known or _new_rater(panel)


def _rater_before(panel: Panel, arrival: Arrival) -> Rater | None:
    """Raises EntryEnded for a person who took their part in this study back: a new session does not undo that."""
    if not arrival.person:
        return None
    before = PanelEntry.objects.filter(panel__study=panel.study, person=arrival.person).order_by("pk")
    entry = before.select_related("rater").first()
    if entry is not None and before.filter(status=PanelEntry.Status.RETURNED).exists():
        raise EntryEnded(
            "You took your part in this study back, and it can not be taken up again.",
            details={"status": PanelEntry.Status.RETURNED},
        )
    return None if entry is None else entry.rater


def _new_rater(panel: Panel) -> Rater:
    number = PanelEntry.objects.filter(panel=panel).values("rater").distinct().count() + 1
    while Rater.objects.filter(study=panel.study, name=f"{panel.name}-{number}").exists():
        number += 1
    new = create_raters(
        panel.study.name, f"{panel.name}-{number}", count=None, actor=_BY_PANEL, pool=_pool_of(panel)
    )
    # The link that came with the rater is not for anybody: they come through the panel.
    rater = Rater.objects.get(study=panel.study, name=new[0].name)
    RaterToken.objects.filter(rater=rater).delete()
    return rater


_BY_PANEL = Actor(label="panel")


def completion_of(rater: Rater) -> Completion | None:
    """How this rater's part ended and where the panel takes them back: the panel's own codes and address before the
    study's. None while it goes on."""
    ended = completion(rater)
    entry = PanelEntry.objects.filter(rater=rater).select_related("panel__study").order_by("-pk").first()
    if ended is None or entry is None:
        return ended
    code = entry.panel.codes.get(ended.outcome, "") or ended.code
    url = entry.panel.completion_url or read_journey(entry.panel.study.journey).completion.url
    if not code or not url:
        return replace(ended, code=code, url=None)
    for place, value in (("CODE", code), ("SESSION", entry.session), ("PERSON", entry.person)):
        url = url.replace(place, quote(value, safe=""))
    return replace(ended, code=code, url=url)


def note(panel: Panel | None, kind: str, message: str, *, accepted: bool) -> None:
    """Keeps what happened for the researcher; of refusals only the last thousand, so that nobody can fill a disk."""
    PanelEvent.objects.create(panel=panel, kind=kind, message=message[:500], accepted=accepted)
    if not accepted:
        refused = PanelEvent.objects.filter(panel=panel, accepted=False).order_by("-pk")
        old = refused.values_list("pk", flat=True)[KEPT_REFUSALS : KEPT_REFUSALS + 100]
        PanelEvent.objects.filter(pk__in=list(old)).delete()


KEPT_REFUSALS = 1_000


@transaction.atomic
def erase_contact(study: Study, *, actor: Actor, rater: str | None = None) -> int:
    """Removes what says who somebody is with a provider; votes, times and payment decisions stay. Returns how many
    entries were changed."""
    entries = PanelEntry.objects.filter(panel__study=study).exclude(person="", session__startswith=ERASED)
    if rater is not None:
        entries = entries.filter(rater__name=rater)
    changed = 0
    for entry in entries.select_for_update(of=("self",)).order_by("pk"):
        entry.person, entry.session = "", f"{ERASED}{entry.pk}"
        entry.save(update_fields=["person", "session"])
        changed += 1
    if changed:
        PanelEvent.objects.filter(panel__study=study).update(message=ERASED_MESSAGE)
    record(actor, "rater.erase", subject=study.name, details={"entries": changed, "rater": rater or "all"})
    return changed


ERASED = "erased-"
ERASED_MESSAGE = "Erased with the contact data."


def _pool_of(panel: Panel) -> str:
    """A pool of the panel's name takes its raters, with the pool's own quota for each."""
    return panel.name if find_pool(read_pools(panel.study.pools), panel.name) else ""
