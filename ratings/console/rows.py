"""Rows of a form: added, removed and moved by buttons, with a script and without one.

What a row says is text by name, in the fields `CODE-INDEX-NAME`; `CODE-rows` says how many there are. A button of name
`act` says what to do, as `CODE:add:`, `CODE:remove:INDEX`, `CODE:up:INDEX`; the page then comes again with the rows as
they are then. Nothing is stored meanwhile, and nothing is an error before the whole form is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from django import forms

Values = dict[str, str]
#: What a page never sends is not read: more rows than any kind takes.
_MOST_ROWS = 50


class Row(forms.Form):
    """One row, bound to what it says. Subclasses say how that is written in a design."""

    #: What a row of this kind is called; the heading over all of them, what is said under it, and the kinds of row that
    #: can be added, with the words of the button.
    called: ClassVar[str]
    heading: ClassVar[str]
    words: ClassVar[str]
    buttons: ClassVar[tuple[tuple[str, str], ...]]

    def __init__(self, values: Values, *, code: str, index: int) -> None:
        prefix = f"{code}-{index}"
        super().__init__({f"{prefix}-{name}": value for name, value in values.items()}, prefix=prefix)
        self.values, self.index = values, index
        self.title = f"{self.called} {index + 1}"

    @classmethod
    def values_of(cls, part: Mapping[str, Any]) -> Values:
        """What the fields say for a stored part of a design."""
        raise NotImplementedError

    def part(self) -> dict[str, Any]:
        """What the fields say, as it stands in a design; whether it may stand there is for `refusal`."""
        raise NotImplementedError

    def refusal(self) -> tuple[str, str] | None:
        """Of the first thing that may not stand in a design: its path within the part, and what was expected."""
        raise NotImplementedError

    def field_about(self, path: str) -> str:
        """The field behind a path within the part, such as `rationales[1]`."""
        name = path.replace("[", "_").replace("]", "")
        return name if name in self.fields else next(iter(self.fields))

    def changed(self, act: str, more: str) -> Values | None:
        """What the row says after an act of its kind's own; None where there is none of that name."""
        return None

    def text(self, name: str) -> str:
        return self.values.get(name, "").replace("\r\n", "\n")

    def refuse(self, path: str, expected: str) -> None:
        """Beside the field that is wrong, with the row and the field by name."""
        name = self.field_about(path)
        self.add_error(name, f"{self.title}, {self.fields[name].label}: expected {expected}.")


class Rows:
    """All rows of one kind. focus: the row that the last act was about, where the page puts the focus."""

    def __init__(self, code: str, kind: type[Row], rows: Sequence[Values], *, most: int) -> None:
        self.code, self.kind, self.most = code, kind, most
        # A template would call the class.
        self.heading, self.words, self.buttons = kind.heading, kind.words, kind.buttons
        self.template = f"console/_rows_{code}.html"
        self.was_changed, self.focus = False, -1
        self._show(rows)

    def _show(self, rows: Sequence[Values]) -> None:
        self.rows = [self.kind(values, code=self.code, index=index) for index, values in enumerate(rows)]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= self.most

    @property
    def parts(self) -> list[dict[str, Any]]:
        return [row.part() for row in self.rows]

    @property
    def has_errors(self) -> bool:
        return any(row.errors for row in self.rows)

    def check(self) -> bool:
        """Puts each row's first refusal beside its field; whether there was none."""
        for row in self.rows:
            if found := row.refusal():
                row.refuse(*found)
        return not self.has_errors

    def change(self, act: str, target: str, more: str) -> None:
        """Does what a button said: `add` (target: the kind of the new row), or an act on the row of index `target`.

        What no button says changes nothing.
        """
        self.was_changed = True
        rows = [row.values for row in self.rows]
        if act == "add":
            if not self.is_full:
                rows.append({"kind": target})
                self.focus = len(rows) - 1
                self._show(rows)
            return
        index = int(target) if target.isdecimal() and len(target) < 3 else len(rows)
        if index >= len(rows):
            return
        self.focus = index
        if act == "remove":
            del rows[index]
            self.focus = min(index, len(rows) - 1)
        elif act in ("up", "down"):
            self.focus = min(max(index + (1 if act == "down" else -1), 0), len(rows) - 1)
            rows.insert(self.focus, rows.pop(index))
        elif (values := self.rows[index].changed(act, more)) is not None:
            rows[index] = values
        self._show(rows)


def rows_sent(data: Mapping[str, Any], code: str) -> list[Values]:
    """What a POST says in the rows of one kind; a row of which nothing was sent is an empty one."""
    said = str(data.get(f"{code}-rows", ""))
    count = min(int(said), _MOST_ROWS) if said.isdecimal() and len(said) < 10 else 0
    rows: list[Values] = [{} for _ in range(count)]
    for key in data:
        of, _, rest = str(key).partition("-")
        index, _, name = rest.partition("-")
        if of == code and name and index.isdecimal() and len(index) < 3 and int(index) < count:
            rows[int(index)][name] = str(data[key])
    return rows
