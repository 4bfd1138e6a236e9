"""Making raters and their links."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction
from django.utils import timezone

from accounts.audit import Actor, record
from accounts.errors import InvalidInput
from ratings.quality.planning import plan_items
from ratings.slots.errors import StudyClosed
from ratings.slots.models import Rater, RaterToken
from ratings.slots.practice import plan_practice
from ratings.slots.sessions import mint_rater_token
from ratings.studies.errors import NameTaken
from ratings.studies.journey import RATING, first_stage, read_journey
from ratings.studies.models import Study
from ratings.studies.pools import find_pool, read_pools
from ratings.studies.selectors import get_locked_study, get_study

MAX_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class NewRater:
    """A rater with the token and the link that are shown this once."""

    name: str
    token: str
    link: str


def join_link(secret: str) -> str:
    """The absolute URL under which a secret signs in."""
    return f"{settings.PUBLIC_URL}/join/{secret}/"


def require_raters_can_come(study_name: str) -> None:
    """Raises StudyClosed: a link made now would be dead. Commands do not ask: they answer in every state."""
    if get_study(study_name).state == Study.State.CLOSED:
        raise StudyClosed(
            f"Study {study_name!r} is closed for good: nobody can rate in it, and a link would be dead.",
            details={"study": study_name},
        )


@transaction.atomic
def create_raters(
    study_name: str,
    name: str,
    *,
    count: int | None,
    actor: Actor,
    kind: Rater.Kind = Rater.Kind.HUMAN,
    pool: str = "",
) -> list[NewRater]:
    """One rater called `name`, or with a count `name-1` to `name-count`.

    pool: one of the study's pools, whose quota and places hold for them; empty: none.
    Raises UnknownStudy, NameTaken, InvalidInput.
    """
    study = get_study(study_name)
    names = [name] if count is None else [f"{name}-{number}" for number in range(1, _checked(count) + 1)]
    _check_name(names[-1])
    taken = Rater.objects.filter(study=study, name__in=names).order_by("pk").values_list("name", flat=True)
    if taken:
        raise NameTaken(
            f"Study {study_name!r} has a rater named {taken[0]!r} already.",
            details={"field": "name", "value": taken[0]},
        )
    # Only people consent, read and practise; the others rate at once.
    stage = first_stage(read_journey(study.journey)) if kind == Rater.Kind.HUMAN else RATING
    quota = _quota_in_pool(study, pool, wanted=len(names)) if pool else None
    raters = Rater.objects.bulk_create(
        Rater(study=study, name=each, kind=kind, stage=stage, pool=pool, quota=quota) for each in names
    )
    plan_items(study, raters)
    if kind == Rater.Kind.HUMAN:
        plan_practice(study, raters)
    record(actor, "rater.create", subject=study.name, details={"raters": len(raters), "first": names[0]})
    new = []
    for rater in raters:
        token = mint_rater_token(rater)
        new.append(NewRater(name=rater.name, token=token, link=join_link(token)))
    return new


def _quota_in_pool(study: Study, name: str, *, wanted: int) -> int | None:
    """The quota of a pool's raters. Raises InvalidInput for a pool that the study lacks, or that is full."""
    pool = find_pool(read_pools(study.pools), name)
    if pool is None:
        expected = ", ".join(each["name"] for each in study.pools) or "none: the study has no pools"
        raise InvalidInput(
            f"pool: {name[:100]!r} is not usable, expected {expected}.",
            details={"field": "pool", "value": name[:100], "expected": expected},
        )
    if pool.places is not None:
        get_locked_study(study.name)  # whoever else fills the pool waits
        left = pool.places - Rater.objects.filter(study=study, pool=name).count()
        if wanted > left:
            expected = f"at most {max(left, 0)} more in this pool, which has {pool.places} places"
            raise InvalidInput(
                f"pool: {wanted} more raters do not fit, expected {expected}.",
                details={"field": "pool", "value": name, "expected": expected},
            )
    return pool.per_rater


@transaction.atomic
def new_link(study_name: str, rater_name: str, *, actor: Actor) -> NewRater:
    """Another link for a rater whose first one was lost. The old one keeps working; `revoke_tokens` ends it."""
    rater = find_rater_of(study_name, rater_name)
    token = mint_rater_token(rater)
    record(actor, "rater.link", subject=study_name, details={"rater": rater.name})
    return NewRater(name=rater.name, token=token, link=join_link(token))


@transaction.atomic
def revoke_tokens(study_name: str, rater_name: str, *, actor: Actor) -> int:
    """Ends every link and session of one rater; returns how many were live. What was rated stays."""
    rater = find_rater_of(study_name, rater_name)
    ended = RaterToken.objects.filter(rater=rater, revoked_at=None).update(revoked_at=timezone.now())
    record(actor, "rater.revoke", subject=study_name, details={"rater": rater.name, "tokens": ended})
    return ended


def find_rater_of(study_name: str, rater_name: str) -> Rater:
    study = get_study(study_name)
    rater = Rater.objects.filter(study=study, name=rater_name).first()
    if rater is None:
        raise InvalidInput(
            f"Study {study_name!r} has no rater named {rater_name!r}.",
            details={"field": "rater", "value": rater_name},
        )
    return rater


def _checked(count: int) -> int:
    if not 1 <= count <= MAX_AT_ONCE:
        raise InvalidInput(
            f"count: {count} is not usable, expected 1 to {MAX_AT_ONCE}.",
            details={"field": "count", "value": count},
        )
    return count


def _check_name(name: str) -> None:
    try:
        validate_slug(name)
        fits = len(name) <= 100
    except ValidationError:
        fits = False
    if not fits:
        raise InvalidInput(
            f"name: {name[:100]!r} is not usable, expected letters, digits, - and _, at most 100 characters.",
            details={"field": "name", "value": name[:100]},
        )
