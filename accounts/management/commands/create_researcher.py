"""`manage.py create_researcher NAME`: an account with a token for programs and a link for the browser."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from accounts.links import link_of
from accounts.people import create_researcher
from accounts.roles import Role


class Command(JsonCommand):
    help = (
        "Makes a member of the staff and prints an API token (90 days) and a sign-in link (one hour, one use), "
        "both shown this once. The account has no password until its owner sets one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="user name: letters, digits and @ . + - _")
        parser.add_argument(
            "--role",
            choices=Role.values,
            help="owner if the site has no owner yet, else admin, unless told otherwise",
        )
        parser.add_argument(
            "--again", action="store_true", help="for an account that exists: a new token and link"
        )

    def run(self, *, name: str, role: str | None, again: bool, **options: Any) -> dict[str, Any]:
        made = create_researcher(name, role=Role(role) if role else None, again=again, actor=COMMAND)
        return {
            "name": made.user.username,
            "role": made.user.role,
            "token": made.token,
            "link": link_of(made.link),
        }
