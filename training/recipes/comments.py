"""What a recipe's comments say: the explanation of each key, the groups, and what the recipe as a whole is for.

# What the recipe is for: the first block of comments.

## A group of keys
# What the key means; may take several lines.
learning_rate = 1e-3  # or beside it
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field

#: The key that says of which algorithm a recipe is; it stands behind what the recipe is for, and is no key of it.
ALGORITHM = "algorithm"

_KEY = re.compile(r"([A-Za-z0-9_-]+)\s*=\s*(.*)")


@dataclass(slots=True)
class Comments:
    """about: of the whole file. keys: key -> words. groups: (heading, its keys) in their order."""

    about: str = ""
    keys: dict[str, str] = field(default_factory=dict)
    groups: list[tuple[str, list[str]]] = field(default_factory=list)


def read_comments(text: str) -> Comments:
    """text: a TOML file whose keys stand at the top level, each at the beginning of a line."""
    found = Comments()
    block: list[str] = []
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("##"):
            found.groups.append((line.lstrip("# "), []))
            block = []
        elif line.startswith("#"):
            block.append(line.lstrip("#").strip())
        elif (matched := _KEY.fullmatch(line)) and matched[1] == ALGORITHM:
            found.about, block = " ".join(block), []
        elif matched:
            _add(found, matched[1], " ".join([*block, _beside(matched[2])]).strip())
            block = []
        else:
            # An empty line ends a block; the first one that ends so is about the file.
            if not found.about and not found.keys:
                found.about = " ".join(block)
            block = []
    return found


def _add(found: Comments, key: str, words: str) -> None:
    if not found.groups:
        found.groups.append(("", []))
    found.groups[-1][1].append(key)
    found.keys[key] = words


def _beside(rest: str) -> str:
    """The comment behind a value: what stands after the first `#` that is not inside the value itself."""
    for place in (index for index, letter in enumerate(rest) if letter == "#"):
        try:
            tomllib.loads(f"value = {rest[:place]}")
        except tomllib.TOMLDecodeError:
            continue
        return rest[place + 1 :].strip()
    return ""
