"""Reading studies."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

from ratings.studies.errors import UnknownStudy
from ratings.studies.guess import MOST_TRIPLES, Guess, guess_sources
from ratings.studies.journey import read_journey
from ratings.studies.lint import Finding, ShownTriple, lint
from ratings.studies.models import Study

_CHUNK = 2_000

#: The label that imports give to human solutions unless told otherwise.
HUMAN = "human"


def get_study(name: str) -> Study:
    """Raises UnknownStudy."""
    study = Study.objects.select_related("dataset").filter(name=name).first()
    return _found(study, name)


def get_locked_study(name: str, *, against_raters: bool = False) -> Study:
    """The study with its row locked until the transaction ends. Raises UnknownStudy.

    Whoever changes the study waits for it. Raters do not, however long a transaction takes, unless it is
    `against_raters`: then it also waits for every rating on its way, and whoever rates next sees what it changed.
    """
    study = Study.objects.select_for_update(no_key=not against_raters).filter(name=name).first()
    return _found(study, name)


def _found(study: Study | None, name: str) -> Study:
    if study is None:
        named = {"field": "study", "value": name[:100], "expected": "the name of a study"}
        raise UnknownStudy(f"There is no study named {name!r}.", details={"study": name[:100], **named})
    return study


def source_labels(study: Study) -> list[str]:
    """The labels of a study's sources, in its order. Not for pages of raters."""
    return list(study.study_sources.order_by("index").values_list("source__label", flat=True))


def human_sources(study: Study) -> frozenset[int]:
    """Indices of the sources that are people: those that the journey's debrief names, else the one labelled `human`."""
    named = read_journey(study.journey).debrief.human or (HUMAN,)
    return frozenset(index for index, label in enumerate(source_labels(study)) if label in named)


def lint_study(study: Study) -> Iterator[Finding]:
    """Lints what raters would see: the normalised texts of the stored cards. The whole study first."""
    guess = guess_of(study)
    if guess is not None and guess.is_above_chance:
        yield Finding("looks", 0, guess.sentence, blocks=False)
    yield from lint(_shown_triples(study), labels=source_labels(study))


def guess_of(study: Study) -> Guess | None:
    """How well looks alone tell the study's sources; None if it has too few triples to say."""
    stored = guess_looks(study) if study.guess is None else study.guess
    return Guess(**{**stored, "looks": tuple(stored["looks"])}) if stored else None


def guess_looks(study: Study) -> dict[str, Any]:
    """What Study.guess keeps. The first triples are a random sample: their numbers follow the draw, which is by lot."""
    sample = itertools.islice(_shown_triples(study, up_to=MOST_TRIPLES), MOST_TRIPLES)
    guess = guess_sources([[text or "" for text in shown.texts] for shown in sample], seed=study.seed)
    return guess.as_json() if guess else {}


def _shown_triples(study: Study, *, up_to: int | None = None) -> Iterator[ShownTriple]:
    # Plain columns: a study may have hundreds of thousands of cards, and nothing else of their rows is read.
    wanted = study.triples.all() if up_to is None else study.triples.filter(number__lte=up_to)
    rows = wanted.order_by("number").values_list(
        "number", "question__external_id", "cards__source_index", "cards__rationale__normalised"
    )
    for (number, question), cards in itertools.groupby(
        rows.iterator(chunk_size=_CHUNK), key=itemgetter(0, 1)
    ):
        texts = {source_index: normalised for _, _, source_index, normalised in cards}
        yield ShownTriple(number=number, question=question, texts=[texts.get(index) for index in range(3)])
