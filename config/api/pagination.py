"""Pages of a list: a cursor, newest first, so that rows which arrive meanwhile shift nothing."""

from __future__ import annotations

from rest_framework.pagination import CursorPagination


class NewestFirstPagination(CursorPagination):
    """`{"next", "previous", "results"}`; `?page_size=` up to 1000."""

    ordering = "-id"
    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000
