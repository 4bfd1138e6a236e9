"""What a model's folder holds, read without any machine-learning library: files, hashes, sizes. Pure.

Only safetensors hold weights here. A folder whose weights are pickled is refused; pickles that merely lie beside
safetensors (as in many published models) are neither listed nor read.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

#: What a folder's files are called that loading reads: weights, configuration, tokenizer.
_READ = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja")
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle", "*.h5", "*.msgpack")
#: The header of a safetensors file is bounded by its own specification.
_MAX_HEADER = 100_000_000
_MAX_JSON = 20_000_000
_CONTEXT_KEYS = ("n_positions", "max_position_embeddings", "n_ctx", "max_sequence_length")


class NoModel(ValueError):
    """The folder holds no model that may be loaded."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """context, vocabulary: 0 where the configuration does not say."""

    files: tuple[FileFacts, ...]
    bytes: int
    parameters: int
    context: int
    vocabulary: int
    architecture: str
    #: What the folder's own manifest.json says about how the model was made; {} without one.
    made: dict[str, Any]

    @property
    def digest(self) -> str:
        """SHA-256 hex over names and hashes, manifest.json apart: it is about the model, not part of it."""
        return files_digest(self.files)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "files": [asdict(file) for file in self.files]}


def files_digest(files: Sequence[FileFacts]) -> str:
    lines = [f"{file.sha256}  {file.name}\n" for file in files if file.name != "manifest.json"]
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def model_files(folder: Path) -> list[Path]:
    """The files that belong to the model, by name. Raises NoModel when there are no safetensors."""
    files = sorted({path for pattern in _READ for path in folder.glob(pattern) if path.is_file()})
    if not any(path.suffix == ".safetensors" for path in files):
        pickled = sorted(path.name for pattern in _PICKLES for path in folder.glob(pattern))
        if pickled:
            raise NoModel(f"{pickled[0]} is no safetensors file; weights in other formats are not loaded")
        raise NoModel("there is no .safetensors file in it")
    return files


def hashed(files: Sequence[Path]) -> tuple[FileFacts, ...]:
    return tuple(FileFacts(path.name, path.stat().st_size, sha256_of(path)) for path in files)


def folder_facts(folder: Path) -> FolderFacts:
    """Reads and hashes every file of the model. Raises NoModel, and OSError."""
    files = model_files(folder)
    config = read_json(folder / "config.json")
    if not (folder / "tokenizer.json").is_file() and not (folder / "tokenizer_config.json").is_file():
        raise NoModel("tokenizer.json is missing")
    manifest = folder / "manifest.json"
    listed = hashed(files)
    facts = FolderFacts(
        files=listed,
        bytes=sum(file.bytes for file in listed),
        parameters=sum(parameters_in(path) for path in files if path.suffix == ".safetensors"),
        context=context_in(folder),
        vocabulary=_count(config, "vocab_size"),
        architecture=_architecture(config),
        made=read_json(manifest) if manifest.is_file() else {},
    )
    _compare(facts)
    return facts


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def parameters_in(path: Path) -> int:
    """How many numbers the tensors of a safetensors file hold, by its header. Raises NoModel."""
    return sum(math.prod(shape) for shape in shapes_in(path).values())


def shapes_in(path: Path) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor of a safetensors file, by its header alone. Raises NoModel."""
    try:
        with path.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            if length > _MAX_HEADER:
                raise ValueError("header too long")
            header = json.loads(stream.read(length))
        return {
            name: tuple(map(int, entry["shape"])) for name, entry in header.items() if name != "__metadata__"
        }
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoModel(f"{path.name} is no safetensors file") from error


def linear_names_in(folder: Path) -> list[str]:
    """The last parts of the names of what seem to be linear layers, each once, in their order. Raises NoModel.

    By the stored weights: matrices, but for those with a row for each token (embeddings and the output) and tables of
    positions. Which of them are linear layers indeed, the model itself says once it is built.
    """
    config = read_json(folder / "config.json")
    vocabulary, context = _count(config, "vocab_size"), context_in(folder)
    names = []
    for path in model_files(folder):
        shapes = shapes_in(path) if path.suffix == ".safetensors" else {}
        for name, shape in shapes.items():
            layer, _, kind = name.rpartition(".")
            in_a_block = any(part.isdecimal() for part in layer.split("."))
            is_table = bool(shape) and (shape[0] == vocabulary or (not in_a_block and shape[0] == context))
            if kind == "weight" and len(shape) == 2 and not is_table:
                names.append(layer.rpartition(".")[2])
    return list(dict.fromkeys(names))


def context_in(folder: Path) -> int:
    """Most tokens of prompt and completion together, as the configuration says; 0 where it does not. Raises NoModel."""
    config = read_json(folder / "config.json")
    return next((_count(config, key) for key in _CONTEXT_KEYS if _count(config, key)), 0)


def read_json(path: Path) -> dict[str, Any]:
    """An object from a file of the model. Raises NoModel."""
    try:
        if path.stat().st_size > _MAX_JSON:
            raise ValueError("too large")
        found = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise NoModel(f"{path.name} is missing") from error
    except (ValueError, RecursionError) as error:
        raise NoModel(f"{path.name} is not readable JSON") from error
    if not isinstance(found, dict):
        raise NoModel(f"{path.name} holds no object")
    return found


def _compare(facts: FolderFacts) -> None:
    """The hashes that the folder's own manifest states must be those of its files."""
    stated = facts.made.get("files")
    if not isinstance(stated, dict | list):
        return
    entries = stated.items() if isinstance(stated, dict) else ((one.get("name"), one) for one in stated)
    hashes = {name: entry.get("sha256") for name, entry in entries if isinstance(entry, dict)}
    found = {file.name: file.sha256 for file in facts.files}
    for name, stated_hash in hashes.items():
        if name in found and stated_hash != found[name]:
            raise NoModel(f"{name} is not the file that manifest.json describes (its SHA-256 differs)")


def _count(config: dict[str, Any], key: str) -> int:
    value = config.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _architecture(config: dict[str, Any]) -> str:
    names = config.get("architectures")
    found = names[0] if isinstance(names, list) and names else config.get("model_type", "")
    return found[:100] if isinstance(found, str) else ""
