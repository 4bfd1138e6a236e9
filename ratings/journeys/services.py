"""A rater's way through a study, as pages and API call it. Every function takes the secret of who asks.

All of it is safe to repeat: what belongs to a stage that is behind the rater changes nothing, so that a double click,
a second tab and a form sent again the next day end where the rater stands. What belongs to a stage ahead is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction

from ratings.journeys.comprehension import answer_comprehension
from ratings.journeys.debrief import answer_debrief
from ratings.journeys.errors import ConsentChanged, PracticeUnfinished, WrongStage
from ratings.journeys.standing import Standing, move_on, practice_counts, stand
from ratings.slots.claim import claim_next
from ratings.slots.errors import InvalidField, StudyClosed, StudyNotOpen
from ratings.slots.models import Rater
from ratings.slots.skip import release_held
from ratings.slots.stages import move_stage
from ratings.slots.waiting import more_may_come
from ratings.studies.journey import (
    COMPREHENSION,
    CONSENT,
    DEBRIEF,
    DECLINED,
    ENDS,
    FAILED,
    INSTRUCTIONS,
    LEFT,
    PASSED,
    PRACTICE,
    RATING,
    REFUSED,
    next_stage,
    read_journey,
)
from ratings.studies.stages import UNDONE

__all__ = ["Standing", "answer", "fail_check", "finish_rating", "leave", "stand"]


@transaction.atomic
def answer(secret: str, stage: str, body: Mapping[str, Any], *, study: str | None = None) -> Standing:
    """Takes what a rater says in a stage, and moves the rater on if that ends it.

    body, by stage: consent {"version", "consents": bool, "after_declining"?: true}; instructions {}; practice {} (once
    all of it is answered); comprehension {"try", "answers": {question: choice}}; rating {} (once nothing can come any
    more); debrief {"guesses": {assignment: {card: who}}, "answers": {question: choice or text}, "comment"}.

    Raises NotAuthenticated, StudyClosed, StudyNotOpen, WrongStage, ConsentChanged, PracticeUnfinished, InvalidField,
    UnknownQuestion; then nothing changes.
    """
    standing = stand(secret, study=study, lock=True)
    _require_walking(standing)
    if stage == CONSENT and standing.stage != CONSENT and body.get("consents") is False:
        # Said in another tab, after all: it is never too late to refuse.
        return _leave(standing)
    if stage == CONSENT and standing.stage == DECLINED and _agrees_after_all(body):
        # Declined by mistake. Said expressly: a tab that was open before the refusal must not overrule it.
        return _answer_consent(_back_at_consent(standing, body), body)
    if not _is_at(standing, stage):
        return standing
    return _ANSWERS[stage](standing, body)


def _require_walking(standing: Standing) -> None:
    """A pause stops the handing out of triples, not the reading of pages."""
    state, details = standing.session.state, {"study": standing.session.study_name}
    if state == "closed":
        raise StudyClosed("This study is closed.", details=details)
    if state == "draft":
        raise StudyNotOpen("This study is not open yet.", details=details)


def _is_at(standing: Standing, stage: str) -> bool:
    """Whether the rater is in this stage; False when it is behind. Raises WrongStage."""
    stages = standing.journey.stages
    if stage in stages and stage in _ANSWERS:
        if standing.stage == stage:
            return True
        if standing.stage in ENDS or stages.index(stage) < stages.index(standing.stage):
            return False
    raise WrongStage(
        f"The next step is {standing.stage!r}.", details={"stage": standing.stage, "value": stage[:50]}
    )


def _answer_consent(standing: Standing, body: Mapping[str, Any]) -> Standing:
    consents = body.get("consents")
    if not isinstance(consents, bool):
        raise InvalidField(
            "consents: expected true or false.",
            details={"field": "consents", "value": repr(consents)[:200], "expected": "true or false"},
        )
    version = standing.journey.consent_version
    if not consents:
        return move_on(standing, REFUSED, consent=version)
    if body.get("version") != version:
        raise ConsentChanged(
            "The text that you agreed to is not the one of this study. Read it once more, please.",
            details={"field": "version", "value": repr(body.get("version"))[:200], "expected": version},
        )
    return move_on(standing, PASSED, consent=version)


def _agrees_after_all(body: Mapping[str, Any]) -> bool:
    return body.get("consents") is True and body.get("after_declining") is True


def _back_at_consent(standing: Standing, body: Mapping[str, Any]) -> Standing:
    """Undoes a refusal for a consent that will be taken; one to other words is left to `_answer_consent` to refuse."""
    back = replace(standing, session=replace(standing.session, stage=CONSENT))
    if body.get("version") == standing.journey.consent_version:
        move_stage(standing.rater_id, left=DECLINED, entered=CONSENT, outcome=UNDONE)
    return back


def _answer_instructions(standing: Standing, body: Mapping[str, Any]) -> Standing:
    return move_on(standing, PASSED)


def _answer_practice(standing: Standing, body: Mapping[str, Any]) -> Standing:
    answered, planned = practice_counts(standing)
    if answered < planned:
        raise PracticeUnfinished("There is more to practise.", details={"done": answered, "planned": planned})
    return move_on(standing, PASSED)


def _answer_rating(standing: Standing, body: Mapping[str, Any]) -> Standing:
    return _finish(standing)


_ANSWERS: dict[str, Callable[[Standing, Mapping[str, Any]], Standing]] = {
    CONSENT: _answer_consent,
    INSTRUCTIONS: _answer_instructions,
    PRACTICE: _answer_practice,
    COMPREHENSION: answer_comprehension,
    RATING: _answer_rating,
    DEBRIEF: answer_debrief,
}


@transaction.atomic
def finish_rating(secret: str) -> Standing:
    """Moves a rater on for whom nothing can come any more; others `waits`, or have something to rate by now.

    Call it when an assignment was asked for and none came: whether that is still so is looked at under the rater's
    lock. What others hold may come back, by expiry or by a skip: as long as it may, nobody is moved on who could
    get it. A triple that was late is still taken afterwards.
    """
    return _finish(stand(secret, lock=True))


def _finish(standing: Standing) -> Standing:
    session = standing.session
    if session.stage != RATING or session.state != "open":
        return standing
    # Programs never consented and never practised: they have nothing to tell afterwards, and no code to get.
    if not standing.journey.ends or session.rater_kind != Rater.Kind.HUMAN:
        return replace(standing, waits=more_may_come(session))
    if claim_next(session).view is not None or more_may_come(session):
        return replace(standing, waits=True)
    return move_on(standing, PASSED)


@transaction.atomic
def leave(secret: str, *, study: str | None = None) -> Standing:
    """Takes the rater's consent back: what is held is given back, and nothing more is taken. What was rated stays."""
    standing = stand(secret, study=study, lock=True)
    _require_walking(standing)
    return _leave(standing)


def _leave(standing: Standing) -> Standing:
    if standing.stage in ENDS:
        return standing
    release_held(standing.rater_id)
    return move_on(standing, LEFT, consent=standing.session.consent)


@transaction.atomic
def fail_check(rater_id: int) -> bool:
    """Ends the way of a rater who failed the study's attention checks, with the code for that; False if not rating.

    A decision about the way alone: what is counted and what is paid are decided elsewhere.
    """
    rater = (
        Rater.objects.select_for_update(no_key=True, of=("self",)).select_related("study").get(pk=rater_id)
    )
    if rater.stage not in (RATING, DEBRIEF):
        return False
    entered = next_stage(read_journey(rater.study.journey), rater.stage, FAILED)
    release_held(rater.pk)
    move_stage(rater.pk, left=rater.stage, entered=entered, outcome=FAILED)
    return True
