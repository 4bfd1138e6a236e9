"""What can go wrong with an import, beyond single rows."""

from __future__ import annotations

from http import HTTPStatus

from accounts.errors import InvalidInput, NotFound, StarchamberError


class UnknownDataset(NotFound):
    code = "unknown_dataset"


class UnknownQuestion(NotFound):
    code = "unknown_question"


class UnknownSource(NotFound):
    code = "unknown_source"


class OtherWriter(InvalidInput):
    """Others wrote what the source holds than is said now; a state of the site, that `set_writer` can change."""


class UnreadableFile(InvalidInput):
    """The file is missing, a folder, or may not be read."""

    code = "unreadable_file"


class EmptyFile(InvalidInput):
    code = "empty_file"


class UnusableRows(InvalidInput):
    """Some rows are wrong, so that none was written; details hold `errors` and the first `error_rows`."""

    code = "row_errors"


class UploadTooLarge(StarchamberError):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "too_large"
