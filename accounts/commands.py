"""The base of every management command: one JSON line on stdout, all else on stderr, honest exit codes."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from types import FrameType
from typing import Any, NoReturn, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError
from tqdm import tqdm

from accounts.arguments import BadArguments, Defaults, Parser
from accounts.errors import InvalidInput, StarchamberError

T = TypeVar("T")

#: Options of Django's own that no command of ours sees.
_HIDDEN = frozenset(
    ["settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks"]
    + ["verbosity", "stdout", "stderr", "as_json"]
)


class JsonCommand(BaseCommand, ABC):
    """Subclasses implement `add_arguments` and `run(**options) -> dict`.

    `--json` puts exactly one JSON object on the last line of stdout, whatever happens. Exit 0 only when all
    was done, 2 for bad arguments, 1 otherwise: when `run` raises, or returns an answer that has an `error`.
    """

    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = Parser(
            prog=f"{os.path.basename(prog_name)} {subcommand}",
            description=self.help or None,
            formatter_class=Defaults,
            allow_abbrev=False,
            **kwargs,
        )
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="one JSON object on the last line of stdout"
        )
        for name in ("--settings", "--pythonpath"):
            parser.add_argument(name, help=argparse.SUPPRESS)
        for name in ("--traceback", "--no-color", "--force-color", "--skip-checks"):
            parser.add_argument(name, action="store_true", help=argparse.SUPPRESS)
        parser.add_argument(
            "-v", "--verbosity", type=int, default=1, choices=[0, 1, 2, 3], help=argparse.SUPPRESS
        )
        self.add_arguments(parser)
        return parser

    @abstractmethod
    def run(self, *args: Any, **options: Any) -> dict[str, Any]:
        """The command's work, given its options by name; returns the JSON answer."""

    def run_from_argv(self, argv: list[str]) -> None:
        """The way in of a shell: does the work, says the answer, leaves the process."""
        as_json = "--json" in argv[2:]
        # What nobody foresaw still leaves its line, and its stack on stderr.
        status, answer = 1, _error("internal_error", "This should not have happened; the stack is on stderr.")
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            # A library that prints must not get between us and the last line.
            with contextlib.redirect_stdout(sys.stderr):
                result = self._parse_and_answer(argv)
            json.dumps(result[1], allow_nan=False)
            status, answer = result
        finally:
            connections.close_all()
            self._say(answer, as_json=as_json, status=status)
        sys.exit(status)

    def handle(self, *args: Any, **options: Any) -> None:
        """The way in of `call_command`: same work, an error is raised as CommandError."""
        status, answer = self._answer(options)
        self._say(answer, as_json=bool(options.get("as_json")), status=status)
        if status:
            raise CommandError(answer["error"]["message"], returncode=status)

    def _parse_and_answer(self, argv: list[str]) -> tuple[int, dict[str, Any]]:
        try:
            parser = self.create_parser(argv[0], argv[1])
            if {"-h", "--help"} & set(argv[2:]):
                return 0, {"help": parser.format_help()}
            options = vars(parser.parse_args(argv[2:]))
        except BadArguments as error:
            return 2, _error("bad_arguments", str(error), error.details)
        return self._answer(options)

    def _answer(self, options: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        try:
            answer = self.run(**{name: value for name, value in options.items() if name not in _HIDDEN})
            return int("error" in answer), answer
        except BadArguments as error:
            return 2, _error("bad_arguments", str(error), error.details)
        except StarchamberError as error:
            return _exit_status(error), {"error": error.as_json()}
        except CommandError as error:
            return error.returncode, _error("failed", str(error))
        except DatabaseError as error:
            return 1, _database_error(error)
        except OSError as error:
            return 1, _error("os_error", f"{error.strerror or error}: {error.filename or ''}".strip(": "))
        except KeyboardInterrupt:
            return 1, _error(
                "interrupted",
                "Interrupted. What was done is kept, what was not leaves nothing behind.",
            )

    def _say(self, answer: dict[str, Any], *, as_json: bool, status: int) -> None:
        try:
            if as_json:
                self.stdout.write(json.dumps(answer, allow_nan=False))
            elif "help" in answer:
                self.stdout.write(answer["help"])
            elif status:
                self._complain(answer)
            else:
                self.stdout.write(json.dumps(answer, ensure_ascii=False, allow_nan=False, indent=2))
            self.stdout.flush()
        except BrokenPipeError:
            # Whoever read us has left. Python would complain once more when it flushes at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)

    def _complain(self, answer: dict[str, Any]) -> None:
        error = answer["error"]
        self.stderr.write(f"{error['code']}: {error['message']}")
        rest = {**{key: value for key, value in answer.items() if key != "error"}, **error["details"]}
        if rest:
            self.stderr.write(json.dumps(rest, ensure_ascii=False, indent=2))


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    """A polite end (SIGTERM) leaves the way Ctrl-C does: transactions rolled back, the last line said."""
    raise KeyboardInterrupt


def _exit_status(error: StarchamberError) -> int:
    """2 where the value of an argument is not what it may be; 1 where the work could not be done (most subclasses)."""
    return 2 if type(error) is InvalidInput or error.blames_arguments else 1


def _error(code: str, message: str, details: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "details": dict(details or {})}}


def _database_error(error: DatabaseError) -> dict[str, Any]:
    message = " ".join(str(error).split())
    try:
        missing = unapplied_migrations()
    except DatabaseError:
        return _error("database_error", f"The database refused: {message}")
    if not missing:
        return _error("database_error", f"The database refused: {message}")
    answer = _error(
        "unapplied_migrations",
        f"The database lacks {len(missing)} migrations of this version. Run: manage.py migrate",
    )
    answer["error"]["details"] = {"missing": missing}
    return answer


def unapplied_migrations() -> list[str]:
    """Names (app.name) of the migrations that the database lacks. Raises DatabaseError when it is unreachable."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def progress(rows: Iterable[T], *, label: str, total: int | None = None) -> Iterator[T]:
    """Passes rows on, with a bar on stderr when a person watches."""
    with tqdm(
        rows, desc=label, total=total, file=sys.stderr, disable=not sys.stderr.isatty(), leave=False
    ) as bar:
        yield from bar


def checked(condition: bool, message: str, **details: Any) -> None:
    """Raises InvalidInput with the message unless the condition holds."""
    if not condition:
        raise InvalidInput(message, details=details)
