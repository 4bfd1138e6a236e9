"""The CSV files of "Reframing Human-AI Collaboration for Generating Free-Text Explanations" (Wiegreffe et al. 2022).

One line is one annotator's judgement, so that a question stands there three times. We take the question and its
explanations, not the judgements. The choices are one sentence ("bed, drawer, …, or garage") without labels and in an
order of the annotation tool's own: they get A to E in that order, and a stored question that has the same choices
in another order is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from problems.types import Choice
from ratings.library.readers.csv_records import CsvRecord, Parse
from ratings.library.readers.fields import assumed_of, checked_text, id_in, required_text, slug
from ratings.library.readers.options import ReadOptions
from ratings.library.records import QuestionRow, RationaleRow, RowProblem, Writer

COLUMNS = ("Input.id", "Input.question", "Input.answer_choices", "Input.gold_label")
LABELS = "ABCDE"
#: The numbered explanations of the acceptability files are GPT-3's: its greedy one and samples, shuffled.
SAMPLER = "gpt3"

_STEM_PREFIX = re.compile(r"fine_grained_absolute_quality_annotations_(?:commonsenseqa_)?")


def recognises(header: Sequence[str]) -> bool:
    return set(COLUMNS) <= set(header)


def parser(header: Sequence[str], options: ReadOptions) -> Parse[QuestionRow]:
    """How a row of such a file is read. Raises RowProblem if it is not said whose its explanations are."""
    label = options.source or _STEM_PREFIX.sub("", options.stem)
    if "Input.explanation" in header:
        slug("--source", label or None)

    def parse(row: int, record: CsvRecord) -> QuestionRow:
        required_text(record, "Input.id")
        question = required_text(record, "Input.question")
        choices = _choices(required_text(record, "Input.answer_choices"))
        return QuestionRow(
            row=row,
            external_id=id_in(record, "Input.id") or "",
            text=question,
            choices=choices,
            answer=_label(required_text(record, "Input.gold_label"), choices),
            split=None,
            rationales=tuple(_explanations(record, label, options)),
            labelled=False,
            answer_field="Input.gold_label",
        )

    return parse


def _choices(sentence: str) -> tuple[Choice, ...]:
    texts = [text.strip() for text in sentence.split(",")]
    texts[-1] = texts[-1].removeprefix("or ")
    if len(texts) != len(LABELS) or not all(texts):
        expected = "expected five choices: 'first, second, third, fourth, or fifth'"
        raise RowProblem("Input.answer_choices", sentence, f"has {len(texts)} parts; {expected}")
    return tuple(Choice(label, text) for label, text in zip(LABELS, texts, strict=True))


def _label(gold: str, choices: Sequence[Choice]) -> str:
    for choice in choices:
        if choice.text == gold.strip():
            return choice.label
    raise RowProblem("Input.gold_label", gold, "is none of the choices; expected the text of one")


def _explanations(record: CsvRecord, label: str, options: ReadOptions) -> list[RationaleRow]:
    found: list[RationaleRow] = []
    if "Input.explanation" in record:
        text = checked_text("Input.explanation", record["Input.explanation"])
        found.append(
            RationaleRow(label, text, given=True, written_by=options.written_by, assumed=assumed_of(label))
        )
    for number in range(1, len(LABELS) + 1):
        field = f"Input.explanation_{number}"
        if field in record:
            source = _sampler(f"Input.source_sample_{number}", record)
            found.append(
                RationaleRow(
                    source,
                    checked_text(field, record[field]),
                    None,
                    True,
                    _nll(number, record),
                    written_by=Writer.MODEL,
                )
            )
    return found


def _sampler(field: str, record: CsvRecord) -> str:
    sample = required_text(record, field)
    return f"{SAMPLER}_{sample}" if sample == "greedy" else f"{SAMPLER}_sample_{slug(field, sample)}"


def _nll(number: int, record: CsvRecord) -> dict[str, float] | None:
    field = f"Input.nll_{number}"
    try:
        return {"nll": float(record[field])} if field in record else None
    except ValueError:
        raise RowProblem(field, record[field], "expected a number") from None
