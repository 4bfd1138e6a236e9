"""Rows of the designer: practice items, comprehension questions, and reasons of the study's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import forms

from ratings.console.rows import Row, Values
from ratings.studies.form import BadForm, read_form
from ratings.studies.journey_parts import CARDS, MAX_CHOICES, MAX_LINE, MAX_TEXT
from ratings.studies.journey_reading import read_comprehension, read_practice
from ratings.studies.journey_values import BadJourney

#: Kinds of practice items: of the dataset, or written for this study.
PICKED, WRITTEN = "picked", "written"
_PLACES = [("", "not said"), ("1", "1st"), ("2", "2nd"), ("3", "3rd")]


def _line(label: str, limit: int = MAX_LINE, help_text: str = "") -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off"})
    return forms.CharField(label=label, max_length=limit, required=False, help_text=help_text, widget=widget)


def _text(label: str, rows: int, help_text: str = "") -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, required=False, help_text=help_text, widget=widget)


def _choice_count(values: Values, least: int) -> int:
    """How many fields for choices: those that are filled, and those that were asked for."""
    asked = values.get("choices", "")
    filled = [n for n in range(MAX_CHOICES) if values.get(f"choice_{n}") or values.get(f"label_{n}")]
    count = int(asked) if asked.isdecimal() and len(asked) < 3 else least
    return min(max(count, *(n + 1 for n in filled), least), MAX_CHOICES)


def _refusal(read: Callable[[], object], path: str) -> tuple[str, str] | None:
    """What reading refuses, as a path below `path`."""
    try:
        read()
    except (BadJourney, BadForm) as error:
        return error.field.removeprefix(path).removeprefix("."), error.expected
    return None


class ChoicesRow(Row):
    """A row with a list of choices; one of the acts gives it another field."""

    least_choices = 0
    choice_fields: tuple[str, ...] = ("choice",)

    def __init__(self, values: Values, *, code: str, index: int) -> None:
        super().__init__(values, code=code, index=index)
        self.choice_count = _choice_count(values, self.least_choices)
        for number in range(self.choice_count):
            for name in self.choice_fields:
                self.fields[f"{name}_{number}"] = self._choice_field(name, number)

    def _choice_field(self, name: str, number: int) -> forms.CharField:
        raise NotImplementedError

    @property
    def may_have_more_choices(self) -> bool:
        return self.choice_count < MAX_CHOICES

    @property
    def choice_rows(self) -> list[tuple[int, list[forms.BoundField]]]:
        """(index, its fields) of each choice."""
        return [(n, [self[f"{name}_{n}"] for name in self.choice_fields]) for n in range(self.choice_count)]

    def changed(self, act: str, more: str) -> Values | None:
        if act == "choice":
            return {**self.values, "choices": str(self.choice_count + 1)}
        return None

    def filled_choices(self) -> list[int]:
        return [
            n
            for n in range(self.choice_count)
            if any(self.text(f"{name}_{n}").strip() for name in self.choice_fields)
        ]


class PracticeRow(ChoicesRow):
    """A triple to learn on: a question of the dataset by its id, or one that is written here."""

    called = "Practice item"
    heading = "Practice"
    words = (
        "Triples to learn on, with feedback after each. A question of the dataset that is practised on is left out "
        "of the draw; raters see one rationale of each source."
    )
    buttons = ((PICKED, "Add a question of the dataset"), (WRITTEN, "Write one"))
    choice_fields = ("label", "choice")

    key = _line("question's id", 200)
    search = _line("words or id")
    question = _text("question", 3)
    answer = _line("answer")
    feedback = _text("feedback", 3, "Markdown. Raters read it once they have ranked.")

    def __init__(self, values: Values, *, code: str, index: int) -> None:
        super().__init__(values, code=code, index=index)
        self.is_picked = values.get("kind") != WRITTEN
        # Of the dataset, filled in by ratings.console.practice_picks: what the search found, the texts of the chosen
        # question, and what was expected where it can not be practised on.
        self.found: list[dict[str, str]] | None = None
        self.texts: Mapping[str, Any] = {}
        self.not_usable = ""
        for number, name in enumerate("ABC"):
            self.fields[f"rationales_{number}"] = _text(f"rationale {name}", 3)
            self.fields[f"notes_{number}"] = _line(f"what to notice about {name}", MAX_TEXT)
            place = forms.ChoiceField(label=f"place of {name}", choices=_PLACES, required=False)
            self.fields[f"ranking_{number}"] = place

    def _choice_field(self, name: str, number: int) -> forms.CharField:
        return _line("label", 10) if name == "label" else _line(f"choice {number + 1}")

    @classmethod
    def values_of(cls, part: Mapping[str, Any]) -> Values:
        values = {"kind": PICKED if "from" in part else WRITTEN, "key": part.get("from", "")}
        values |= {name: part.get(name, "") for name in ("question", "answer", "feedback")}
        for name in ("rationales", "notes"):
            values |= {f"{name}_{n}": text for n, text in enumerate(part.get(name, []))}
        for number, choice in enumerate(part.get("choices", [])):
            values |= {f"label_{number}": choice["label"], f"choice_{number}": choice["text"]}
        for place, group in enumerate(part.get("ranking", []), start=1):
            values |= {f"ranking_{index}": str(place) for index in group}
        return values

    def part(self) -> dict[str, Any]:
        said: dict[str, Any] = {}
        if self.is_picked:
            said["from"] = self.text("key").strip()
        else:
            said = {name: self.text(name) for name in ("question", "answer")}
            said["rationales"] = [self.text(f"rationales_{n}") for n in range(CARDS)]
            choices = [
                {"label": self.text(f"label_{n}"), "text": self.text(f"choice_{n}")}
                for n in self.filled_choices()
            ]
            said |= {"choices": choices} if choices else {}
        if ranking := self._ranking():
            said["ranking"] = ranking
        notes = [self.text(f"notes_{n}") for n in range(CARDS)]
        if any(note.strip() for note in notes):
            said["notes"] = notes
        return {**said, "feedback": self.text("feedback")}

    def _ranking(self) -> list[list[int]]:
        places = [self.text(f"ranking_{n}") for n in range(CARDS)]
        return [
            [n for n in range(CARDS) if places[n] == place] for place in ("1", "2", "3") if place in places
        ]

    def refusal(self) -> tuple[str, str] | None:
        found = _refusal(lambda: read_practice({"items": [self.part()]}), "practice.items[0]")
        return found or (("from", self.not_usable) if self.not_usable else None)

    def field_about(self, path: str) -> str:
        if path.startswith("choices["):
            number, _, name = path.removeprefix("choices[").partition("].")
            return f"{'label' if name == 'label' else 'choice'}_{self.filled_choices()[int(number)]}"
        return super().field_about({"from": "key", "ranking": "ranking_0"}.get(path, path))

    def changed(self, act: str, more: str) -> Values | None:
        if act == "take":
            return {**self.values, "key": more, "search": ""}
        # A search changes no value; what it finds is looked up for the page.
        return dict(self.values) if act == "search" else super().changed(act, more)

    @property
    def cards(self) -> list[dict[str, Any]]:
        """For the page, each card's own fields, and its text where the question is the dataset's."""
        rationales = self.texts.get("rationales", [])
        return [
            {
                "name": name,
                "text": rationales[n] if n < len(rationales) else None,
                "rationale": self[f"rationales_{n}"],
                "place": self[f"ranking_{n}"],
                "note": self[f"notes_{n}"],
            }
            for n, name in enumerate("ABC")
        ]


class ComprehensionRow(ChoicesRow):
    """A question about the task, one of whose choices is right."""

    called = "Comprehension question"
    heading = "Comprehension check"
    words = "Asked before rating. Who misses one is asked again, and leaves with thanks when the tries are used up."
    buttons = (("", "Add a question"),)
    least_choices = 3

    question = _text("question", 2)
    explanation = _text("explanation", 2, "Markdown. Raters read it after a wrong answer.")

    def _choice_field(self, name: str, number: int) -> forms.CharField:
        return _line(f"choice {number + 1}")

    @classmethod
    def values_of(cls, part: Mapping[str, Any]) -> Values:
        values = {name: part.get(name, "") for name in ("question", "explanation")}
        values |= {f"choice_{n}": text for n, text in enumerate(part.get("choices", []))}
        return {**values, "right": str(part.get("right", ""))}

    @property
    def right(self) -> str:
        return self.values.get("right", "")

    def part(self) -> dict[str, Any]:
        filled = self.filled_choices()
        right = [place for place, number in enumerate(filled) if str(number) == self.right]
        return {
            "question": self.text("question"),
            "choices": [self.text(f"choice_{number}") for number in filled],
            "right": right[0] if right else None,
            "explanation": self.text("explanation"),
        }

    def refusal(self) -> tuple[str, str] | None:
        found = _refusal(
            lambda: read_comprehension({"questions": [self.part()]}), "comprehension.questions[0]"
        )
        if found and found[0] == "right":
            return "right", "one of the choices that are filled in to be marked as right"
        if found and found[0] == "choices" and len(self.filled_choices()) < 2:
            return "choices", f"2 to {MAX_CHOICES} choices"
        return found

    def field_about(self, path: str) -> str:
        if path.startswith("choices["):
            return f"choice_{self.filled_choices()[int(path.removeprefix('choices[').removesuffix(']'))]}"
        return super().field_about({"choices": "choice_0", "right": "choice_0"}.get(path, path))


class ReasonRow(Row):
    """A reason that a card may be bad for, beside the known ones."""

    called = "Reason"
    heading = "Reasons of your own"
    words = "Offered on each card after those above, in your words."
    buttons = (("", "Add a reason"),)

    code_ = _line("code", 60, "Letters, digits, - and _: it stands in exports. Such as off_topic.")
    label_ = _line("what raters read", 80, "On the chip, in the language of your raters.")

    @classmethod
    def values_of(cls, part: Mapping[str, Any]) -> Values:
        return {"code_": part["code"], "label_": part["label"]}

    def part(self) -> dict[str, Any]:
        return {"code": self.text("code_").strip(), "label": self.text("label_").strip()}

    def refusal(self) -> tuple[str, str] | None:
        return _refusal(lambda: read_form({"own_reasons": [self.part()]}), "own_reasons[0]")

    def field_about(self, path: str) -> str:
        return super().field_about(f"{path}_")
