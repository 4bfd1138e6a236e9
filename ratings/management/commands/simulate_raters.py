"""Lets simulated raters rate a study through the real loop."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandParser

from accounts.arguments import BadArguments
from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from ratings.crowd.simulation import Simulation, simulate_raters


class Command(JsonCommand):
    help = (
        "Simulated raters rank triples until nothing is left for them. A source's utility is its strength, plus "
        "the left bias in the first position, plus Gumbel noise: without ties, outcomes follow Bradley-Terry."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("study", help="the study's name; it must be open")
        parser.add_argument("--raters", type=int, default=20, help="how many raters")
        parser.add_argument("--seed", type=int, default=0, help="decides names' order and every ranking")
        parser.add_argument(
            "--strengths", nargs="+", default=[], metavar="A=1.0", help="natural logs; others have 0"
        )
        parser.add_argument("--left-bias", type=float, default=0.2, help="added to the first card's utility")
        parser.add_argument("--tie-width", type=float, default=0.1, help="utilities this close are tied")
        parser.add_argument(
            "--explicit-taste",
            type=float,
            default=0.0,
            help="added to a card's utility for each of its steps that says in words what it computes",
        )
        parser.add_argument(
            "--careless",
            type=int,
            default=0,
            help="how many of the raters rank at random, fast, without reading",
        )
        parser.add_argument(
            "--via",
            choices=["service", "http", "pages"],
            default="service",
            help="http, pages: calls or pages of a site at PUBLIC_URL",
        )

    def run(self, **options: Any) -> dict[str, Any]:
        simulation = Simulation(
            study=options["study"],
            raters=options["raters"],
            seed=options["seed"],
            strengths=_strengths(options["strengths"]),
            left_bias=options["left_bias"],
            tie_width=options["tie_width"],
            explicit_taste=options["explicit_taste"],
            careless=options["careless"],
            via=options["via"],
        )
        return simulate_raters(simulation, actor=COMMAND, watched=sys.stderr.isatty())


def _strengths(pairs: list[str]) -> dict[str, float]:
    strengths = {}
    for pair in pairs:
        label, _, number = pair.partition("=")
        try:
            strengths[label] = float(number)
        except ValueError:
            raise BadArguments(
                f"--strengths: {pair!r} is not LABEL=NUMBER",
                field="strengths",
                value=pair,
                expected="LABEL=NUMBER",
            ) from None
    return strengths
