"""Whether a model's tokenizer can write what a family's questions and answers are made of; looked at before any work.

A layout (`Input:`, `<scratch>`, digits, `####`, line breaks) that a tokenizer cannot write is refused: every prompt
would be garbled alike. Characters of single questions that it does not know are counted and told, and change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from generation.prompts import build_prompt
from generation.prompts.types import Asked, NotAsked
from generation.registry.characters import Writer, writer_in, writer_of
from generation.registry.models import LanguageModel
from generation.registry.opening import files_of
from generation.registry.selectors import folder_of
from generation.runs.errors import TokenizerLacks
from generation.runs.spec import asked_of
from problems.addition import scratchpad
from problems.types import Choice, Family
from ratings.library.models import Dataset, QuestionRevision

_CHOICES = tuple(
    Choice(letter, word) for letter, word in zip("ABCDE", ("a", "b", "c", "d", "e"), strict=True)
)
_SUM = Asked("1234567890 + 9876543210", answer="11111111100")
#: Everything that a layout is made of: a question with its hint, and an answer.
_LAYOUTS: dict[Family, tuple[Asked, str]] = {
    Family.ADDITION: (_SUM, scratchpad(1234567890, 9876543210)),
    Family.WORD_PROBLEM: (Asked("0123456789?", answer="7"), " 1+2-3*4/5=<<1+2-3*4/5=0.6>>0.6 789.\n#### 0.6"),
    Family.COMMONSENSEQA: (Asked("?", _CHOICES, "A"), " Therefore, the answer is a (a)."),
    Family.OPEN: (Asked("?"), " ."),
}
_LAYOUTS[Family.GSM8K] = _LAYOUTS[Family.WORD_PROBLEM]
#: Characters that are named; more say no more.
_NAMED = 20


@dataclass(frozen=True, slots=True)
class Unknown:
    """Characters of questions that a tokenizer does not know. questions: that have some, of `of`."""

    questions: int
    of: int
    characters: tuple[str, ...]

    @property
    def words(self) -> str:
        named = _named(self.characters)
        return f"{self.questions:,} of {self.of:,} questions have characters that the tokenizer does not know: {named}."

    def as_json(self) -> dict[str, Any]:
        """What is stored: of very many characters the first ones."""
        return {"questions": self.questions, "of": self.of, "characters": list(self.characters[:_NAMED])}

    @classmethod
    def from_json(cls, stored: dict[str, Any] | None) -> Unknown | None:
        return cls(stored["questions"], stored["of"], tuple(stored["characters"])) if stored else None


def writer_at_hand(model: LanguageModel) -> Writer | None:
    """The tokenizer of a model whose folder is here, read without torch; None where only a worker can tell.

    Raises UnusableFolder, and ModelUnusable (bad_tokenizer).
    """
    return writer_in(folder_of(model)) if model.has_folder else None


def writer_for_work(model: LanguageModel) -> Writer | None:
    """As the work reads it; None behind an endpoint. Raises as files_of does, and ModelUnusable."""
    if model.kind == LanguageModel.Kind.ENDPOINT:
        return None
    from generation.registry.loading import load_tokenizer

    return writer_of(load_tokenizer(files_of(model)))


def require_layout(writer: Writer | None, model: LanguageModel, dataset: Dataset, *, field: str) -> None:
    """Raises TokenizerLacks naming what is missing. field: which value chose the model. No writer: nobody knows."""
    if writer is None:
        return
    family = Family(dataset.family)
    asked, answer = _LAYOUTS[family]
    missing = writer.lost(build_prompt(family, asked, hint=asked.answer is not None) + answer)
    if missing:
        raise TokenizerLacks(
            f"{field}: the tokenizer of {model.label!r} cannot write {_named(missing)}, which every question of "
            f"{dataset.name!r} and its answers are made of; expected a model whose tokenizer can.",
            details={
                "field": field,
                "value": model.label,
                "characters": sorted(missing),
                "expected": f"a tokenizer that can write the layout of {family.value} questions",
            },
        )


def unknown_in(writer: Writer | None, texts: Iterable[str]) -> Unknown | None:
    """What single questions have beyond what the tokenizer knows; None if nothing. texts: one for each question."""
    if writer is None or writer.writes_everything:
        return None
    unknown, count, total = set[str](), 0, 0
    for text in texts:
        found = writer.lost(text)
        unknown |= found
        count, total = count + bool(found), total + 1
    return Unknown(count, total, tuple(sorted(unknown))) if unknown else None


def questions_as_asked(dataset: Dataset) -> Iterable[str]:
    """Every question of a dataset that can be asked, as it is asked."""
    family = Family(dataset.family)
    revisions = QuestionRevision.objects.filter(question__dataset=dataset, current=True).order_by("pk")
    for revision in revisions.iterator(chunk_size=500):
        try:
            yield build_prompt(family, asked_of(revision))
        except NotAsked:
            continue


def _named(characters: Iterable[str]) -> str:
    names = [{"\n": "a line break", " ": "a space"}.get(one, repr(one)) for one in sorted(characters)]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
