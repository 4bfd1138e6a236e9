"""A checkpoint is there whole or not at all, and says which of its files is not the one that was written."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from generation.registry.checkpoints import read_manifest, save_checkpoint, verify, whole_folder
from generation.registry.loading import load_folder
from generation.registry.unusable import CheckpointNotWritten, ModelUnusable
from tests.generation.models import gptj

FREE = {"recipe": {"steps": 40, "lr": 1e-6}, "parent": "tiny-base", "über": "ja"}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_weights_configuration_tokenizer_and_manifest_are_stored(tmp_path: Path) -> None:
    manifest = save_checkpoint(gptj(), tmp_path / "runs" / "one", manifest=FREE)
    assert names(tmp_path / "runs") == {"one"}
    folder = tmp_path / "runs" / "one"
    assert names(folder) == {*manifest["files"], "manifest.json"}
    assert {"model.safetensors", "config.json", "tokenizer.json"} <= names(folder)
    assert not any(path.suffix in (".bin", ".pt", ".pkl") for path in folder.rglob("*"))
    assert manifest | FREE == manifest
    assert verify(folder) == read_manifest(folder) == manifest
    assert manifest["files"]["model.safetensors"]["bytes"] == (folder / "model.safetensors").stat().st_size
    assert json.loads((folder / "config.json").read_text()).get("_name_or_path") in (None, "")
    load_folder(folder)


def test_other_users_may_read_all_files_or_none(tmp_path: Path) -> None:
    for mask, mode in ((0o022, 0o644), (0o077, 0o600)):
        before = os.umask(mask)
        try:
            save_checkpoint(gptj(), tmp_path / oct(mask), manifest={})
        finally:
            os.umask(before)
        assert {path.stat().st_mode & 0o777 for path in (tmp_path / oct(mask)).iterdir()} == {mode}


def test_the_same_model_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    assert save_checkpoint(gptj(), tmp_path / "a", manifest={}) == save_checkpoint(
        gptj(), tmp_path / "b", manifest={}
    )


def test_an_older_checkpoint_is_replaced(tmp_path: Path) -> None:
    save_checkpoint(gptj(), tmp_path / "one", manifest={"try": 1})
    save_checkpoint(gptj(seed=1), tmp_path / "one", manifest={"try": 2})
    assert verify(tmp_path / "one")["try"] == 2
    assert names(tmp_path) == {"one"}


@pytest.mark.parametrize("key", ["files", "format"])
def test_our_own_fields_can_not_be_given(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match=key):
        save_checkpoint(gptj(), tmp_path / "one", manifest={key: 1})
    assert names(tmp_path) == set()


def test_a_manifest_that_json_can_not_hold_leaves_nothing(tmp_path: Path) -> None:
    for value in (float("nan"), object()):
        with pytest.raises((ValueError, TypeError)):
            save_checkpoint(gptj(), tmp_path / "one", manifest={"value": value})
    assert names(tmp_path) == set()


def test_a_block_that_fails_leaves_the_older_folder_as_it_was(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "state") as aside:
        (aside / "step").write_text("1")
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "state") as aside:
        (aside / "step").write_text("2")
        raise ZeroDivisionError
    assert (tmp_path / "state" / "step").read_text() == "1"
    assert names(tmp_path) == {"state"}


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of 64 KiB where one can be mounted; elsewhere a limit of the process on what a file may hold."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0:
        try:
            yield folder
        finally:
            subprocess.run(["umount", str(folder)], check=True)
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, hard))
    try:
        yield folder
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        with pytest.raises(CheckpointNotWritten, match="the disk is full; nothing was stored") as caught:
            save_checkpoint(gptj(), disk / "one", manifest={})
        assert caught.value.code == "disk_full"
        assert names(disk) == set()


def test_a_full_disk_leaves_the_older_checkpoint_whole(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        with whole_folder(disk / "one") as aside:
            (aside / "weights").write_bytes(b"1" * 30_000)
        with pytest.raises(CheckpointNotWritten), whole_folder(disk / "one") as aside:
            (aside / "weights").write_bytes(b"2" * 80_000)
        assert (disk / "one" / "weights").read_bytes() == b"1" * 30_000
        assert names(disk) == {"one"}


def test_a_place_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointNotWritten, match="one could not be stored") as caught:
        save_checkpoint(gptj(), tmp_path / "file" / "one", manifest={})
    assert caught.value.code == "not_written"


@pytest.mark.parametrize(
    ("why", "name"),
    [
        ("missing", "config.json"),
        ("size", "tokenizer.json"),
        ("content", "model.safetensors"),
        ("unlisted", "evil.py"),
    ],
)
def test_the_file_that_differs_is_named(tmp_path: Path, why: str, name: str) -> None:
    folder = tmp_path / "one"
    save_checkpoint(gptj(), folder, manifest={})
    path = folder / name
    if why == "missing":
        path.unlink()
    elif why == "unlisted":
        path.write_text("")
    else:
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content if why == "content" else content + b" ")
    with pytest.raises(ModelUnusable, match=name.replace(".", r"\.")) as caught:
        verify(folder)
    assert caught.value.code == "checkpoint_differs"
    assert caught.value.details == {"file": name, "why": why}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": 1}',
        '{"format": 2, "files": {}}',
        '{"format": 1, "files": {"a": {"bytes": "1"}}}',
    ]
    + ['{"format": 1, "files": {"../../etc/passwd": {"bytes": 1, "sha256": ""}}}', "[" * 100_000],
)
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ModelUnusable) as caught:
        verify(tmp_path)
    assert caught.value.code == "bad_manifest"


def test_a_folder_without_a_manifest_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match=r"manifest\.json is missing") as caught:
        read_manifest(tmp_path)
    assert caught.value.code == "bad_manifest"
