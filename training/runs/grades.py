"""Rationales as a run found them when it began: a corrected question grades its rationales again, in place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ratings.library.models import QuestionRevision, Rationale
from ratings.studies.services import chunks

#: By the rationale's key, as JSON has it: [revision that it was graded against, verdict, answer, text_agrees].
Grades = dict[str, list[Any]]

_CHUNK = 500


def grades_of(rationales: Iterable[int]) -> Grades:
    found: Grades = {}
    for part in chunks(dict.fromkeys(rationales), _CHUNK):
        rows = Rationale.objects.filter(pk__in=part)
        for pk, *grade in rows.values_list("pk", "revision_id", "verdict", "answer", "text_agrees"):
            found[str(pk)] = grade
    return found


def rationales_at(rationales: Sequence[int], grades: Grades) -> dict[int, Rationale]:
    """The rationales with questions and revisions, graded as `grades` say; one that is not there, as it is now."""
    rows = Rationale.objects.select_related("question", "revision").in_bulk(list(rationales))
    wanted = {pk: grades[str(pk)][0] for pk in rows if str(pk) in grades}
    moved = {revision for pk, revision in wanted.items() if rows[pk].revision_id != revision}
    revisions = QuestionRevision.objects.select_related("question").in_bulk(list(moved))
    for pk, revision in wanted.items():
        row = rows[pk]
        if row.revision_id != revision:
            row.revision = revisions[revision]
        _, row.verdict, row.answer, row.text_agrees = grades[str(pk)]
    return rows
