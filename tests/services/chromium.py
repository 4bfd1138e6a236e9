"""A Chromium that the browser tests drive: the machine's own, installed where there is none."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.services.processes import install_with_apt, say

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_PLACES = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)

#: No first-run pages, no calls home, no QUIC: the browser talks to the server under test and to nobody else.
QUIET = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class NoChromium(RuntimeError):
    """No Chromium on this machine and no way to get one."""


@functools.cache
def find_chromium() -> Path | None:
    """The browser's program; None: the one that Playwright manages. NoChromium when there is none at all."""
    named = os.environ.get("CHROMIUM")
    if named:
        if not Path(named).exists():
            raise NoChromium(f"CHROMIUM={named!r} is not a file")
        return Path(named)
    found = _system_browser()
    if found is None and not _playwright_browser().exists():
        if install_with_apt("chromium"):
            found = _system_browser()
        if found is None:
            _install_by_playwright()
    return found


def _system_browser() -> Path | None:
    on_path = (shutil.which(name) for name in NAMES)
    places = [Path(place) for place in on_path if place is not None] + [Path(place) for place in MAC_PLACES]
    return next((place for place in places if place.exists()), None)


def _playwright_browser() -> Path:
    """Where Playwright keeps its Chromium, installed or not. Asked in a process of its own (it runs an event loop)."""
    script = (
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as p: print(p.chromium.executable_path)"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return Path(answer.stdout.strip())


def _install_by_playwright() -> None:
    say("installing Chromium by Playwright")
    done = subprocess.run(
        [sys.executable, "-m", "playwright", "install", "chromium"], stdout=subprocess.DEVNULL
    )
    if done.returncode != 0:
        raise NoChromium("no Chromium found: install it (Debian: chromium) or name it in CHROMIUM")


def launch_arguments() -> list[str]:
    """The switches of every start. Chromium's sandbox refuses root."""
    return [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
