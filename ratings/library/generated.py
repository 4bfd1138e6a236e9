"""Rationales that a model wrote: filed under their source, one for each text, beside whatever is there already."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.utils import timezone

from problems.normalise import NORMALISER_VERSION
from problems.types import Choice, Family
from ratings.library.digests import text_digest
from ratings.library.importing.working import Task, Worked, work_out_one
from ratings.library.models import QuestionRevision, Rationale, Source

#: Question, digest of the text: a rationale of the one source at hand.
Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class GeneratedText:
    """A text for the question with this primary key, graded against this revision of it.

    stated: the text that holds the answer where it is not `text` itself, else "".
    """

    question: int
    revision: int
    text: str
    stated: str
    worked: Worked


def grade_generated(family: Family, revision: QuestionRevision, text: str, stated: str = "") -> Worked:
    """The verdict on a text, and the text as raters see it. Raises ValueError where a gold answer is unreadable."""
    choices = tuple(Choice(**choice) for choice in revision.choices)
    return work_out_one(family, Task(text, revision.answer or None, choices, stated or None, False))


def store_generated(family: Family, source: Source, texts: Sequence[GeneratedText]) -> list[int]:
    """The rationale of each text, in order; those that are not there yet are added. The caller is in a transaction.

    A text that its source has said about the question before is that rationale, of which there is now a copy more: a
    live one is not written again, and one that an import has retired stays retired. Nothing else is touched. New ones
    are graded against the question as it now is, which may have changed since it was asked.
    """
    current = _locked_revisions({text.question for text in texts})
    keys = [(text.question, text_digest(text.text)) for text in texts]
    copies = Counter(keys)
    known = _stored(source, keys)
    _count_again(known, copies)
    fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    if fresh:
        now = timezone.now()
        # In one order, so that two who add the same texts can not wait for each other.
        Rationale.objects.bulk_create(
            [
                _rationale(text, digest, copies[question, digest], current[question], family, source, now)
                for (question, digest), text in sorted(fresh.items(), key=lambda item: item[0])
            ],
            ignore_conflicts=True,
            batch_size=500,
        )
        known |= _stored(source, fresh)
    return [known[key] for key in keys]


def _locked_revisions(questions: set[int]) -> dict[int, QuestionRevision]:
    """The current revisions, which no import supersedes before this transaction ends: it would miss our rationales."""
    found: dict[int, QuestionRevision] = {}
    while missing := questions - found.keys():
        rows = QuestionRevision.objects.filter(question_id__in=missing, current=True).order_by("question_id")
        fetched = {row.question_id: row for row in rows.select_for_update(no_key=True)}
        # A row that an import superseded while we waited has dropped out; a second look finds its successor.
        found |= fetched
    return found


def _stored(source: Source, keys: Iterable[Key]) -> dict[Key, int]:
    wanted = set(keys)
    rows = Rationale.objects.filter(
        source=source,
        question_id__in={question for question, _ in wanted},
        text_digest__in={digest for _, digest in wanted},
    ).values_list("question_id", "text_digest", "pk")
    return {(question, digest): pk for question, digest, pk in rows if (question, digest) in wanted}


def _count_again(known: dict[Key, int], copies: Counter[Key]) -> None:
    by_number: dict[int, list[int]] = defaultdict(list)
    for key, pk in known.items():
        by_number[copies[key]].append(pk)
    for number, rationales in by_number.items():
        Rationale.objects.filter(pk__in=rationales).update(copies=F("copies") + number)


def _rationale(
    text: GeneratedText,
    digest: str,
    copies: int,
    revision: QuestionRevision,
    family: Family,
    source: Source,
    now: datetime,
) -> Rationale:
    same = revision.pk == text.revision
    worked = text.worked if same else grade_generated(family, revision, text.text, text.stated)
    return Rationale(
        question_id=text.question,
        revision=revision,
        source=source,
        text=text.text,
        normalised=worked.normalised,
        normaliser_version=NORMALISER_VERSION,
        text_digest=digest,
        answer=worked.answer,
        verdict=worked.verdict,
        text_agrees=worked.text_agrees,
        stated_answer=text.stated,
        copies=copies,
        created_at=now,
    )
