"""What the pages of a journey call its stages and its ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.errors import StarchamberError
from ratings.desk.error_words import UNFIT
from ratings.desk.words import PLACE_WORDS
from ratings.studies.form import BEST, BEST_WORST, PAIRWISE, RANKING
from ratings.studies.journey import (
    COMPREHENSION,
    CONSENT,
    DEBRIEF,
    DECLINED,
    DONE,
    FAILED_CHECK,
    INSTRUCTIONS,
    PRACTICE,
    RATING,
    SCREENED_OUT,
    WITHDRAWN,
)
from ratings.studies.journey_parts import NOTHING_RATED

STEPS = {
    CONSENT: _("Consent"),
    INSTRUCTIONS: _("What to do"),
    PRACTICE: _("Practice"),
    COMPREHENSION: _("A short check"),
    RATING: _("Rating"),
    DEBRIEF: _("Afterwards"),
    DONE: _("Done"),
}

#: Of the first, second and third place.
PLACES = PLACE_WORDS[RANKING]

EQUAL = _("equal")


def places_in_words(groups: Sequence[Sequence[str]], kind: str) -> dict[str, Any]:
    """The place of each card, as the form of this kind calls it. groups: cards, best first, ties together."""
    words: list[Any] = list(PLACES)
    if kind == BEST:
        words = [PLACE_WORDS[BEST][0], None, None]
    elif kind == BEST_WORST:
        best, worst = PLACE_WORDS[BEST_WORST]
        words = [best, *[None] * (len(groups) - 2), worst] if len(groups) > 1 else [best]
    elif kind == PAIRWISE:
        words = [EQUAL] if len(groups) == 1 and len(groups[0]) > 1 else list(PLACE_WORDS[PAIRWISE])
    named = {card: words[place] for place, group in enumerate(groups) for card in group}
    return {card: word for card, word in named.items() if word is not None}


#: Heading and words of the page of each end, by stage; of `done` with nothing rated by its outcome.
ENDINGS = {
    DONE: (_("Thank you. You are done."), _("Everything that you said is safe with us.")),
    NOTHING_RATED: (
        _("There is nothing more to rate."),
        _(
            "You have rated no question in this study: others had rated them all, or you skipped those that were left. "
            "Nothing more is asked of you, and skipping is never held against you."
        ),
    ),
    DECLINED: (
        _("That is fine."),
        _("You take no part in this study, and nothing about you is kept but that you declined."),
    ),
    WITHDRAWN: (
        _("You have left the study."),
        _("Nothing more is asked or taken from you. Thank you for the time that you gave."),
    ),
    SCREENED_OUT: (
        _("Thank you for trying."),
        _(
            "This study needs everybody to read its task in one way, and the check did not come out so. That happens, "
            "and it says nothing against you; it is never a reason to refuse payment."
        ),
    ),
    FAILED_CHECK: (
        _("The study ends here for you."),
        _("Thank you for your time. There is nothing more to rate."),
    ),
}


def refusal_words(error: StarchamberError) -> Any:
    """What a person can do about a form that was refused, in the rater's language; programs read the error itself."""
    field = str(error.details.get("field", ""))
    if error.code == "consent_changed":
        return _("The text has changed since you opened this page. Please read it once more.")
    if field == "consents":
        return _("Please say whether you agree.")
    if field.startswith("answers.") and "choice" in str(error.details.get("expected")):
        return _("Please answer every question.")
    if "characters" in str(error.details.get("expected")):
        return _(
            "That text is too long, or holds a character that can not be stored: at most 5,000 characters."
        )
    return UNFIT


def steps_of(stages: list[str], stage: str) -> dict[str, Any]:
    """The context of templates/desk/journey/_steps.html."""
    if stage not in stages:
        return {}
    return {
        "step": stages.index(stage) + 1,
        "steps": [{"name": STEPS[each], "current": each == stage} for each in stages],
        "step_name": STEPS[stage],
    }
