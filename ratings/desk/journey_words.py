"""What the pages of a journey call its stages and its ends."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

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
PLACES = (_("1st"), _("2nd"), _("3rd"))

#: Heading and words of the page of each end.
ENDINGS = {
    DONE: (_("Thank you. You are done."), _("Everything that you said is safe with us.")),
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


def steps_of(stages: list[str], stage: str) -> dict[str, Any]:
    """The context of templates/desk/journey/_steps.html."""
    if stage not in stages:
        return {}
    return {
        "step": stages.index(stage) + 1,
        "steps": [{"name": STEPS[each], "current": each == stage} for each in stages],
        "step_name": STEPS[stage],
    }
