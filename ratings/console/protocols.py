"""A study's protocol and what was done otherwise, for its pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max

from accounts.models import AuditEvent
from ratings.desk.preview import REFUSED
from ratings.studies.freezing import frozen_protocol
from ratings.studies.models import Deviation, Study
from ratings.studies.pools import read_pools
from ratings.studies.protocol import DEVIATIONS, TWO_SIDED, Contrast, read_protocol
from ratings.studies.quality_mix import read_mix
from ratings.studies.selectors import source_labels
from ratings.studies.thresholds import THRESHOLDS


@dataclass(frozen=True, slots=True)
class Logged:
    """One deviation in words."""

    words: str
    reason: str
    by: str
    at: datetime


def present_protocol(study: Study, *, names_sources: bool) -> dict[str, Any]:
    """The context of templates/console/_protocol.html. names_sources: whether the contrast may say what it compares."""
    frozen = frozen_protocol(study)
    if frozen is None:
        contrast = read_protocol(study.protocol, sources=source_labels(study))
    else:
        said = frozen.content["primary"]
        contrast = Contrast(**said) if said else None
    return {
        "frozen": frozen,
        "contrast": contrast,
        "contrast_words": contrast and contrast_words(contrast, names_sources=names_sources),
        "contrast_is_named": names_sources,
        "deviations": deviations_of(study),
        "pools": read_pools(study.pools),
    }


def contrast_words(contrast: Contrast, *, names_sources: bool) -> str:
    a, b = (contrast.a, contrast.b) if names_sources else ("one source", "another")
    verb = "against" if contrast.direction == TWO_SIDED else "over"
    if contrast.direction == "b_better":
        a, b = b, a
    sides = "two-sided" if contrast.direction == TWO_SIDED else "one-sided"
    return f"{a} {verb} {b}, {sides}, α = {contrast.alpha:g}"


def deviations_of(study: Study) -> list[Logged]:
    """Oldest first."""
    return [
        Logged(words=_words(one), reason=one.reason, by=one.by, at=one.at)
        for one in Deviation.objects.filter(study=study)
    ]


def _words(one: Deviation) -> str:
    words = DEVIATIONS.get(one.code, one.code.replace("_", " "))
    if one.code == "thresholds_changed":
        return f"{words}: {', '.join(f'{name} = {value:g}' for name, value in one.details['to'].items())}"
    if "from" in one.details and "to" in one.details:
        return f"{words}: {one.details['from']} to {one.details['to']}"
    return words


def refused_previews(study: Study) -> dict[str, Any]:
    """How often somebody tried to rate with a preview link, and when last: {"count", "last"}."""
    tried = AuditEvent.objects.filter(act=REFUSED, subject=study.name)
    return tried.aggregate(count=Count("pk"), last=Max("at"))


#: In the words of a form.
THRESHOLD_WORDS = {
    "max_failed_checks": "Failed checks that are still no doubt",
    "min_degraded": "Least share of degraded cards ranked lower",
    "min_repeat": "Least share of pairs decided alike again",
    "fastest": "Too fast, in characters a second",
    "max_too_fast": "Most ratings that may be too fast (share)",
    "position_p": "Position patterns rarer than this are a doubt",
    "max_empty": "Most skips and “all bad” (share)",
}


def thresholds_of(study: Study) -> list[tuple[str, str, Any]]:
    """(name, words, value in force) of each threshold of quality control."""
    mix = read_mix(study.quality)
    return [(name, THRESHOLD_WORDS[name], getattr(mix, name)) for name in THRESHOLDS]
