"""What a study pays its raters, and below which hourly rate that is unfair. Pure; amounts are exact decimals.

A study stores its pay as JSON; an empty object says nothing about pay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any

from problems.text import not_usable

MAX_AMOUNT = 1_000_000

_CURRENCY = re.compile(r"[A-Z]{3}")
_AMOUNTS = ("per_rater", "per_rating", "hourly_floor")


class BadPay(ValueError):
    """A pay that no study can have. `field`, `value` and `expected` say why."""

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(not_usable(field, value, expected))
        self.field, self.value, self.expected = field, value, expected


@dataclass(frozen=True, slots=True)
class Pay:
    """currency: a code of ISO 4217, such as GBP. The rest are amounts in it, None where not said.

    per_rater: for a whole session. per_rating: for each rating, personal items included, practice not; both add up.
    hourly_floor: pay for an hour of active time should not be less.
    """

    currency: str = ""
    per_rater: Decimal | None = None
    per_rating: Decimal | None = None
    hourly_floor: Decimal | None = None

    @property
    def is_said(self) -> bool:
        return self.per_rater is not None or self.per_rating is not None

    def earned(self, ratings: int) -> Decimal:
        """What one rater gets for a session with so many ratings."""
        return (self.per_rater or Decimal()) + (self.per_rating or Decimal()) * ratings

    def hourly(self, ratings: int, active_seconds: float) -> Decimal | None:
        """That by the hour, to a cent; None where no time was measured or no pay is said."""
        if active_seconds <= 0 or not self.is_said:
            return None
        return (self.earned(ratings) * 3600 / Decimal(str(active_seconds))).quantize(Decimal("0.01"))

    def is_unfair(self, hourly: Decimal | None) -> bool:
        return hourly is not None and self.hourly_floor is not None and hourly < self.hourly_floor

    def as_json(self) -> dict[str, Any]:
        """Amounts as text, so that no cent is lost; `read_pay` takes that and numbers."""
        said = {name: getattr(self, name) for name in _AMOUNTS}
        shown = {name: str(amount) for name, amount in said.items() if amount is not None}
        return ({"currency": self.currency} if self.currency else {}) | shown


def read_pay(value: Mapping[str, Any]) -> Pay:
    """A stored or submitted pay; what is absent, or null, is not said. Raises BadPay."""
    names = [field.name for field in fields(Pay)]
    for name in value:
        if name not in names:
            raise BadPay(name, value[name], f"one of {', '.join(sorted(names))}")
    amounts = {name: _amount(name, value[name]) for name in _AMOUNTS if value.get(name) is not None}
    currency = value.get("currency") or ""
    if not isinstance(currency, str) or (currency or amounts) and not _CURRENCY.fullmatch(currency):
        raise BadPay("currency", currency, "three capital letters, such as GBP")
    return Pay(currency=currency, **amounts)


def _amount(name: str, value: object) -> Decimal:
    expected = f"an amount from 0 to {MAX_AMOUNT} with at most four decimals"
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise BadPay(name, value, expected)
    written = str(value)
    if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,4})?", written) or Decimal(written) > MAX_AMOUNT:
        raise BadPay(name, value, expected)
    return Decimal(written)
