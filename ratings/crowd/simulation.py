"""Simulated raters that rate a study through the real loop: services, or HTTP against a running site.

They see what raters see, a token and three cards. What stands behind a card they look up in the database, as only a
simulation may.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from django.conf import settings
from tqdm import tqdm

from accounts.audit import Actor, record
from accounts.errors import InvalidInput
from ratings.crowd.answering import Answering
from ratings.crowd.page_desk import PageDesk, SiteUnreachable
from ratings.crowd.raters import NewRater, create_raters
from ratings.library.options import check_seed
from ratings.slots import services
from ratings.slots.models import Rater
from ratings.studies.form import read_form
from ratings.studies.models import Study
from ratings.studies.selectors import get_study, source_labels


@dataclass(frozen=True, slots=True)
class Simulation:
    """Who rates, and how.

    strengths: natural logs by source label, 0 for those not named. explicit_taste: added to a card's utility for
    each of its explicit steps (`ratings.crowd.taste`), whoever wrote it. careless: how many of the raters, the last
    ones, rank at random and fast. degraded_penalty, consistency: of the others, see `ratings.crowd.answering`.
    """

    study: str
    raters: int = 20
    seed: int = 0
    strengths: Mapping[str, float] = field(default_factory=dict)
    left_bias: float = 0.2
    tie_width: float = 0.1
    explicit_taste: float = 0.0
    careless: int = 0
    degraded_penalty: float = 3.0
    consistency: float = 0.9
    via: str = "service"


class Desk(Protocol):
    """The two calls of a rater's loop."""

    def first(self, token: str) -> dict[str, Any] | None: ...

    def submit(
        self, token: str, assignment: str, body: dict[str, Any]
    ) -> tuple[bool, dict[str, Any] | None]: ...


class ServiceDesk:
    """The loop in this process."""

    def first(self, token: str) -> dict[str, Any] | None:
        return services.next_assignment(token).view

    def submit(self, token: str, assignment: str, body: dict[str, Any]) -> tuple[bool, dict[str, Any] | None]:
        submitted = services.submit_rating(token, assignment, body)
        return submitted.surplus, submitted.next


class HttpDesk:
    """The loop over HTTP, against the site at PUBLIC_URL."""

    def __init__(self, study: str) -> None:
        self.study = study

    def first(self, token: str) -> dict[str, Any] | None:
        return self._post(f"studies/{self.study}/assignments/", token, {})

    def submit(self, token: str, assignment: str, body: dict[str, Any]) -> tuple[bool, dict[str, Any] | None]:
        answer = self._post(f"assignments/{assignment}/rating/", token, body)
        assert answer is not None
        return answer["surplus"], answer["next"]

    def _post(self, path: str, token: str, body: dict[str, Any]) -> dict[str, Any] | None:
        request = urllib.request.Request(  # noqa: S310  # PUBLIC_URL is http(s), checked at the start
            f"{settings.PUBLIC_URL}/api/v1/{path}",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
                raw = response.read()
        except urllib.error.HTTPError as error:
            raise SiteUnreachable(
                f"{request.full_url} answered {error.code}: {error.read()[:300]!r}"
            ) from error
        except OSError as error:
            raise SiteUnreachable(
                f"No site answers at {settings.PUBLIC_URL}: {error}. Start one (make serve)."
            ) from error
        answer: dict[str, Any] | None = json.loads(raw) if raw else None
        return answer


def simulate_raters(simulation: Simulation, *, actor: Actor, watched: bool = False) -> dict[str, Any]:
    """Makes the raters and lets them take turns until nobody is given another triple.

    Returns {"raters", "ratings", "surplus"}. Raises UnknownStudy, StudyNotOpen, InvalidInput.
    """
    check_seed(simulation.seed)
    study = get_study(simulation.study)
    strengths = _strengths(study, simulation)
    prefix = f"simulated-{Rater.objects.filter(study=study, kind=Rater.Kind.SIMULATED).count() + 1}"
    desk = _desk(study.name, simulation.via)
    if simulation.via == "service" and study.state != Study.State.OPEN:
        services.require_open(study.name, study.state)
    raters = create_raters(
        study.name, prefix, count=simulation.raters, actor=actor, kind=Rater.Kind.SIMULATED
    )
    record(
        actor,
        "study.simulate",
        subject=study.name,
        details={
            "raters": len(raters),
            "seed": simulation.seed,
            "strengths": dict(simulation.strengths),
            "explicit_taste": simulation.explicit_taste,
            "careless": simulation.careless,
        },
    )
    answering = _answering(study, strengths, simulation)
    counts = _take_turns(desk, raters, answering, watched=watched)
    return {"raters": len(raters), **counts}


def _desk(study: str, via: str) -> Desk:
    if via == "pages":
        return PageDesk(study)
    return HttpDesk(study) if via == "http" else ServiceDesk()


def _strengths(study: Study, simulation: Simulation) -> list[float]:
    labels = source_labels(study)
    for label in simulation.strengths:
        if label not in labels:
            raise InvalidInput(
                f"strengths: {label!r} is not a source of this study; it has {', '.join(labels)}.",
                details={"field": "strengths", "value": label, "expected": labels},
            )
    if not 0 <= simulation.careless <= simulation.raters:
        raise InvalidInput(
            f"careless: {simulation.careless} is not usable, expected 0 to {simulation.raters}.",
            details={"field": "careless", "value": simulation.careless},
        )
    if simulation.tie_width < 0:
        raise InvalidInput("tie_width: expected 0 or more.", details={"field": "tie_width"})
    return [simulation.strengths.get(label, 0.0) for label in labels]


def _answering(study: Study, strengths: Sequence[float], simulation: Simulation) -> list[Answering]:
    """One for each rater, with a generator of its own."""
    form = read_form(study.form)
    return [
        Answering(
            generator=np.random.default_rng([simulation.seed, number]),
            strengths=strengths,
            form=form,
            left_bias=simulation.left_bias,
            tie_width=simulation.tie_width,
            explicit_taste=simulation.explicit_taste,
            careless=number >= simulation.raters - simulation.careless,
            degraded_penalty=simulation.degraded_penalty,
            consistency=simulation.consistency,
        )
        for number in range(simulation.raters)
    ]


def _take_turns(
    desk: Desk, raters: Sequence[NewRater], answering: Sequence[Answering], *, watched: bool
) -> dict[str, int]:
    present = [desk.first(rater.token) for rater in raters]
    counts = {"ratings": 0, "surplus": 0}
    with tqdm(desc="ratings", disable=not watched, leave=False) as bar:
        while any(present):
            for number, rater in enumerate(raters):
                assignment = present[number]
                if assignment is None:
                    continue
                body = answering[number].body(assignment["token"])
                surplus, present[number] = desk.submit(rater.token, assignment["token"], body)
                counts["surplus" if surplus else "ratings"] += 1
                bar.update()
    return counts
