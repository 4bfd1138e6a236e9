"""`python -m tests.services`: finds the servers that the suite needs, installs what is missing, one line for each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.services.chromium import NoChromium, find_chromium
from tests.services.postgres import NoPostgres, find_binaries
from tests.services.processes import say
from tests.services.redis import NoRedis, find_binary


def version_of(program: Path) -> str:
    answer = subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=60)
    return answer.stdout.strip() or str(program)


def main() -> int:
    try:
        if os.environ.get("TEST_DATABASE_URL"):
            say("PostgreSQL from TEST_DATABASE_URL")
        else:
            say(f"{version_of(find_binaries() / 'postgres')} in {find_binaries()}")
        if os.environ.get("TEST_REDIS_URL"):
            say("Redis from TEST_REDIS_URL")
        else:
            say(f"{version_of(find_binary())} at {find_binary()}")
        browser = find_chromium()
        say("Chromium of Playwright" if browser is None else f"{version_of(browser)} at {browser}")
    except (NoPostgres, NoRedis, NoChromium) as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
