"""Bodies of requests that start work: a key that nobody knows is refused, for what it meant would not be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from accounts.errors import InvalidInput


class Body(serializers.Serializer[Any]):
    """A serializer of input. Raises InvalidInput for the first key that it does not know."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            for key, value in data.items():
                # A form of the browsable pages sends its token along.
                if key not in self.fields and key != "csrfmiddlewaretoken":
                    raise InvalidInput(
                        f"{str(key)[:100]}: no such key; expected {', '.join(self.fields)}.",
                        details={
                            "field": str(key)[:100],
                            "value": str(value)[:200],
                            "expected": list(self.fields),
                        },
                    )
        return super().to_internal_value(data)
