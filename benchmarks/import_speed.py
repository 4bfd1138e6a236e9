"""How fast questions with three rationales are imported, and in how much memory, by the command that people run.

    .venv/bin/python benchmarks/import_speed.py                       on a temporary SQLite database
    .venv/bin/python benchmarks/import_speed.py --database postgresql://USER@HOST/EMPTY_DATABASE

Writes files of generated word problems (rationales of a median of 99 words: with calculator marks, in numbered lines,
in prose) and imports each as a process of its own, new and then again unchanged. What the command costs with one row
is shown and taken off. Splitting into steps happens where triples are drawn; here it is timed over the same texts and
counted in. Target (PRODUCT.md): 2,450 questions a second, which is what Label Studio needs to store them; memory the
same for ten times the rows.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

THINGS = ("apples", "pencils", "marbles", "tickets", "bricks", "letters", "candles", "stamps")
PEOPLE = ("Aiko", "Bruno", "Chidi", "Dana", "Elif", "Farid", "Greta", "Hana")
SENTENCES = (
    "{who} starts with {a} {what} and then gets {b} more, so that makes {a} + {b} = {mark}{c} {what} in all.",
    "Since nothing was lost on the way, the number of {what} that {who} holds now is {c}.",
    "Then {who} shares them, and every friend gets the same number of {what} as the friend before.",
    "Half of {c} would be too few, so we keep going with the {c} {what} that are there.",
    "That is why {b} has to be added to {a} before anything else is done with the {what}.",
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", help="URL of an empty database; default: a temporary SQLite file")
    parser.add_argument(
        "--questions", type=int, nargs="+", default=[10_000, 50_000], help="rows of the files"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["DATABASE_URL"] = options.database or f"sqlite:///{folder / 'benchmark.sqlite3'}"
        os.environ.setdefault("SECRET_KEY", "a-benchmark-signs-nothing")
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, check=True)
        start = import_file(written(folder / "one.jsonl", 1), "one").seconds
        print(f"start of the command, with one row: {start:.2f} s")
        for count in options.questions:
            measure(written(folder / f"{count}.jsonl", count), count, start=start)
    return 0


@dataclass(frozen=True, slots=True)
class Run:
    seconds: float
    cpu_seconds: float
    peak_mb: float
    answer: dict[str, int]


def measure(path: Path, count: int, *, start: float) -> None:
    steps = seconds_of_steps(path)
    for attempt in ("created", "unchanged"):
        run = import_file(path, f"questions-{count}")
        assert run.answer[attempt] == count, run.answer
        net = run.seconds - start
        total = net + (steps if attempt == "created" else 0)
        print(
            f"{count:,} questions {attempt}: {run.seconds:.2f} s wall, {run.cpu_seconds:.2f} s CPU, "
            f"peak {run.peak_mb:.0f} MB; {count / net:,.0f} a second"
            + (f", with steps {count / total:,.0f} a second" if attempt == "created" else "")
        )


def import_file(path: Path, dataset: str) -> Run:
    command = [
        sys.executable,
        "manage.py",
        "import_questions",
        str(path),
        "--format",
        "jsonl",
        "--dataset",
        dataset,
    ]
    started = time.perf_counter()
    child = subprocess.Popen([*command, "--json"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    answer = json.loads(child.stdout.read().splitlines()[-1])
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0, answer
    seconds = time.perf_counter() - started
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, answer)


def seconds_of_steps(path: Path) -> float:
    """Splitting what raters would see into steps, for all rationales of the file; normalising is not counted."""
    from problems.normalise import normalise
    from problems.steps import split_steps
    from problems.types import Family

    seconds = 0.0
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            texts = [normalise(one["text"], Family.GSM8K) for one in json.loads(line)["rationales"]]
            started = time.perf_counter()
            for text in texts:
                split_steps(text)
            seconds += time.perf_counter() - started
    return seconds


def written(path: Path, count: int) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            file.write(json.dumps(question(random.Random(number), number)) + "\n")
    return path


def question(chance: random.Random, number: int) -> dict[str, object]:
    more = chance.randrange(2, 99)
    words = {
        "who": chance.choice(PEOPLE),
        "what": chance.choice(THINGS),
        "a": number,
        "b": more,
        "c": number + more,
    }
    styles: dict[str, Callable[[list[str]], str]] = {
        "marked": lambda lines: "\n".join(lines) + f"\n#### {words['c']}",
        "numbered": lambda lines: (
            "\n".join(f"{n}. {line}" for n, line in enumerate(lines, 1)) + f"\nA: {words['c']}"
        ),
        "prose": lambda lines: f"Let's think step by step. {' '.join(lines)} The answer is {words['c']}.",
    }
    return {
        "id": f"q{number}",
        "question": "{who} has {a} {what} and buys {b} more. How many {what} are there now?".format(**words),
        "answer": str(words["c"]),
        "rationales": [
            {"source": style, "text": make(lines(chance, words, style))} for style, make in styles.items()
        ],
    }


def lines(chance: random.Random, words: dict[str, object], style: str) -> list[str]:
    """Five or six sentences, about 99 words with what the style adds."""
    mark = f"<<{words['a']}+{words['b']}={words['c']}>>" if style == "marked" else ""
    chosen = [
        SENTENCES[0],
        *chance.sample(SENTENCES[1:], k=len(SENTENCES) - 1),
        *chance.sample(SENTENCES[1:], k=1),
    ]
    return [sentence.format(mark=mark, **words) for sentence in chosen]


if __name__ == "__main__":
    sys.exit(main())
