"""What the designer shows of questions to practise on: those that a search finds, and the texts of the chosen ones."""

from __future__ import annotations

from collections.abc import Sequence

from ratings.console.journey_rows import PracticeRow
from ratings.library.models import Dataset, Question, Source
from ratings.library.selectors import questions
from ratings.studies.draw import PROMPT_SPLIT
from ratings.studies.practice_questions import NotUsable, practice_texts

#: Of one search.
MOST_FOUND = 8


def look_up(row: PracticeRow, dataset: str) -> None:
    """Puts the first questions that the row's search finds beside it, in the order of the dataset."""
    words = row.text("search").strip()
    row.found = []
    if words:
        found = questions(dataset=dataset, search=words).exclude(split=PROMPT_SPLIT).order_by("pk")
        row.found = [{"key": one.external_id, "text": _text_of(one)} for one in found[:MOST_FOUND]]


def _text_of(question: Question) -> str:
    [revision] = question.current_revisions
    return str(revision.text)


def show_texts(rows: Sequence[PracticeRow], dataset: str, labels: Sequence[str], *, seed: int) -> None:
    """Puts the texts of each chosen question beside its row, and the refusal of one that can not be practised on.

    labels: the study's three sources; with other than three only the question itself is shown.
    """
    keys = [key for row in rows if row.is_picked and (key := row.text("key").strip())]
    if not keys:
        return
    known = {source.label: source for source in Source.objects.filter(label__in=labels)}
    sources = [known[label] for label in labels if label in known]
    found = practice_texts(Dataset.objects.get(name=dataset), sources, keys, seed=seed)
    for row in rows:
        texts = found.get(row.text("key").strip()) if row.is_picked else None
        if isinstance(texts, NotUsable):
            row.not_usable = texts.expected
        elif texts is not None:
            row.texts = texts
