"""The environment is read strictly: what is malformed stops the start with one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.world import ROOT

SHOW = (
    "from pathlib import Path; import sys; from config import env;"
    "env.BASE_DIR = Path(sys.argv[1]);"
    "e = env.read_environment();"
    "print(e.debug, e.public_url, e.database['NAME'], e.secret_key, e.redis_url, e.storage_dir, e.max_upload_bytes)"
)


def read(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Reads the environment in a process of its own, with `folder` as the checkout."""
    own = {"PATH": os.environ["PATH"], **environment}
    command = [sys.executable, "-c", SHOW, str(folder)]
    return subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, timeout=60)


def test_nothing_set_is_the_embedded_world(tmp_path):
    done = read(tmp_path)
    assert done.returncode == 0, done.stderr
    values = done.stdout.split()
    assert values[:3] == ["False", "http://127.0.0.1:8000", str(tmp_path / "var" / "starchamber.sqlite3")]
    assert values[-2:] == [str(tmp_path / "var" / "storage"), "200000000"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "true"),
        ("DEBUG", ""),
        ("ALLOW_SQLITE", "yes"),
        ("STARCHAMBER_DEMO", "2"),
        ("GPU_DECODING", "Graphs"),
        ("MAX_UPLOAD_BYTES", "1e6"),
        ("MAX_UPLOAD_BYTES", "-1"),
        ("MAX_UPLOAD_BYTES", "9" * 30),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY_FILE", "/nowhere/key"),
        ("DATABASE_URL", "mysql://x/y"),
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "postgresql://host:port/name"),
        ("DATABASE_URL", "postgresql://host"),
        ("DATABASE_URL", "postgresql://[::1/name"),
        ("REDIS_URL", "localhost:6379"),
        ("PUBLIC_URL", "example.org"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "https://example.org/path"),
        ("PUBLIC_URL", "https://example.org:x"),
        ("PUBLIC_URL", "https://user@example.org"),
        ("PUBLIC_URL", "https://exa mple.org"),
        ("PUBLIC_URL", "https://[::1"),
        ("PUBLIC_URL", "ftp://example.org"),
        ("STORAGE_URL", "s3://bucket"),
        ("STORAGE_URL", ""),
    ],
)
def test_a_malformed_value_stops_with_one_line_that_names_it(tmp_path, name, value):
    done = read(tmp_path, **{name: value})
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.startswith(f"starchamber: {name}=")
    assert "expected" in done.stderr


def test_a_password_is_not_repeated(tmp_path):
    for name, value in (
        ("DATABASE_URL", "postgresql://u:geheim@host:port/name"),
        ("DATABASE_URL", "mysql://u:geheim@host/name"),
        ("REDIS_URL", "http://u:geheim@host"),
        ("SECRET_KEY", "geheim"),
    ):
        done = read(tmp_path, **{name: value})
        assert done.returncode == 1 and "geheim" not in done.stderr


def test_the_process_beats_the_file(tmp_path):
    (tmp_path / ".env").write_text("DEBUG=1\nSECRET_KEY=key of the file, long enough\nMAX_UPLOAD_BYTES=5\n")
    done = read(tmp_path, DEBUG="0", SECRET_KEY="key_of_the_process_long_enough")
    values = done.stdout.split()
    assert values[0] == "False" and "key_of_the_process_long_enough" in values and values[-1] == "5"


def test_a_secret_of_the_process_beats_a_secret_file_that_the_file_names(tmp_path):
    (tmp_path / "key").write_text("key_in_a_file_long_enough\n")
    (tmp_path / ".env").write_text(f"SECRET_KEY_FILE={tmp_path / 'key'}\n")
    assert "key_in_a_file_long_enough" in read(tmp_path).stdout
    own = read(tmp_path, SECRET_KEY="key_of_the_process_long_enough").stdout
    assert "key_of_the_process_long_enough" in own


def test_a_binary_file_is_one_line_too(tmp_path):
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00")
    done = read(tmp_path)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and ".env" in done.stderr


def test_the_example_names_every_variable_and_is_readable(tmp_path):
    example = (ROOT / ".env.example").read_text()
    source = (ROOT / "config" / "env.py").read_text()
    for name in (
        "DEBUG",
        "SECRET_KEY",
        "DATABASE_URL",
        "REDIS_URL",
        "PUBLIC_URL",
        "ALLOW_SQLITE",
        "STORAGE_URL",
    ):
        assert f"#{name}=" in example and f'"{name}"' in source
    for name in ("STARCHAMBER_DEMO", "MAX_UPLOAD_BYTES"):
        assert f"#{name}=" in example and f'"{name}"' in source
    # Every commented value, switched on, is one that the reader takes.
    values = [line[1:] for line in example.splitlines() if line[:1] == "#" and line[1:2].isupper()]
    (tmp_path / ".env").write_text("\n".join(values))
    done = read(tmp_path, SECRET_KEY="key_of_the_process_long_enough")
    assert done.returncode == 0, done.stderr
