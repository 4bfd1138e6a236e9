"""Is this installation fit to be used? The checks behind `manage.py doctor`, which write nothing.

An app of the floors above adds its own: its AppConfig names them, `health = "jobs.health.CHECKS"`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.utils.module_loading import import_string

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
    if missing := missing_file():
        return Check("database", False, f"there is no file {missing} yet; run manage.py migrate")
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


def missing_file() -> str:
    """The path of a SQLite database that is not there, which asking it anything would make; "" otherwise."""
    name = str(connection.settings_dict["NAME"])
    is_file = connection.vendor == "sqlite" and ":memory:" not in name and not name.startswith("file:")
    return name if is_file and not Path(name).is_file() else ""


def migrations() -> Check:
    if missing_file():
        return Check("migrations", False, "there is no database yet; run manage.py migrate")
    try:
        missing = unapplied_migrations()
    except DatabaseError:
        return Check("migrations", False, "the database does not answer")
    if missing:
        return Check("migrations", False, f"{len(missing)} are not applied; run manage.py migrate")
    return Check("migrations", True, "all applied")


def owner() -> Check:
    if missing_file():
        return Check("owner", False, "can not be looked up: there is no database yet")
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
    """Can be written, or made where it is not there yet; told by a file without a name, of which nothing stays."""
    folder = Path(settings.STORAGE_DIR)
    nearest = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest) as file:
            file.write(b"written by doctor")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return Check("storage", False, f"{folder} can not be written: {error.strerror or error}")
    made = "" if folder == nearest else " (made when it is first needed)"
    return Check("storage", True, f"{folder}{made}")


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


def _of_other_apps() -> Iterator[Callable[[], Check]]:
    for app in apps.get_app_configs():
        if named := getattr(app, "health", ""):
            yield from import_string(named)


def examine() -> dict[str, Any]:
    """`{"ok", "checks": [{"name", "ok", "message"}]}`, with an `error` naming the failed ones if there are any."""
    found = [check() for check in [*CHECKS, *_of_other_apps()]]
    failed = [check for check in found if not check.ok]
    answer: dict[str, Any] = {"ok": not failed, "checks": [asdict(check) for check in found]}
    if failed:
        message = "; ".join(f"{check.name}: {check.message}" for check in failed)
        answer["error"] = StarchamberError(
            message, code="unfit", details={"failed": [check.name for check in failed]}
        ).as_json()
    return answer
