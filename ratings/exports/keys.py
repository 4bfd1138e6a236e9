"""Pseudonyms of an export: keyed hashes that repeat with the same export and mean nothing beside another. Pure."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

#: 64 bits: among a million names the chance of any two alike is below one in ten million.
_PSEUDONYM_BYTES = 8


@dataclass(frozen=True, slots=True)
class ExportKeys:
    """`pseudonyms` differs between any two studies, formats or options; `ties` between studies only."""

    pseudonyms: bytes
    ties: bytes

    def rater(self, name: str) -> str:
        return _rater(self.pseudonyms, name)

    def rating(self, key: str) -> str:
        """The same for all revisions of a rating."""
        return _digest(self.pseudonyms, f"rating:{key}")[:_PSEUDONYM_BYTES].hex()

    def first_wins_tie(self, key: str, a: int, b: int) -> bool:
        """A fair coin for the tie of sources a and b in one rating, the same in every export of the study."""
        return _digest(self.ties, f"{key}:{a}:{b}")[0] < 128


def derive_keys(secret: str, *, study: str, format_name: str, options: Mapping[str, Any]) -> ExportKeys:
    """Keys of one export. secret: the site's SECRET_KEY.

    The container is not part of it: JSONL and Parquet of the same export are the same rows.
    """
    root = _digest(secret.encode(), "starchamber.exports")
    export = json.dumps({"study": study, "format": format_name, "options": dict(options)}, sort_keys=True)
    return ExportKeys(
        pseudonyms=_digest(root, f"pseudonyms:{export}"), ties=_digest(root, f"ties:{json.dumps(study)}")
    )


@lru_cache(maxsize=10_000)
def _rater(key: bytes, name: str) -> str:
    return _digest(key, f"rater:{name}")[:_PSEUDONYM_BYTES].hex()


def _digest(key: bytes, message: str) -> bytes:
    return hmac.digest(key, message.encode(), "sha256")
