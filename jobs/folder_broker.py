"""Messages as files of one folder: the broker of one machine without Redis.

kombu's own folder transport, but a message appears whole (written aside, renamed) and is taken by one rename in place;
a reader of the original can meet an empty file, and that ends a worker.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem


class Channel(filesystem.Channel):  # type: ignore[misc]  # kombu ships no types
    def _put(self, queue: str, payload: dict[str, Any], **options: Any) -> None:
        folder = Path(self.data_folder_out)
        name = f"{time.time_ns()}-{uuid.uuid4().hex}.{queue}.msg"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            aside = folder / f".{name}"
            aside.write_text(json.dumps(payload))
            aside.rename(folder / name)
        except OSError as error:
            raise ChannelError(f"no message can be left in {folder}: {error}") from error

    def _get(self, queue: str) -> dict[str, Any]:
        """The oldest message; raises Empty. Whoever renames it has it."""
        folder = Path(self.data_folder_in)
        for name in sorted(os.listdir(folder)):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = folder / f".taken-{name}"
            with contextlib.suppress(OSError, ValueError):  # another worker was quicker
                (folder / name).rename(taken)
                text = taken.read_text()
                taken.unlink()
                message: dict[str, Any] = json.loads(text)
                return message
        raise Empty


class Transport(filesystem.Transport):  # type: ignore[misc]  # kombu ships no types
    Channel = Channel
