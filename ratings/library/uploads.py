"""Files that come with a request: in a form or as the body itself, bounded, never read whole into memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import IO, Any, BinaryIO, cast

from django.conf import settings
from django.http import HttpRequest
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from ratings.library.errors import EmptyFile, UploadTooLarge
from ratings.library.options import refuse


class BodyParser(BaseParser):
    """Hands the body on as a stream. Any media type: JSON lines have several names, and CSV is text/csv or not."""

    media_type = "*/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        return {"file": stream}


UPLOAD_PARSERS = [MultiPartParser, BodyParser]


class FormatIsTheFiles(DefaultContentNegotiation):
    """`?format=` names the format of the uploaded file here, not of the answer, which is always JSON."""

    def filter_renderers(self, renderers: Iterable[BaseRenderer], format: str) -> list[BaseRenderer]:
        return list(renderers)


def uploaded_file(request: Request) -> BinaryIO:
    """The stream of the file that came. Raises UploadTooLarge, and InvalidInput where no file is."""
    check_size(int(request.META.get("CONTENT_LENGTH") or 0))
    data = request.data
    assert isinstance(data, Mapping), "both parsers make mappings"
    file = data.get("file")
    if file is None and not (request.content_type or "").startswith("multipart/"):
        raise EmptyFile(
            "The body is empty; expected the file itself, or a form with the file in the field 'file'."
        )
    if file is None or isinstance(file, str):
        refuse("file", file, "a file in the form field 'file', or the file itself as the body")
    return cast(BinaryIO, file)


def uploaded_form_file(request: HttpRequest, field: str = "file") -> BinaryIO:
    """The same for a page's form."""
    check_size(int(request.META.get("CONTENT_LENGTH") or 0))
    file = request.FILES.get(field)
    if file is None:
        refuse(field, None, "a file")
    return cast(BinaryIO, file)


def check_size(size: int) -> None:
    limit: int = settings.MAX_UPLOAD_BYTES
    if size > limit:
        raise UploadTooLarge(
            f"The upload has {size} bytes; at most {limit} are taken.",
            details={"bytes": size, "limit": limit},
        )
