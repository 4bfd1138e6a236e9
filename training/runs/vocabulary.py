"""Whether a model's tokenizer can write what a family's questions and answers are made of; looked at before any work.

A layout (`Input:`, `<scratch>`, digits, `####`, line breaks) that a tokenizer cannot write is refused: every prompt
would be garbled alike. Characters of single questions that it does not know are counted and told, and change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from generation.prompts import build_prompt
from generation.prompts.types import Asked, NotAsked
from generation.registry.opening import load_tokenizer_of
from generation.runs.spec import asked_of
from problems.addition import scratchpad
from problems.types import Choice, Family
from ratings.library.models import QuestionRevision
from training.errors import TrainingError
from training.runs.conditions import note
from training.runs.models import TrainingRun

if TYPE_CHECKING:
    from jobs.context import JobContext

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


def check_vocabulary(context: JobContext, run: TrainingRun) -> None:
    """Raises TrainingError (tokenizer_lacks) naming what is missing; notes on the run what questions have beyond it."""
    tokenizer, family = load_tokenizer_of(run.base), Family(run.dataset.family)
    asked, answer = _LAYOUTS[family]
    layout = build_prompt(family, asked, hint=asked.answer is not None) + answer
    missing = lost_characters(tokenizer, layout)
    if missing:
        raise TrainingError(
            f"The tokenizer of {run.base.label!r} cannot write {_named(missing)}, which every question of "
            f"{run.dataset.name!r} and its answers are made of. Choose a base whose tokenizer can.",
            code="tokenizer_lacks",
            details={"field": "base", "value": run.base.label, "characters": sorted(missing)},
        )
    if tokenizer.unk_token_id is None and _is_exact(tokenizer, "é—日\U0001f642\u2028"):
        return  # it writes bytes, and so everything
    unknown, count, total = set[str](), 0, 0
    for text in _prompts(run, family):
        found = lost_characters(tokenizer, text)
        unknown |= found
        count, total = count + bool(found), total + 1
    if unknown:
        named = sorted(unknown)[:_NAMED]
        note(context, unknown_characters={"questions": count, "of": total, "characters": named})
        context.log(
            f"{count} of {total} questions have characters that the tokenizer does not know: {_named(unknown)}."
        )


def lost_characters(tokenizer: Any, text: str) -> set[str]:
    """Characters of the text that stand in no token, or in the unknown one."""
    encoded = tokenizer(
        text, add_special_tokens=False, split_special_tokens=True, return_offsets_mapping=True, verbose=False
    )
    kept = [False] * len(text)
    for token, (start, stop) in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True):
        if token != tokenizer.unk_token_id:
            kept[start:stop] = [True] * (stop - start)
    lost = {character for character, is_kept in zip(text, kept, strict=True) if not is_kept}
    # Some tokenizers count the space before a word to no token, and write it all the same.
    return lost if not lost <= {" "} or not _is_exact(tokenizer, text) else set()


def _is_exact(tokenizer: Any, text: str) -> bool:
    """Whether a text comes back as it was, but for spaces at its ends."""
    tokens = tokenizer(text, add_special_tokens=False, split_special_tokens=True, verbose=False)["input_ids"]
    back: str = tokenizer.decode(tokens, clean_up_tokenization_spaces=False)
    return back.strip(" ") == text.strip(" ")


def _prompts(run: TrainingRun, family: Family) -> Iterable[str]:
    """Every question that can be asked, as it is asked."""
    revisions = QuestionRevision.objects.filter(question__dataset=run.dataset, current=True).order_by("pk")
    for revision in revisions.iterator(chunk_size=500):
        try:
            yield build_prompt(family, asked_of(revision))
        except NotAsked:
            continue


def _named(characters: Iterable[str]) -> str:
    names = [{"\n": "a line break", " ": "a space"}.get(one, repr(one)) for one in sorted(characters)]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
