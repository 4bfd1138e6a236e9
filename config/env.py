"""Reads the environment once, strictly: a malformed value stops the start with one line that says why."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn, cast, get_args
from urllib.parse import urlsplit

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

#: The key of a fresh checkout. `make serve` refuses it; management commands on the embedded world accept it.
INSECURE_SECRET_KEY = "insecure-embedded-key-for-local-trials-only"  # noqa: S105 - not a secret


#: What may also be given as NAME_FILE, the path of a file that holds it.
SECRETS = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "PROLIFIC_API_TOKEN", "PROLIFIC_WEBHOOK_SECRET")

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9a-f:]+", re.ASCII)


GpuDecoding = Literal["eager", "graphs", "compiled"]


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings that come from outside, parsed and checked."""

    debug: bool
    secret_key: str
    database: dict[str, object]
    database_vendor: str
    redis_url: str
    public_url: str
    allow_sqlite: bool
    storage_dir: Path
    demo: bool
    max_upload_bytes: int
    model_roots: tuple[Path, ...]
    endpoints: dict[str, tuple[str, str]]
    device: str
    gpu_decoding: GpuDecoding
    job_lease_seconds: int
    job_watch_seconds: int
    prolific_api_url: str
    prolific_api_token: str
    prolific_webhook_secret: str


def stop(name: str, value: str, expected: str) -> NoReturn:
    """Ends the process with the one line that a person needs, and a command's JSON line for a program."""
    message = f"{name}={value!r} is not usable: expected {expected}"
    sys.stderr.write(f"starchamber: {message}\n")
    if "--json" in sys.argv[2:]:
        details = {"name": name, "expected": expected}
        error = {"code": "bad_environment", "message": message, "details": details}
        sys.stdout.write(json.dumps({"error": error}) + "\n")
    raise SystemExit(1)


def read_bool(name: str, default: str) -> bool:
    value = os.environ.get(name, default)
    if value not in ("0", "1"):
        stop(name, value, "0 or 1")
    return value == "1"


def read_int(name: str, default: int) -> int:
    value = os.environ.get(name, str(default))
    if not (value.isascii() and value.isdecimal() and len(value) < 19):
        stop(name, value, "a whole number")
    return int(value)


def read_secret(name: str, default: str) -> str:
    """NAME, or the content of the file that NAME_FILE names."""
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return os.environ.get(name, default)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        stop(f"{name}_FILE", path, f"a readable file ({error.strerror})")
    except UnicodeDecodeError:
        stop(f"{name}_FILE", path, "a text file in UTF-8")


def read_database() -> tuple[dict[str, object], str]:
    url = read_secret("DATABASE_URL", f"sqlite:///{BASE_DIR / 'var' / 'starchamber.sqlite3'}")
    scheme = url.partition("://")[0]
    if scheme not in ("sqlite", "postgres", "postgresql"):
        stop("DATABASE_URL", f"{scheme}://…", "sqlite:///PATH or postgresql://USER@HOST/NAME")
    try:
        config: dict[str, object] = dict(environ.Env.db_url_config(url))
    except ValueError as error:  # a port that is no number, a host that is no host
        stop("DATABASE_URL", f"{scheme}://…", f"a URL that can be read ({error})")
    if not config["NAME"]:
        stop("DATABASE_URL", f"{scheme}://…", "the name of a database (for SQLite a path) at its end")
    if scheme == "sqlite":
        name = str(config["NAME"])
        if name != ":memory:":
            Path(name).parent.mkdir(parents=True, exist_ok=True)
        # Immediate transactions: a writer waits for its turn instead of failing half-way with "database is locked".
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32000;",
        }
        return config, "sqlite"
    # The rater's loop runs prepared statements (planning is most of PostgreSQL's share of it).
    options = config.setdefault("OPTIONS", {})
    assert isinstance(options, dict)
    options.setdefault("prepare_threshold", 0)
    config["CONN_MAX_AGE"] = 600
    # A kept connection may have died meanwhile; config.postgresql finds out without asking the server.
    config["CONN_HEALTH_CHECKS"] = True
    config["ENGINE"] = "config.postgresql"
    return config, "postgresql"


