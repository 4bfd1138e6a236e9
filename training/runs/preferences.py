"""Preference pairs from the votes of studies, with the way back to each vote.

A model learns from the texts as they came, in the layout in which it is asked and answers; raters saw them after the
normaliser. So a pair holds the rationales' own texts, behind the family's prompt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings

from generation.prompts import build_prompt, completion_of
from generation.runs.spec import asked_of
from problems.types import Family, Verdict
from ratings.exports.keys import ExportKeys, derive_keys
from ratings.exports.pairs import ordered_pairs
from ratings.exports.rows import Rated
from ratings.exports.selectors import rated_triples
from ratings.library.models import QuestionRevision, Rationale
from ratings.studies.models import Study
from ratings.studies.services import chunks

_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class FoundPair:
    """One preference about one question: primary keys, texts, and where it comes from.

    id: the question's external id. votes: {"study", "raters", "rating", "revision", "tied"}, or of a file {"file",
    "line"}.
    """

    origin: str
    question: int
    revision: int
    id: str
    split: str
    prompt: str
    chosen: str
    rejected: str
    chosen_rationale: int | None
    rejected_rationale: int | None
    votes: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def content(self) -> list[Any]:
        """What it says, without any key of this database."""
        return [self.id, self.split, self.prompt, self.chosen, self.rejected, self.votes]


def pairs_of_studies(
    studies: Sequence[Study], *, raters: str, ties: str, family: Family
) -> Iterator[FoundPair]:
    """A pair for every counted vote and every two rationales that it tells apart, study by study, oldest vote first.

    raters: one kind; kinds are never pooled. ties: as exports treat them, with the very same coins.
    """
    for study in studies:
        keys = derive_keys(settings.SECRET_KEY, study=study.name, format_name="trl-preference", options={})
        votes = rated_triples(study, raters=raters, split=None, counted_only=True, with_texts=True)
        for chunk in chunks(votes, _CHUNK):
            yield from _pairs(study, chunk, ties=ties, keys=keys, family=family)


def _pairs(
    study: Study, votes: Sequence[Rated], *, ties: str, keys: ExportKeys, family: Family
) -> Iterator[FoundPair]:
    texts = Texts(family, {card.rationale for vote in votes for card in vote.triple.cards})
    for vote in votes:
        cards = vote.triple.cards
        for pair in ordered_pairs(vote.ranking, ties=ties, key=vote.key, keys=keys, beaten=vote.beaten):
            votes_of = {
                "study": study.name,
                "raters": vote.raters_kind,
                "rating": vote.key,
                "revision": vote.revision,
                "tied": pair.tied,
            }
            yield texts.pair(
                "raters",
                cards[pair.chosen].rationale,
                cards[pair.rejected].rationale,
                number=vote.triple.question_revision,
                votes=votes_of,
            )


class Texts:
    """The rationales with these keys, and their questions, in a model's layout. Two statements."""

    def __init__(self, family: Family, rationales: Iterable[int]) -> None:
        self._family = family
        rows = Rationale.objects.filter(pk__in=set(rationales)).select_related("question")
        self._rationales = {row.pk: row for row in rows}
        questions = {row.question_id for row in self._rationales.values()}
        revisions = QuestionRevision.objects.filter(question_id__in=questions).select_related("question")
        self._revisions = {(row.question_id, row.number): row for row in revisions}

    def pair(
        self, origin: str, chosen: int, rejected: int, *, number: int, votes: dict[str, Any]
    ) -> FoundPair:
        """number: of the question's revision that was shown."""
        revision = self._revisions[self._rationales[chosen].question_id, number]
        return FoundPair(
            origin=origin,
            question=revision.question_id,
            revision=revision.pk,
            id=revision.question.external_id,
            split=revision.question.split,
            prompt=build_prompt(self._family, asked_of(revision)),
            chosen=self._completion(chosen, revision),
            rejected=self._completion(rejected, revision),
            chosen_rationale=chosen,
            rejected_rationale=rejected,
            votes=votes,
        )

    def _completion(self, pk: int, revision: QuestionRevision) -> str:
        return completion_of_rationale(self._family, self._rationales[pk], revision)


def completion_of_rationale(family: Family, rationale: Rationale, revision: QuestionRevision) -> str:
    """A rationale as a model would write it: one that argues for the answer without stating it gets it as its end."""
    argues = rationale.verdict in (Verdict.CORRECT, Verdict.GIVEN)
    return completion_of(family, rationale.text, asked_of(revision) if argues else None)
