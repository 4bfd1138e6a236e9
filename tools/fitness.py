"""What must stand before a process of the product may run: a secret of its own, no debugging, a migrated database."""

from __future__ import annotations

import argparse


def public_secret() -> str | None:
    """What is wrong with the key; None: nothing."""
    from django.conf import settings

    if settings.SECRET_KEY_IS_DEFAULT:
        return (
            "SECRET_KEY is the public default; set it to a random string of your own (.env.example shows how)"
        )
    return None


def debugging() -> str | None:
    from django.conf import settings

    return "DEBUG=1 shows the insides of the site to everybody; unset it" if settings.DEBUG else None


def unfit_database() -> str | None:
    """The database must answer and hold every migration."""
    from django.db import OperationalError, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        return f"the database does not answer: {' '.join(str(error).split())}"
    finally:
        connection.close()
    if not missing:
        return None
    names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _ in missing[:3])
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    return f"unapplied migrations ({names}{more}): run .venv/bin/python manage.py migrate"


def whole_number(text: str, *, low: int, high: int) -> int:
    """An option's value, or the error that argparse shows."""
    if not text.isdecimal() or not low <= int(text) <= high:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
    return int(text)
