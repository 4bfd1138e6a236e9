"""`make bench`: runs the benchmarks that benchmarks/README.md lists, in its order, each in a process of its own."""

from __future__ import annotations

import re
import sys

from tools.run import ROOT, end, run_step


def listed_benchmarks(readme: str) -> list[str]:
    """The scripts that a README names in backquotes (`rater_loop.py`), each once, in the order of first mention."""
    return list(dict.fromkeys(re.findall(r"`(?:benchmarks/)?([a-z0-9_]+\.py)`", readme)))


def main() -> None:
    folder = ROOT / "benchmarks"
    names = listed_benchmarks((folder / "README.md").read_text(encoding="utf-8"))
    missing = [name for name in names if not (folder / name).exists()]
    if missing or not names:
        end(missing or ["no benchmark"], all_was="")
    modules = {name: f"benchmarks.{name.removesuffix('.py')}" for name in names}
    failures = [name for name, module in modules.items() if not run_step([sys.executable, "-m", module])]
    end(failures, all_was=f"all {len(names)} benchmarks ran")


if __name__ == "__main__":
    main()
