"""Prolific's webhooks: is it theirs, is it fresh, did we follow it already, and what follows from it.

docs.prolific.com, "Webhooks" (read 2026-11): `X-Prolific-Request-Signature` is the base64 of the HMAC-SHA256 of time
stamp and body under the workspace's secret, `X-Prolific-Request-Timestamp` the UNIX time of sending, `X-Event-ID` the
same for every delivery of one event, and `X-Timestamp` the moment of the event, by which later ones are told from
earlier ones. Neither of the last two is signed, so they are believed only as far as what is signed goes: the same time
stamp and body are one delivery whatever id they bear, and nothing happens after it was sent. The body of
`submission.status.change` holds `resource_id` (the submission, our session), `status`, `participant_id` and
`event_type`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.errors import InvalidInput, NotAuthenticated, StarchamberError
from ratings.crowd.models import Panel, PanelEntry, PanelEvent
from ratings.crowd.panels import note
from ratings.crowd.statuses import apply_status

SIGNATURE, SENT = "X-Prolific-Request-Signature", "X-Prolific-Request-Timestamp"
EVENT_ID, HAPPENED = "X-Event-ID", "X-Timestamp"
#: A request that was sent longer ago (or is this far ahead) is refused: it may be somebody's recording of one.
FRESH_SECONDS = 300
MAX_BODY_BYTES = 100_000


class BadSignature(NotAuthenticated):
    code = "bad_signature"


class StaleRequest(NotAuthenticated):
    code = "stale_request"


class WebhooksAreOff(StarchamberError):
    """No secret is set: nothing can be believed."""

    code = "webhooks_off"


@dataclass(frozen=True, slots=True)
class Followed:
    """What became of a delivery."""

    duplicate: bool
    message: str


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The signature of a request, as its sender makes it."""
    digest = hmac.new(secret.encode(), timestamp.encode() + body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def check(secret: str, headers: Mapping[str, str], body: bytes, *, now: float) -> None:
    """Raises BadSignature or StaleRequest. now: UNIX time."""
    sent = headers.get(SENT, "")
    expected = sign(secret, sent, body)
    if not hmac.compare_digest(expected.encode(), headers.get(SIGNATURE, "").encode("utf-8", "replace")):
        raise BadSignature(
            "The signature does not fit this body and time stamp.", details={"header": SIGNATURE}
        )
    try:
        age = now - float(sent)
    except ValueError:
        age = float("inf")
    if not abs(age) <= FRESH_SECONDS:
        raise StaleRequest(
            "The time stamp is too old or lies ahead.",
            details={
                "header": SENT,
                "value": sent[:40],
                "expected": f"within {FRESH_SECONDS} seconds of now",
            },
        )


def receive(secret: str, headers: Mapping[str, str], body: bytes) -> Followed:
    """Checks a delivery and follows it once. What is refused is kept for the researcher too."""
    if not secret:
        raise WebhooksAreOff("This site takes no webhooks: PROLIFIC_WEBHOOK_SECRET is not set.")
    try:
        check(secret, headers, body, now=timezone.now().timestamp())
        event = _read(body)
    except StarchamberError as error:
        note(None, PanelEvent.Kind.WEBHOOK, f"refused: {error.message}", accepted=False)
        raise
    try:
        signed = hashlib.sha256(headers.get(SENT, "").encode() + b"\n" + body).hexdigest()
        return _follow_once(event, headers, signed)
    except IntegrityError:
        # Two deliveries of one event at once: the other one was first.
        return Followed(duplicate=True, message="This event was followed before.")


def _read(body: bytes) -> dict[str, Any]:
    expected = 'a JSON object with "event_type"'
    try:
        event = json.loads(body) if len(body) <= MAX_BODY_BYTES else None
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict) or not isinstance(event.get("event_type"), str):
        raise InvalidInput(f"The body is not usable, expected {expected}.", details={"expected": expected})
    return event


@transaction.atomic
def _follow_once(event: dict[str, Any], headers: Mapping[str, str], signed: str) -> Followed:
    # Without an id the body itself tells repeats apart.
    key = headers.get(EVENT_ID, "") or hashlib.sha256(json.dumps(event, sort_keys=True).encode()).hexdigest()
    if PanelEvent.objects.filter(Q(event_id=key[:100]) | Q(signed=signed)).exists():
        return Followed(duplicate=True, message="This event was followed before.")
    kept = PanelEvent.objects.create(
        kind=PanelEvent.Kind.WEBHOOK, event_id=key[:100], signed=signed, message=""
    )
    kept.message, entry = _follow(event, _moment(headers))
    kept.panel = None if entry is None else entry.panel
    kept.save(update_fields=["message", "panel"])
    return Followed(duplicate=False, message=kept.message)


def _follow(event: dict[str, Any], at: datetime) -> tuple[str, PanelEntry | None]:
    if event["event_type"] != "submission.status.change":
        return f"{event['event_type'][:100]}: nothing follows from it", None
    session, status = str(event.get("resource_id", "")), str(event.get("status", ""))
    # Another panel's id may look like one of Prolific's; its submissions are none of Prolific's business.
    entries = PanelEntry.objects.select_related("panel__study", "rater").filter(
        session=session, panel__provider=Panel.Provider.PROLIFIC
    )
    entry = entries.order_by("pk").first()
    if entry is None:
        return f"submission {session[:60]} is not one of ours", None
    return f"{entry.rater.name}: {apply_status(entry, status, at=at)}", entry


def _moment(headers: Mapping[str, str]) -> datetime:
    """When it happened: X-Timestamp, but no later than now and the second in which it was sent, which is signed: a
    moment that lies ahead would keep every later word from being followed. Without X-Timestamp, when it was sent."""
    sent = _read_moment(headers.get(SENT, "")) or timezone.now()
    happened = _read_moment(headers.get(HAPPENED, ""))
    return sent if happened is None else min(happened, sent + timedelta(seconds=1), timezone.now())


def _read_moment(value: str) -> datetime | None:
    """UNIX time or ISO 8601."""
    try:
        return datetime.fromtimestamp(float(value), tz=UTC)
    except (ValueError, OverflowError, OSError):
        pass
    try:
        moment = parse_datetime(value)
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
