"""Translations: collects what the rater's pages say, compiles locale/*/LC_MESSAGES/django.po to .mo. Needs no gettext.

    python -m tools.messages            adds what is new to each .po, drops what is gone, compiles
    python -m tools.messages --check    says what is missing or stale, and ends with 1 if anything is

The .mo files are committed, so that a fresh machine serves every language; a test runs the check.
"""

from __future__ import annotations

import ast
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.run import ROOT

LOCALE = ROOT / "locale"
#: Rooms of `ratings` that speak to raters.
ROOMS = ("desk", "club", "journeys", "crowd", "quality")
#: Where raters' words stand.
SOURCES = (
    *(path for room in ROOMS for path in (ROOT / "ratings" / room).glob("*.py")),
    *(path for folder in ("desk", "club") for path in (ROOT / "templates" / folder).rglob("*.html")),
)
#: A message: its text, and the text of several where it counts something.
Message = tuple[str, str | None]

_TRANSLATE = re.compile(r"""{%\s*translate\s+("(?P<d>[^"]*)"|'(?P<s>[^']*)')""")
_BLOCK = re.compile(r"{%\s*blocktranslate\b[^%]*%}(.*?){%\s*endblocktranslate\s*%}", re.DOTALL)
_PLURAL = re.compile(r"{%\s*plural\s*%}")
_VARIABLE = re.compile(r"{{\s*(\w+)\s*}}")
_FUNCTIONS = {"_", "gettext", "gettext_lazy", "gettext_noop"}


def messages_of(path: Path) -> Iterator[Message]:
    """Every message in a template or module."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS:
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value, None
        return
    for found in _TRANSLATE.finditer(text):
        yield (found["d"] if found["d"] is not None else found["s"]).replace("%", "%%"), None
    for block in _BLOCK.findall(text):
        parts = [_VARIABLE.sub(r"%(\1)s", part.replace("%", "%%")) for part in _PLURAL.split(block)]
        yield parts[0], parts[1] if len(parts) > 1 else None


def wanted() -> dict[Message, None]:
    """All messages, in a stable order."""
    return dict.fromkeys(message for path in sorted(SOURCES) for message in messages_of(path))


def read_po(path: Path) -> tuple[str, dict[Message, list[str]]]:
    """The header and each message's translations. Knows what this tool writes, and long strings in several lines."""
    entries: dict[Message, list[str]] = {}
    header = ""
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        fields: dict[str, str] = {}
        key = ""
        for line in block.splitlines():
            if found := re.match(r'(msgid_plural|msgid|msgstr(?:\[\d\])?) (".*")$', line):
                key = found[1]
                fields[key] = ast.literal_eval(found[2])
            elif line.startswith('"'):
                fields[key] += ast.literal_eval(line)
        if fields.get("msgid") == "":
            header = fields["msgstr"]
        elif "msgid" in fields:
            said = [text for name, text in fields.items() if name.startswith("msgstr")]
            entries[fields["msgid"], fields.get("msgid_plural")] = said
    return header, entries


def write_po(path: Path, header: str, entries: dict[Message, list[str]]) -> None:
    blocks = ['msgid ""\nmsgstr ""\n' + "\n".join(_quoted(line) for line in header.splitlines(keepends=True))]
    for (text, several), said in entries.items():
        lines = [f"msgid {_quoted(text)}"]
        if several is None:
            lines.append(f"msgstr {_quoted(said[0])}")
        else:
            lines.append(f"msgid_plural {_quoted(several)}")
            lines += [f"msgstr[{number}] {_quoted(part)}" for number, part in enumerate(said)]
        blocks.append("\n".join(lines))
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def compiled(header: str, entries: dict[Message, list[str]]) -> bytes:
    """The .mo file (GNU gettext's format): sorted originals and translations, each with length and place."""
    pairs = [("", header)]
    for (text, several), said in entries.items():
        if all(said):
            pairs.append((text if several is None else f"{text}\0{several}", "\0".join(said)))
    encoded = sorted((original.encode(), translation.encode()) for original, translation in pairs)
    count = len(encoded)
    place = 28 + 16 * count
    tables: list[bytes] = []
    texts = b""
    for column in (0, 1):
        for pair in encoded:
            tables.append(struct.pack("<II", len(pair[column]), place + len(texts)))
            texts += pair[column] + b"\0"
    start = struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 28 + 16 * count)
    return start + b"".join(tables) + texts


def problems_of(path: Path) -> list[str]:
    """What is wrong with one language's files."""
    header, entries = read_po(path)
    language = path.parent.parent.name
    messages = wanted()
    found = [f"{language}: {one[0]!r} has no translation" for one in messages if not _done(entries, one)]
    found += [f"{language}: {one[0]!r} is not said any more" for one in entries if one not in messages]
    for (text, several), said in entries.items():
        for translation in said:
            if translation and _holes(translation) not in (_holes(text), _holes(several or text)):
                found.append(f"{language}: {translation!r} has other placeholders than {text!r}")
    if not (mo := path.with_suffix(".mo")).exists() or mo.read_bytes() != compiled(header, entries):
        found.append(f"{language}: django.mo does not fit django.po; run python -m tools.messages")
    return found


def _done(entries: dict[Message, list[str]], message: Message) -> bool:
    return bool(entries.get(message)) and all(entries[message])


def _holes(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s|\{\w+\}", text))


def update(path: Path) -> None:
    header, entries = read_po(path)
    empty = {message: [""] if message[1] is None else ["", ""] for message in wanted()}
    kept = {message: entries.get(message, said) for message, said in empty.items()}
    write_po(path, header, kept)
    path.with_suffix(".mo").write_bytes(compiled(header, kept))


def main() -> None:
    files = sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))
    if "--check" not in sys.argv[1:]:
        for path in files:
            update(path)
    found = [problem for path in files for problem in problems_of(path)]
    print("\n".join(found) or "Every language is complete.")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
