"""Pages of a list: a cursor, newest first, so that rows which arrive meanwhile shift nothing."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

#: As SQL's integers take it.
_LARGEST_ID = 2**63 - 1


class NewestFirstPagination(CursorPagination):
    """`{"next", "previous", "results"}`; `?page_size=` up to 1000."""

    ordering = "-id"
    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000

    def get_page_size(self, request: Request) -> int | None:
        """More than the largest is the largest; what is no size is refused, which the base takes for the usual one."""
        asked = request.query_params.get(self.page_size_query_param)
        if asked is not None and not (asked.isascii() and asked.isdecimal() and int(asked[:20]) > 0):
            raise ValidationError(
                {
                    "page_size": [
                        f"{asked[:50]!r} is no size of a page; expected a whole number from 1 to 1000."
                    ]
                }
            )
        return super().get_page_size(request)

    def decode_cursor(self, request: Request) -> Any:
        """A cursor names an id; one that names anything else would reach the database as it stands."""
        cursor = super().decode_cursor(request)
        if cursor is None or cursor.position is None:
            return cursor
        position = str(cursor.position)
        if not (position.isascii() and position.isdecimal() and int(position) <= _LARGEST_ID):
            raise NotFound(self.invalid_cursor_message)
        return cursor
