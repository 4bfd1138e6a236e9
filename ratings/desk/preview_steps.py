"""The pages of a preview: each a template of the rater's own, with what it would get if there were a rater."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from ratings.desk.instructions import render_instructions
from ratings.desk.journey_showing import present_shown
from ratings.desk.journey_words import STEPS
from ratings.desk.presenting import present
from ratings.journeys.showing import (
    show_comprehension,
    show_consent,
    show_debrief,
    show_feedback,
    show_instructions,
    show_triple,
)
from ratings.slots.cards import assignment_view
from ratings.slots.practice import practice_content, told_about
from ratings.studies.draw import keyed_hash
from ratings.studies.form import RatingForm, read_form
from ratings.studies.journey import (
    COMPREHENSION,
    CONSENT,
    DEBRIEF,
    DECLINED,
    DONE,
    INSTRUCTIONS,
    PRACTICE,
    RATING,
    SCREENED_OUT,
    Journey,
    PracticeItem,
    read_journey,
)
from ratings.studies.journey_parts import CODE_PLACE, COMPLETED, NO_CONSENT
from ratings.studies.journey_parts import SCREENED_OUT as SCREENED_OUT_CODE
from ratings.studies.models import Study, Triple
from ratings.studies.quality_mix import read_mix

#: How many of the study's triples a preview shows.
TRIPLES = 3


@dataclass(frozen=True, slots=True)
class Step:
    """One page of a preview: its name for people, the template's name, and what it shows."""

    name: str
    template: str
    context: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PreviewSession:
    """Stands where a rater's session stands in the templates, for a rater that there is not."""

    study_name: str
    instructions: str
    consent: str
    form: RatingForm
    done: int = 0
    state: str = "open"
    stage: str = RATING


def steps_of(study: Study) -> list[Step]:
    """The rater's way through the study: what stands before, a few triples, what stands after, and how it can end."""
    return list(Way(study).steps())


class Way:
    """The steps of one look at a study. Orders are drawn anew for each, as a rater's are dealt: a position tells
    nothing."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.journey: Journey = read_journey(study.journey)
        self.form = read_form(study.form)
        #: What raters are told: with their items, which do not show.
        self.quota = None if study.per_rater is None else study.per_rater + read_mix(study.quality).items
        self.session = PreviewSession(study.name, study.instructions, self.journey.consent_version, self.form)

    def steps(self) -> Iterator[Step]:
        journey, stages = self.journey, self.journey.stages
        if CONSENT in stages:
            yield self._stage(CONSENT, show_consent(journey))
        if INSTRUCTIONS in stages:
            yield self._stage(INSTRUCTIONS, show_instructions(self.study.instructions))
        if PRACTICE in stages:
            yield self._practice(0, None)
        for number, item in enumerate(journey.practice.items, 1):
            yield from self._practised(number, item)
        if COMPREHENSION in stages:
            yield from self._comprehension()
        triples = list(self.study.triples.order_by("number")[: max(TRIPLES, journey.debrief.guess_triples)])
        for done, triple in enumerate(triples[:TRIPLES]):
            yield self._rating(RATING, triple.content, self._order(triple.number), done=done)
        if DEBRIEF in stages:
            yield self._debrief(triples)
        yield from self._ends()

    def _stage(
        self,
        stage: str,
        part: Any = None,
        *,
        name: str = "",
        told: Sequence[Mapping[str, Any]] = (),
        **others: Any,
    ) -> Step:
        shown = {"stage": stage, "stages": list(self.journey.stages), stage: part, **others}
        template, context = present_shown(self.session, shown, told=told)
        return Step(name or str(STEPS[stage]), template, context)

    def _order(self, number: int) -> int:
        return keyed_hash(secrets.randbelow(2**31), "preview", str(number)) % 6

    def _practised(self, number: int, item: PracticeItem) -> Iterator[Step]:
        """A practice item and what is told after it."""
        order, content = self._order(number), practice_content(item)
        card = self._rating(PRACTICE, content, order, done=number - 1)
        yield card
        told = show_feedback(
            card.context["token"],
            order,
            self.form.shown,
            content=content,
            told=told_about(item),
            ranking=[],
            skipped=True,
        )
        yield self._practice(number, told)

    def _practice(self, done: int, feedback: Mapping[str, Any] | None) -> Step:
        planned = len(self.journey.practice.items)
        part = {"done": done, "planned": planned, "feedback": feedback}
        return self._stage(PRACTICE, part, name=_("After the practice") if feedback else "")

    def _comprehension(self) -> Iterator[Step]:
        check = self.journey.comprehension
        asked = range(len(check.questions))
        yield self._stage(COMPREHENSION, show_comprehension(check, asked, number=1, said=None))
        wrong = {str(index): int(not check.questions[index].right) for index in asked}
        again = show_comprehension(check, asked, number=2, said=wrong)
        yield self._stage(COMPREHENSION, again, name=_("After wrong answers"))

    def _rating(self, stage: str, content: Mapping[str, Any], order: int, *, done: int) -> Step:
        """The desk's page for an assignment that nobody holds."""
        view = assignment_view(
            token=secrets.token_hex(16),
            order=order,
            content=dict(content),
            lease_expires_at=timezone.now(),
            done=done,
            quota=self.quota,
            form=self.form,
        )
        context = {
            **present(view),
            "view": view,
            "session": replace(self.session, stage=stage),
            "instructions": render_instructions(self.study.instructions),
        }
        return Step(str(STEPS[stage]), "desk/rate.html", context)

    def _debrief(self, triples: list[Triple]) -> Step:
        debrief = self.journey.debrief
        asked = triples[: debrief.guess_triples] if debrief.guess else []
        seen = [
            show_triple(
                secrets.token_hex(16), self._order(triple.number), self.form.shown, content=triple.content
            )
            for triple in asked
        ]
        return self._stage(DEBRIEF, show_debrief(debrief, seen))

    def _ends(self) -> Iterator[Step]:
        """How it ends for who went all the way, who is screened out, and who takes no part."""
        stages, check = self.journey.stages, self.journey.comprehension
        if DONE in stages:
            yield self._end(DONE, COMPLETED)
        if COMPREHENSION in stages:
            wrong = show_comprehension(check, range(len(check.questions)), number=2, said={})["questions"]
            yield self._end(SCREENED_OUT, SCREENED_OUT_CODE, name=_("Screened out"), told=wrong)
        if CONSENT in stages:
            yield self._end(DECLINED, NO_CONSENT, name=_("No consent"))

    def _end(self, stage: str, outcome: str, *, name: str = "", **others: Any) -> Step:
        codes = self.journey.completion
        # The link is shown around, and a code is worth money: its place is shown, never the code.
        code, url = (CODE_PLACE, codes.url) if codes.code(outcome) else ("", "")
        completion = {"outcome": outcome, "code": code, "url": url}
        return self._stage(stage, name=name, completion=completion, reveal=False, **others)
