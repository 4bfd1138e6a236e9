"""Small real models, made once a session, and folders that the site allows for them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.generation_runs.models import write_tiny_model


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained GPT-J of two layers with its tokenizer: real files, a few hundred kilobytes."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    write_tiny_model(folder, seed=7)
    return folder


@pytest.fixture
def roots(tmp_path: Path, settings, tiny_folder: Path) -> Iterator[Path]:
    """A root of the test's own with a copy of the tiny model in it, and a storage beside it."""
    root = tmp_path / "roots"
    shutil.copytree(tiny_folder, root / "tiny")
    settings.MODEL_ROOTS = [root]
    settings.STORAGE_DIR = tmp_path / "storage"
    settings.DEVICE = "cpu"
    yield root
