"""Copying a checkpoint out: the very files, or nothing."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from accounts.audit import COMMAND
from accounts.errors import StarchamberError
from accounts.models import AuditEvent
from generation.registry.selectors import folder_of
from tests.training_runs.worlds import base
from training.runs.exporting import export_checkpoint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


def test_the_copy_is_the_model_byte_for_byte_and_transformers_loads_it(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = folder_of(base())
    out = tmp_path / "copy"
    answer = export_checkpoint("tiny-base", out, actor=COMMAND)
    assert answer["path"] == str(out)
    names = sorted(path.name for path in out.iterdir())
    assert names == answer["files"]
    assert {"model.safetensors", "config.json", "tokenizer.json", "manifest.json"} <= set(names)
    for name in names:
        assert (out / name).read_bytes() == (source / name).read_bytes()
    assert answer["bytes"] == sum((out / name).stat().st_size for name in names)
    lines = [f"{hashlib.sha256((out / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    assert answer["sha256"] == hashlib.sha256("".join(lines).encode()).hexdigest()
    model = AutoModelForCausalLM.from_pretrained(out, attn_implementation="eager")
    assert model.num_parameters() > 100_000 and len(AutoTokenizer.from_pretrained(out)) > 256
    assert AuditEvent.objects.get(act="checkpoint.export").details["sha256"] == answer["sha256"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    base()
    assert export_checkpoint("tiny-base", tmp_path / "copy", actor=COMMAND)["bytes"] > 0


def refusal(out: Path, label: str = "tiny-base") -> str:
    base()
    with pytest.raises(StarchamberError) as caught:
        export_checkpoint(label, out, actor=COMMAND)
    assert not AuditEvent.objects.filter(act="checkpoint.export").exists()
    return caught.value.code


def test_a_folder_that_holds_something_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert refusal(tmp_path) == "cannot_write"
    assert [path.name for path in tmp_path.iterdir() if path.name != "storage"] == ["mine.txt"]


def test_a_file_and_a_missing_parent_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert refusal(tmp_path / "file") == "cannot_write"
    assert refusal(tmp_path / "none" / "copy") == "cannot_write"


def test_an_unknown_label_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "copy", "none") == "unknown_model"


def test_a_copy_that_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    (tmp_path / "here").mkdir()
    assert refusal(tmp_path / "here" / "copy") == "disk_full"
    assert list((tmp_path / "here").iterdir()) == []
