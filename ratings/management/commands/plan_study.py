"""Says how likely a study of some size is to find a difference, and what it costs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.commands import JsonCommand
from ratings.analysis.planning import Plan
from ratings.analysis.plans import PlanRequest, plan_study
from ratings.studies.estimate import SECONDS_PER_RATING


class Command(JsonCommand):
    help = (
        "Power of a study for one win rate, by simulating it with the clustered two-sided test that analyse_study "
        "reports; with its Monte Carlo standard error, the time it takes and what it costs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        default = Plan()
        parser.add_argument("--questions", type=int, default=default.questions, help="triples to rate")
        parser.add_argument(
            "--ratings-per-triple", type=int, default=default.ratings_per_triple, help="planned for each"
        )
        parser.add_argument(
            "--raters", type=int, default=default.raters, help="ratings are dealt to them evenly"
        )
        parser.add_argument(
            "--win-rate",
            type=float,
            default=default.win_rate,
            help="of the better source, ties counting half",
        )
        parser.add_argument(
            "--ties", type=float, default=default.ties, help="share of ratings that tie the two"
        )
        parser.add_argument(
            "--sd-question", type=float, default=default.sd_question, help="of question effects, in log odds"
        )
        parser.add_argument(
            "--sd-rater", type=float, default=default.sd_rater, help="of rater effects, in log odds"
        )
        parser.add_argument("--alpha", type=float, default=default.alpha, help="level of the two-sided test")
        parser.add_argument("--simulations", type=int, default=default.simulations, help="how many studies")
        parser.add_argument("--seed", type=int, default=default.seed, help="of the simulation")
        parser.add_argument("--curve", action="store_true", help="also fewer and more questions")
        parser.add_argument("--extra", type=int, default=0, help="checks, practice … of each rater")
        parser.add_argument(
            "--seconds-per-rating", type=float, default=SECONDS_PER_RATING, help="for time and pay"
        )
        parser.add_argument("--currency", default="", help="of the pay, such as GBP")
        parser.add_argument("--pay-per-rater", help="for a whole session")
        parser.add_argument("--pay-per-rating", help="for each rating; both add up")
        parser.add_argument("--hourly-floor", help="pay for an hour should not be less")

    def run(self, **options: Any) -> dict[str, Any]:
        pay = {
            "currency": options.pop("currency"),
            "per_rater": options.pop("pay_per_rater"),
            "per_rating": options.pop("pay_per_rating"),
            "hourly_floor": options.pop("hourly_floor"),
        }
        beside = {name: options.pop(name) for name in ("extra", "seconds_per_rating", "curve")}
        return plan_study(PlanRequest(plan=Plan(**options), pay=pay, **beside))
