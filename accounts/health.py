"""Is this installation fit to be used? The checks behind `manage.py doctor`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection

from accounts.commands import unapplied_migrations
from accounts.errors import StarchamberError
from accounts.models import User
from accounts.roles import Role


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `message` says what was found, and what to do where it is not ok."""

    name: str
    ok: bool
    message: str


def database() -> Check:
    """Reachable, and which of the two kinds."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return Check("database", False, f"does not answer: {' '.join(str(error).split())}")
    if connection.vendor == "sqlite":
        return Check(
            "database", True, "SQLite: for trials and one machine; studies with many raters want PostgreSQL"
        )
    return Check("database", True, connection.vendor)


def migrations() -> Check:
    try:
        missing = unapplied_migrations()
    except DatabaseError:
        return Check("migrations", False, "the database does not answer")
    if missing:
        return Check("migrations", False, f"{len(missing)} are not applied; run manage.py migrate")
    return Check("migrations", True, "all applied")


def owner() -> Check:
    try:
        found = User.objects.filter(role=Role.OWNER, is_active=True).exists()
    except DatabaseError:
        return Check("owner", False, "can not be looked up")
    return Check("owner", True, "there is one" if found else "none yet: run manage.py create_researcher NAME")


def secret_key() -> Check:
    default = settings.SECRET_KEY_IS_DEFAULT
    return Check("secret_key", not default, "the default: set SECRET_KEY" if default else "set")


def debug() -> Check:
    return Check("debug", not settings.DEBUG, "on: set DEBUG=0" if settings.DEBUG else "off")


def public_url() -> Check:
    parts = urlsplit(settings.PUBLIC_URL)
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    ok = parts.scheme == "https" or local
    found = f"{settings.PUBLIC_URL}{' (this machine only)' if local else ''}"
    return Check("public_url", ok, found if ok else f"{found}: cookies and tokens need https")


def storage() -> Check:
    folder = Path(settings.STORAGE_DIR)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"written by doctor")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return Check("storage", False, f"{folder} can not be written: {error.strerror or error}")
    return Check("storage", True, str(folder))


def shared_cache() -> Check:
    """Redis, if it is set: limits are then counted over all web processes."""
    if not settings.REDIS_URL:
        return Check("redis", True, "not set: limits are counted by each web process on its own")
    from redis.exceptions import RedisError  # comes with Django's Redis cache, which this setting chose

    try:
        cache.set("doctor", "here", timeout=10)
        ok = cache.get("doctor") == "here"
    except (RedisError, OSError) as error:
        return Check("redis", False, f"does not answer: {error}")
    return Check("redis", ok, "answers" if ok else "does not keep what is stored")


def static_files() -> Check:
    manifest = Path(settings.STATIC_ROOT) / "staticfiles.json"
    if settings.DEBUG or manifest.exists():
        return Check("static_files", True, "served as they are" if settings.DEBUG else "collected")
    return Check("static_files", False, "not collected; run manage.py collectstatic --noinput")


CHECKS: list[Callable[[], Check]] = [
    database,
    migrations,
    owner,
    secret_key,
    debug,
    public_url,
    storage,
    shared_cache,
    static_files,
]


def examine() -> dict[str, Any]:
    """`{"ok", "checks": [{"name", "ok", "message"}]}`, with an `error` naming the failed ones if there are any."""
    found = [check() for check in CHECKS]
    failed = [check for check in found if not check.ok]
    answer: dict[str, Any] = {"ok": not failed, "checks": [asdict(check) for check in found]}
    if failed:
        message = "; ".join(f"{check.name}: {check.message}" for check in failed)
        answer["error"] = StarchamberError(
            message, code="unfit", details={"failed": [check.name for check in failed]}
        ).as_json()
    return answer
