"""What a page noticed while a rater rated: numbers, for the quality page. Pure."""

from __future__ import annotations

from typing import Any

from ratings.slots.errors import InvalidField

#: Name -> what it counts. A page without a script sends none of them.
SIGNALS = {
    "seconds": "wall-clock seconds from showing the triple to the submit",
    "focus_losses": "how often the page lost the focus",
    "away_seconds": "seconds for which it had not got it",
    "read_to_end": "how many of the cards were scrolled to their end",
    "pastes": "how often text was pasted into the comment",
    "changes": "how often a place was given or taken back",
}

MAX_SIGNAL = 10_000_000


def read_signals(value: Any) -> dict[str, int]:
    """The known signals of a body; unknown names are ignored, for pages of another version. Raises InvalidField."""
    if value is None:
        return {}
    expected = f"an object of whole numbers from 0 to {MAX_SIGNAL}"
    if not isinstance(value, dict):
        raise InvalidField(
            f"signals: expected {expected}.",
            details={"field": "signals", "value": repr(value)[:200], "expected": expected},
        )
    read = {}
    for name in SIGNALS:
        if name not in value:
            continue
        number = value[name]
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= MAX_SIGNAL:
            raise InvalidField(
                f"signals.{name}: expected a whole number from 0 to {MAX_SIGNAL}.",
                details={"field": f"signals.{name}", "value": repr(number)[:200], "expected": expected},
            )
        read[name] = number
    return read
