"""An uploaded file between its preview and its import: kept aside under a random name, for an hour."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from django.conf import settings
from django.core.files.base import File

from accounts.errors import Gone
from ratings.exports.errors import CannotWrite

#: Below STORAGE_DIR.
FOLDER = "uploads"
LIFETIME_SECONDS = 3600
_CHUNK = 1 << 20
_KEY = re.compile(r"[0-9a-f]{32}")


class UploadGone(Gone):
    """The preview is older than its file may be, or was committed or dropped already."""

    code = "upload_gone"


def keep_upload(file: BinaryIO) -> str:
    """Copies an uploaded file aside and returns its key. Raises CannotWrite."""
    key = secrets.token_hex(16)
    folder = Path(settings.STORAGE_DIR) / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _sweep(folder)
        with open(folder / key, "xb") as kept:
            while chunk := file.read(_CHUNK):
                kept.write(chunk)
    except OSError as error:
        (folder / key).unlink(missing_ok=True)
        raise CannotWrite(
            f"The upload can not be kept: {error.strerror or error}.", details={"reason": str(error.strerror)}
        ) from error
    return key


@contextmanager
def kept_upload(key: str, *, name: str) -> Iterator[BinaryIO]:
    """The kept file, under the name that it had at home. Raises UploadGone."""
    try:
        stream = _path(key).open("rb")
    except OSError as error:
        raise UploadGone("This preview is over; choose the file again.") from error
    with stream:
        yield cast(BinaryIO, File(stream, name=name))


def drop_upload(key: str) -> None:
    _path(key).unlink(missing_ok=True)


def _path(key: str) -> Path:
    if not _KEY.fullmatch(key):
        raise UploadGone("This preview is over; choose the file again.")
    return Path(settings.STORAGE_DIR) / FOLDER / key


def _sweep(folder: Path) -> None:
    """Removes what nobody came back for."""
    oldest = time.time() - LIFETIME_SECONDS
    for path in folder.iterdir():
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
        except FileNotFoundError:
            continue  # another request sweeps, too
