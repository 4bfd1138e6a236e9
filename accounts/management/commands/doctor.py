"""`manage.py doctor`: says what is wrong with this installation, and what to do about it."""

from __future__ import annotations

from typing import Any

from accounts.commands import JsonCommand
from accounts.health import examine


class Command(JsonCommand):
    help = "Checks database, migrations, settings, storage and static files. Exit 0 when all is well."

    def run(self, **options: Any) -> dict[str, Any]:
        return examine()
