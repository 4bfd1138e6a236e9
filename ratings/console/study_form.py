"""The form behind a new study: its fields, its rows, and the design that they say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorDict

from accounts.errors import StarchamberError
from ratings.console.journey_rows import ComprehensionRow, PracticeRow, ReasonRow
from ratings.console.practice_picks import look_up, show_texts
from ratings.console.rows import Row, Rows, rows_sent
from ratings.console.study_choices import PATHS_OF_ROWS, design_of, field_of, initial_of, rows_of
from ratings.console.study_fields import (
    DEFAULTS,
    SECTIONS,
    AskFields,
    CrowdFields,
    DrawFields,
    JourneyFields,
    ProtocolFields,
    QualityFields,
)
from ratings.library.selectors import DatasetSummary
from ratings.studies.design import StudyDesign
from ratings.studies.draw import PROMPT_SPLIT
from ratings.studies.form import MAX_OWN_REASONS
from ratings.studies.journey_parts import MAX_ITEMS, MAX_QUESTIONS
from ratings.studies.presets import Preset

#: Addresses of pages below /studies/; a study of that name could not be reached.
RESERVED_NAMES = frozenset({"new"})
SOURCES_OF_A_STUDY = 3

#: Kinds of rows: in which section they stand, what they are, how many there may be, and the fields beside them.
ROWS: dict[str, tuple[str, type[Row], int, tuple[str, ...]]] = {
    "reasons": ("ask", ReasonRow, MAX_OWN_REASONS, ()),
    "practice": ("journey", PracticeRow, MAX_ITEMS, ("practice_count",)),
    "comprehension": ("journey", ComprehensionRow, MAX_QUESTIONS, ("comprehension_tries",)),
}


def _source_choices(dataset: DatasetSummary) -> list[tuple[str, str]]:
    """Each source with its rationales by verdict."""
    return [
        (label, f"{label} ({', '.join(f'{count:,} {verdict}' for verdict, count in verdicts.items())})")
        for label, verdicts in dataset.sources.items()
    ]


#: What stands in the fields of a plain study.
_USUAL = initial_of({})


class NewStudyForm(ProtocolFields, CrowdFields, QualityFields, JourneyFields, AskFields, DrawFields):
    """All of it. What it says is a StudyDesign; refusals of services come back beside the fields they are about.

    rows: by kind, the rows that buttons add to it.
    """

    #: Always in sight; the rest of their section is folded.
    main = ("name", "sources", "questions", "ratings_per_triple", "per_rater", "instructions", "form_kind")

    def __init__(
        self,
        data: Any = None,
        *,
        dataset: DatasetSummary,
        sources: Sequence[str] = (),
        preset: Preset | None = None,
        choices: Mapping[str, Any] | None = None,
        quiet: bool = False,
        address: str = "",
    ) -> None:
        """sources: preselected, as far as the dataset has them. preset: whose choices stand in the fields.

        choices: those of a draft, by StudyDesign's names, instead. quiet: it is not finished, so nothing is an error.
        address: where it is sent.
        """
        self.quiet, self.address = quiet, address
        chosen: Mapping[str, Any] = choices or (preset.design if preset else {})
        initial = initial_of(chosen) | ({"raters": preset.raters} if preset else {})
        super().__init__(data, initial=initial)
        self.dataset = dataset
        offered = _source_choices(dataset)
        labels = [label for label, _ in offered]
        self._offer("sources", offered)
        preselected = [label for label in sources if label in labels]
        self.fields["sources"].initial = labels if len(labels) == SOURCES_OF_A_STUDY else preselected
        self._offer("split", [("", "All but those of few-shot prompts"), *self._splits()])
        for name in ("protocol_a", "protocol_b"):
            self._offer(name, [("", "No primary contrast"), *((label, label) for label in labels)])
        wanted = self.initial.get("questions", DEFAULTS.questions)
        self.initial["questions"] = min(wanted, dataset.questions)
        stored = rows_of(chosen)
        self.rows: dict[str, Rows] = {}
        for code, (_, kind, most, _) in ROWS.items():
            values = (
                rows_sent(data, code) if self.is_bound else [kind.values_of(part) for part in stored[code]]
            )
            self.rows[code] = Rows(code, kind, values, most=most)

    @property
    def errors(self) -> ErrorDict:
        return ErrorDict() if self.quiet else super().errors

    def is_valid(self) -> bool:
        """Every field and every row is looked at, so that all that is wrong is said at once."""
        self.show_practice_texts()
        rows = [self.rows[code].check() for code in self.rows] if self.is_bound else []
        return super().is_valid() and all(rows)

    @property
    def has_errors(self) -> bool:
        return bool(self.errors) or any(rows.has_errors for rows in self.rows.values())

    def change_rows(self, act: str) -> Rows | None:
        """Does what a row's button says (see ratings.console.rows); the rows that it is about, None for none."""
        code, what, target, more = [*act.split(":", 3), "", "", ""][:4]
        rows = self.rows.get(code)
        if rows is None:
            return None
        rows.change(what, target, more)
        if what == "search":
            look_up(self._practice[rows.focus], self.dataset.name)
        return rows

    @property
    def _practice(self) -> list[PracticeRow]:
        return [row for row in self.rows["practice"] if isinstance(row, PracticeRow)]

    def show_practice_texts(self) -> None:
        """What raters would practise on, by the sources and the seed as they stand in the fields now."""
        sources = [label for label in self["sources"].value() or [] if label in self.dataset.sources]
        seed = str(self["seed"].value())
        labels = sources if len(sources) == SOURCES_OF_A_STUDY else []
        show_texts(
            self._practice,
            self.dataset.name,
            labels,
            seed=int(seed) if re.fullmatch(r"-?\d{1,9}", seed) else 0,
        )

    def show_in_rows(self, error: StarchamberError) -> bool:
        """Whether the refusal of a service is about a row; then it stands there."""
        said = str(error.details.get("field") or "")
        for code, path in PATHS_OF_ROWS.items():
            if found := re.fullmatch(rf"{re.escape(path)}\[(\d+)\]\.?(.*)", said):
                index = int(found[1])
                if index < len(self.rows[code]):
                    self.rows[code].rows[index].refuse(found[2], str(error.details.get("expected")))
                    return True
        return False

    def _offer(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(choices)

    def _splits(self) -> list[tuple[str, str]]:
        return [(split, split) for split in self.dataset.splits if split and split != PROMPT_SPLIT]

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name in RESERVED_NAMES:
            raise ValidationError("This name is an address of the site's own; take another.")
        return name

    def clean_sources(self) -> Sequence[str]:
        labels: list[str] = self.cleaned_data["sources"]
        if len(labels) != SOURCES_OF_A_STUDY:
            raise ValidationError(f"Choose three sources; {len(labels)} are chosen.")
        return labels

    def design(self) -> StudyDesign:
        """Raises InvalidInput for what is written as text: pools and the rest of the journey."""
        parts = {code: rows.parts for code, rows in self.rows.items()}
        return design_of(self.cleaned_data, parts, dataset=self.dataset.name)

    def field_about(self, name: str) -> str:
        """The form's field for a design's, such as quality.checks; empty: it has none."""
        return field_of(name, self.fields)

    @property
    def sections(self) -> list[dict[str, Any]]:
        """For the template: each section's fields in sight and folded, and whether a folded one has an error."""
        found = []
        for code, heading, summary, part in SECTIONS:
            names = list(part.base_fields)
            folded = [name for name in names if name not in self.main]
            rows = [self.rows[one] for one, (section, *_) in ROWS.items() if section == code]
            beside = {name for *_, fields in ROWS.values() for name in fields}
            found.append(
                {
                    "code": code,
                    "heading": heading,
                    "summary": summary,
                    "words": (part.__doc__ or "").strip(),
                    "shown": [self[name] for name in names if name in self.main],
                    "folded": [self[name] for name in folded if name not in beside],
                    "rows": [(one, self.beside(one)) for one in rows],
                    "is_open": any(name in self.errors for name in folded)
                    or any(one.was_changed for one in rows),
                    "is_set": any(self._is_set(name) for name in folded) or any(len(one) for one in rows),
                }
            )
        return found

    def beside(self, rows: Rows) -> list[forms.BoundField]:
        """The fields that say something about all rows of one kind."""
        return [self[name] for name in ROWS[rows.code][3]]

    def _is_set(self, name: str) -> bool:
        """Whether a folded field says something else than usual."""
        value, usual = self[name].value(), _USUAL.get(name, self.fields[name].initial)
        return value not in (None, "", False, [], 0) and value != usual and str(value) != str(usual)
