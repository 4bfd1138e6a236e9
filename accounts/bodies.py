"""Bodies of requests that start work: a key that nobody knows is refused, for what it meant would not be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers


class Body(serializers.Serializer[Any]):
    """A serializer of input. Raises ValidationError for an unknown key, by its name."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            expected = ", ".join(self.fields)
            # A form of the browsable pages sends its token along.
            unknown = [key for key in data if key not in self.fields and key != "csrfmiddlewaretoken"]
            if unknown:
                raise serializers.ValidationError(
                    {str(key)[:100]: [f"No such key; expected {expected}."] for key in unknown[:10]}
                )
        return super().to_internal_value(data)
