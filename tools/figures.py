"""`make figures NAME=methods`: a figure from the questions on, in a world of its own below var/figures.

    python -m tools.figures NAME [PLAN] [--out FOLDER]

Makes the database there if it is missing, then calls `manage.py figure NAME --recipe`. Called again it goes on where it
was interrupted.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys

from tools.run import ROOT

FOLDER = ROOT / "var" / "figures"


def figures_environment() -> dict[str, str]:
    """Settings of their own; a developer's .env or shell has no part in them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    key_file = FOLDER / "secret_key"
    if not key_file.exists():
        key_file.touch(mode=0o600)
        key_file.write_text(secrets.token_urlsafe(48))
    own = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"sqlite:///{FOLDER / 'starchamber.sqlite3'}",
        "SECRET_KEY": key_file.read_text(),
        "STORAGE_URL": str(FOLDER / "storage"),
        "REDIS_URL": "",
        "DEBUG": "0",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.endswith("_FILE")}
    return {**inherited, **own}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make figures", description=__doc__)
    parser.add_argument("name", help="which figure: manage.py figure --help lists them")
    parser.add_argument("plan", nargs="?", default="", help="by which plan; the figure's own by itself")
    parser.add_argument("--out", default=str(FOLDER / "out"))
    asked = parser.parse_args()
    environment = figures_environment()
    recipe = ["--recipe", asked.plan] if asked.plan else ["--recipe"]
    for command in (
        ["migrate", "--verbosity", "0"],
        ["figure", asked.name, "--out", asked.out, *recipe],
    ):
        status = subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=environment).returncode
        if status:
            sys.exit(status)


if __name__ == "__main__":
    main()
