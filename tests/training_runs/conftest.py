"""What tests of runs share: a storage of their own, with the committed base in reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.generation_runs.conftest import roots, tiny_folder

__all__ = ["roots", "tiny_folder"]


@pytest.fixture
def storage(tmp_path: Path, settings) -> Path:
    """A storage of the test's own; models of the registry may lie in it and in the committed base's folder."""
    settings.STORAGE_DIR = tmp_path / "storage"
    settings.DEVICE = "cpu"
    return tmp_path / "storage"
