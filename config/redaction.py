"""Keeps secrets out of the log: Django logs the path of a refused request, and a sign-in link is its path."""

from __future__ import annotations

import logging
import re

_SECRET = re.compile(r"\b(sc[rsli]_)[0-9A-Za-z]+")


def redact(text: str) -> str:
    """`text` with every secret cut down to its prefix, which says what kind it was."""
    return _SECRET.sub(r"\1[…]", text)


class RedactingFormatter(logging.Formatter):
    """Formats a line, its stack included, and takes the secrets out of the result."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