def read_public_url() -> str:
    value = os.environ.get("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        stop("PUBLIC_URL", value, "http(s)://HOST[:PORT] with a number as port")
    plain = not (parts.path or parts.query or parts.fragment or parts.username)
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(parts.hostname or "") or not plain:
        stop("PUBLIC_URL", value, "http(s)://HOST[:PORT] without a path")
    return value


def read_redis_url() -> str:
    value = read_secret("REDIS_URL", "")
    scheme = value.partition("://")[0] if "://" in value else ""
    if value and scheme not in ("redis", "rediss", "unix"):
        stop("REDIS_URL", f"{scheme}://…", "redis://HOST:PORT/N, rediss://… or unix://PATH, or nothing")
    return value


def read_storage() -> Path:
    """Until object stores arrive with the jobs, STORAGE_URL names a folder (a path or file://…)."""
    value = os.environ.get("STORAGE_URL", str(BASE_DIR / "var" / "storage"))
    try:
        parts = urlsplit(value)
    except ValueError:
        stop("STORAGE_URL", value, "a folder: a path or file:///PATH")
    if parts.scheme not in ("", "file") or not parts.path or "\0" in value:
        stop("STORAGE_URL", value, "a folder: a path or file:///PATH")
    return Path(parts.path)


def read_model_roots() -> tuple[Path, ...]:
    """Absolute folders, separated as PATH is."""
    value = os.environ.get("MODEL_ROOTS", "")
    roots = [Path(one) for one in value.split(os.pathsep) if one]
    if any(not root.is_absolute() or "\0" in str(root) for root in roots):
        stop("MODEL_ROOTS", value, f"absolute folders separated by {os.pathsep!r}")
    return tuple(roots)


def read_endpoints() -> dict[str, tuple[str, str]]:
    """NAME=URL or NAME=URL|KEY_VARIABLE, separated by commas: name -> (URL, the variable that holds the key, or "")."""
    value = os.environ.get("ENDPOINTS", "")
    expected = "NAME=http(s)://HOST…[|KEY_VARIABLE], separated by commas"
    found: dict[str, tuple[str, str]] = {}
    for entry in filter(None, (part.strip() for part in value.split(","))):
        name, _, rest = entry.partition("=")
        url, _, variable = rest.partition("|")
        try:
            parts = urlsplit(url)
            _ = parts.port
        except ValueError:
            stop("ENDPOINTS", name, expected)
        good = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.hostname or "")
        if (
            not _NAME.fullmatch(name)
            or not good
            or parts.username
            or (variable and not _NAME.fullmatch(variable))
        ):
            stop("ENDPOINTS", name, expected)
        found[name] = (url.rstrip("/"), variable)
    return found


def read_device() -> str:
    value = os.environ.get("DEVICE", "auto")
    if not re.fullmatch(r"auto|cpu|cuda(:[0-9]{1,3})?|mps", value):
        stop("DEVICE", value, "auto, cpu, cuda, cuda:N or mps")
    return value


def read_gpu_decoding() -> GpuDecoding:
    value = os.environ.get("GPU_DECODING", "eager")
    for known in get_args(GpuDecoding):
        if value == known:
            return cast(GpuDecoding, known)
    stop("GPU_DECODING", value, "eager, graphs or compiled")


def read_prolific_url() -> str:
    value = os.environ.get("PROLIFIC_API_URL", "https://api.prolific.com/api/v1")
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        stop("PROLIFIC_API_URL", value, "http(s)://HOST/PATH")
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(parts.hostname or "") or parts.username:
        stop("PROLIFIC_API_URL", value, "http(s)://HOST/PATH")
    return value.rstrip("/")


def read_env_file(path: Path) -> None:
    """Adds what the file sets and the process environment does not: the process environment wins."""
    if not path.exists():
        return
    own = set(os.environ)
    try:
        path.read_text(encoding="utf-8")
    except OSError as error:
        stop(".env", str(path), f"a readable file ({error.strerror})")
    except UnicodeDecodeError:
        stop(".env", str(path), "a text file in UTF-8")
    environ.Env.read_env(path, overwrite=False)
    for name in SECRETS:
        # NAME_FILE beats NAME, but not when the one stands in the file and the other in the process.
        if name in own and f"{name}_FILE" not in own:
            os.environ.pop(f"{name}_FILE", None)


def read_environment() -> Environment:
    read_env_file(BASE_DIR / ".env")
    database, vendor = read_database()
    secret_key = read_secret("SECRET_KEY", INSECURE_SECRET_KEY)
    if len(secret_key) < 16:
        stop("SECRET_KEY", f"({len(secret_key)} characters)", "at least 16 characters")
    return Environment(
        debug=read_bool("DEBUG", "0"),
        secret_key=secret_key,
        database=database,
        database_vendor=vendor,
        redis_url=read_redis_url(),
        public_url=read_public_url(),
        allow_sqlite=read_bool("ALLOW_SQLITE", "0"),
        storage_dir=read_storage(),
        demo=read_bool("STARCHAMBER_DEMO", "0"),
        max_upload_bytes=read_int("MAX_UPLOAD_BYTES", 200_000_000),
        model_roots=read_model_roots(),
        endpoints=read_endpoints(),
        device=read_device(),
        gpu_decoding=read_gpu_decoding(),
        job_lease_seconds=read_int("JOB_LEASE_SECONDS", 30),
        job_watch_seconds=read_int("JOB_WATCH_SECONDS", 5),
        prolific_api_url=read_prolific_url(),
        prolific_api_token=read_secret("PROLIFIC_API_TOKEN", ""),
        prolific_webhook_secret=read_secret("PROLIFIC_WEBHOOK_SECRET", ""),
    )
