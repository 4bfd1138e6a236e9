"""What a tokenizer can write, told by its own tokenizer.json: without torch, so that a web process may ask it too.

A byte-level tokenizer writes everything. Others know so many characters; what they do not know is dropped or becomes
the unknown token, and a model neither reads nor writes it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generation.registry.unusable import ModelUnusable

#: A larger tokenizer.json is left to the worker: reading it would keep a web process for seconds.
_MAX_BYTES = 40_000_000
#: Accents, dashes, another script, beyond the basic plane, a separator: who gives these back writes bytes.
_UNUSUAL = "é—日\U0001f642\u2028"


@dataclass(frozen=True, slots=True)
class Writer:
    """tokenizer: a `tokenizers.Tokenizer`, which publishes no types. unknown: the id of its unknown token, if any."""

    tokenizer: Any
    unknown: int | None

    @property
    def writes_everything(self) -> bool:
        return self.unknown is None and self._is_exact(_UNUSUAL)

    def lost(self, text: str) -> set[str]:
        """Characters of the text that stand in no token, or in the unknown one."""
        encoded = self._encode(text)
        kept = [False] * len(text)
        for token, (start, stop) in zip(encoded.ids, encoded.offsets, strict=True):
            if token != self.unknown:
                kept[start:stop] = [True] * (stop - start)
        lost = {character for character, is_kept in zip(text, kept, strict=True) if not is_kept}
        # Some tokenizers count the space before a word to no token, and write it all the same.
        return lost if not lost <= {" "} or not self._is_exact(text) else set()

    def length(self, text: str) -> int:
        """Tokens of the text alone."""
        return len(self._encode(text).ids)

    def _encode(self, text: str) -> Any:
        # Text is only ever text (generation.registry.tokens). Whoever shares this tokenizer sets these for each call.
        self.tokenizer.encode_special_tokens = True
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        return self.tokenizer.encode(text, add_special_tokens=False)

    def _is_exact(self, text: str) -> bool:
        """Whether a text comes back as it was, but for spaces at its ends."""
        back: str = self.tokenizer.decode(self._encode(text).ids, skip_special_tokens=False)
        return back.strip(" ") == text.strip(" ")


def writer_in(folder: Path) -> Writer | None:
    """The tokenizer in a model's folder; None where that has no tokenizer.json, or one too large to be read here.

    Raises ModelUnusable (bad_tokenizer).
    """
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    if not path.is_file() or path.stat().st_size > _MAX_BYTES:
        return None
    try:
        return _writer(Tokenizer.from_str(path.read_text(encoding="utf-8")))
    # The library answers a garbled file with a bare Exception.
    except Exception as error:
        why = (str(error).splitlines() or [type(error).__name__])[0][:300]
        raise ModelUnusable(
            f"{folder.name}: the tokenizer can not be read: {why}", code="bad_tokenizer"
        ) from error


def writer_of(tokenizer: Any) -> Writer:
    """Of a loaded `transformers` fast tokenizer."""
    return _writer(tokenizer.backend_tokenizer, unknown=tokenizer.unk_token_id)


def _writer(tokenizer: Any, unknown: int | None = None) -> Writer:
    if unknown is None:
        model = json.loads(tokenizer.to_str())["model"]
        named = model.get("unk_token")
        unknown = tokenizer.token_to_id(named) if named else model.get("unk_id")
    return Writer(tokenizer, unknown)
