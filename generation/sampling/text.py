"""What token ids say, fast enough to look at after every token.

A byte-level tokenizer (GPT-2's, GPT-J's, Llama 3's, Qwen's, ours) writes each token as fixed bytes, whatever stands
around it: a table gives a completion's text by joining. For any other tokenizer the library decodes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from weakref import WeakKeyDictionary

from tokenizers import decoders

from generation.registry.tokens import Tokenizer


class TokenText:
    """The text of one tokenizer's tokens. Special tokens say nothing. Get one by `token_text`."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        #: Bytes by token id; None for tokenizers whose tokens have no bytes of their own.
        self._pieces = _byte_pieces(tokenizer)

    def decode(self, tokens: Sequence[int]) -> str:
        """The text; bytes that are no UTF-8 (a character cut off at the end) become U+FFFD."""
        if self._pieces is None:
            return self._decode(tokens)
        return self._bytes(tokens, self._pieces).decode("utf-8", errors="replace")

    def ascii_text(self, tokens: Sequence[int]) -> tuple[str, list[int]]:
        """A text whose ASCII part is right, and where each token ends in it.

        Other characters may stand as several, which is why this is for looking for ASCII (`<<3*4=`) only.
        """
        if self._pieces is None:
            prefixes = [self._decode(tokens[: number + 1]) for number in range(len(tokens))]
            return (prefixes[-1] if prefixes else ""), [len(prefix) for prefix in prefixes]
        ends, length = [], 0
        for token in tokens:
            length += len(self._pieces[token])
            ends.append(length)
        return self._bytes(tokens, self._pieces).decode("latin-1"), ends

    def may_say(self, token: int, condition: Callable[[bytes], bool]) -> bool:
        """Whether the token's bytes meet `condition`; True where they are not known."""
        return True if self._pieces is None else condition(self._pieces[token])

    def _bytes(self, tokens: Sequence[int], pieces: list[bytes]) -> bytes:
        return b"".join([pieces[token] for token in tokens])

    def _decode(self, tokens: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(
            list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text


_KNOWN: WeakKeyDictionary[Tokenizer, TokenText] = WeakKeyDictionary()


def token_text(tokenizer: Tokenizer) -> TokenText:
    """The one TokenText of a tokenizer, made when it is first asked for."""
    found = _KNOWN.get(tokenizer)
    if found is None or found._tokenizer is not tokenizer:
        found = _KNOWN[tokenizer] = TokenText(tokenizer)
    return found


def _byte_pieces(tokenizer: Tokenizer) -> list[bytes] | None:
    if not isinstance(tokenizer.backend_tokenizer.decoder, decoders.ByteLevel):
        return None
    byte_of = {char: byte for byte, char in _byte_alphabet().items()}
    special = set(tokenizer.all_special_ids)
    added = tokenizer.added_tokens_decoder
    pieces = []
    for number, name in enumerate(tokenizer.convert_ids_to_tokens(range(len(tokenizer)))):
        if number in special or name is None or (number in added and added[number].special):
            pieces.append(b"")
        elif number in added or not all(char in byte_of for char in name):
            pieces.append(name.encode())
        else:
            pieces.append(bytes(byte_of[char] for char in name))
    return pieces


def _byte_alphabet() -> dict[int, str]:
    """Byte -> the character that stands for it in GPT-2's vocabulary: itself if printable, else one above 255."""
    printable = [
        *range(ord("!"), ord("~") + 1),
        *range(ord("¡"), ord("¬") + 1),
        *range(ord("®"), ord("ÿ") + 1),
    ]
    alphabet = {byte: chr(byte) for byte in printable}
    others = [byte for byte in range(256) if byte not in alphabet]
    return alphabet | {byte: chr(256 + number) for number, byte in enumerate(others)}
