"""Reading a JSON body with bounds: DRF reads the stream itself, past Django's own limit on a body's size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class BoundedJSONParser(JSONParser):
    """JSON of at most DATA_UPLOAD_MAX_MEMORY_SIZE bytes, not nested past the recursion limit, without NUL."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        context = dict(parser_context or {})
        length = int(context["request"].META.get("CONTENT_LENGTH") or 0) if "request" in context else 0
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if limit is not None and length > limit:
            raise RequestDataTooBig
        try:
            data = super().parse(stream, media_type, context)
            found = _has_nul(data)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        if found:
            raise ParseError("The JSON holds a NUL character, which no text field takes.")
        return data


def _has_nul(data: Any) -> bool:
    if isinstance(data, str):
        return "\0" in data
    if isinstance(data, dict):
        return any("\0" in key or _has_nul(value) for key, value in data.items())
    return isinstance(data, list) and any(map(_has_nul, data))
