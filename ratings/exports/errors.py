"""What can go wrong with an export."""

from __future__ import annotations

from http import HTTPStatus

from accounts.errors import NotFound, StarchamberError


class CannotWrite(StarchamberError):
    """The file can not be made where it should be; nothing was left behind."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code = "cannot_write"


class UnknownExport(NotFound):
    code = "unknown_export"


class NoStoredFile(NotFound):
    """A command wrote this export to a path of its own."""

    code = "no_stored_file"
