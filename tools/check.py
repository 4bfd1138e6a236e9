"""`make check`: everything that can be told without running the product. Runs all steps, then says which failed."""

from __future__ import annotations

import secrets
import sys
import tempfile
from pathlib import Path

from tools.run import end, run_step

PYTHON = sys.executable
MANAGE = [PYTHON, "manage.py"]

#: Import-linter has no `python -m`, and its script breaks where the checkout is moved.
LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"

STEPS: dict[str, list[str]] = {
    "lint": [PYTHON, "-m", "ruff", "check", "--quiet", "."],
    "format": [PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."],
    "types": [PYTHON, "-m", "mypy"],
    "layers": [PYTHON, "-c", LINT_IMPORTS, "--no-logo"],
    "migrations": [*MANAGE, "makemigrations", "--check", "--dry-run"],
    "deployment": [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"],
    "api schema": [*MANAGE, "spectacular", "--validate", "--fail-on-warn", "--file"],
}


def deployment() -> dict[str, str]:
    """An environment as a public site has it, so that `check --deploy` judges the settings and not the trial ones."""
    return {
        "DATABASE_URL": "sqlite://:memory:",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "PUBLIC_URL": "https://ratings.example.org",
        "DEBUG": "0",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        steps = dict(STEPS)
        steps["api schema"] = [*steps["api schema"], str(Path(folder) / "openapi.yaml")]
        failures = [
            name for name, command in steps.items() if not run_step(command, environment=deployment())
        ]
    end(failures, all_was=f"all {len(STEPS)} checks passed")


if __name__ == "__main__":
    main()
