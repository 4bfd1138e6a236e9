"""The blinding index of a study: what its raters guessed in the debrief, and what is true."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ratings.analysis.blinding import GuessedCard, blinding_index
from ratings.analysis.intervals import MeanInterval
from ratings.journeys.models import BlindingGuess
from ratings.studies.models import Study
from ratings.studies.selectors import human_sources


def study_blinding(study: Study, *, raters_kind: str) -> dict[str, Any] | None:
    """Bang's and James's index of one kind of raters, those excluded from the analysis left out; None when nobody was
    asked, or when no source of the study is known to be people (ratings.studies.selectors.human_sources)."""
    human = human_sources(study)
    asked = BlindingGuess.objects.filter(
        assignment__rater__study=study,
        assignment__rater__kind=raters_kind,
        assignment__rater__included=True,
    )
    rows = asked.intact().values_list(
        "assignment__rater__name", "assignment__triple__question__external_id", "source_index", "said"
    )
    guesses = [
        GuessedCard(
            rater=rater,
            question=question,
            human=source in human,
            said_human=None if said == BlindingGuess.Said.UNSURE else said == BlindingGuess.Said.PERSON,
        )
        for rater, question, source, said in rows.order_by("pk").iterator(chunk_size=5_000)
    ]
    if not guesses or not human:
        return None
    found = blinding_index(guesses)
    return {
        "cards": found.cards,
        "raters": found.raters,
        "unsure": found.unsure,
        "bang_people": _report(found.people),
        "bang_machines": _report(found.machines),
        "james": _report(found.james),
    }


def _report(interval: MeanInterval) -> dict[str, Any]:
    """{"index", "low", "high", "p_two_sided", "method"}: p against pure guessing."""
    report = asdict(interval)
    return {"index": report.pop("mean"), **report}
