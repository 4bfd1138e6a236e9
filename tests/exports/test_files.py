from __future__ import annotations

import errno
import hashlib
import os

import pytest

from ratings.exports.errors import CannotWrite
from ratings.exports.files import check_target, written_aside


def test_a_published_file_is_whole_hashed_and_counted(tmp_path):
    with written_aside(tmp_path, name="rows.jsonl") as sink:
        sink.write(b"one\n")
        sink.write(b"two\n")
        assert not (tmp_path / "rows.jsonl").exists()
        sink.sync()
        sink.publish(tmp_path / "rows.jsonl")
    assert (tmp_path / "rows.jsonl").read_bytes() == b"one\ntwo\n"
    assert (sink.sha256, sink.bytes) == (hashlib.sha256(b"one\ntwo\n").hexdigest(), 8)
    assert os.listdir(tmp_path) == ["rows.jsonl"]


def test_what_fails_half_way_leaves_nothing_and_spares_the_older_file(tmp_path):
    (tmp_path / "rows.jsonl").write_text("older")
    with pytest.raises(ZeroDivisionError), written_aside(tmp_path, name="rows.jsonl") as sink:
        sink.write(b"half")
        raise ZeroDivisionError
    assert os.listdir(tmp_path) == ["rows.jsonl"]
    assert (tmp_path / "rows.jsonl").read_text() == "older"


def test_a_folder_or_a_missing_folder_is_no_target(tmp_path):
    with pytest.raises(CannotWrite, match="it is a folder"):
        check_target(tmp_path)
    with pytest.raises(CannotWrite, match="there is no folder") as refused:
        check_target(tmp_path / "nowhere" / "rows.jsonl")
    assert refused.value.details["path"].endswith("nowhere/rows.jsonl")
    check_target(tmp_path / "rows.jsonl")


def test_a_place_that_takes_no_file_is_named(tmp_path):
    # Not even root can make a file below a file.
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match="can not be written"), written_aside(tmp_path / "file", name="x"):
        raise AssertionError("nothing must be written")


def test_a_full_disk_is_a_clear_error_and_leaves_nothing(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(CannotWrite, match="No space left"),
        written_aside(tmp_path, name="rows.jsonl") as sink,
    ):
        sink.write(b"x" * 10)
        sink.sync()
    assert os.listdir(tmp_path) == []
