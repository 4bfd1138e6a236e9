"""Measures a model on one split of a dataset, in this process."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import COMMAND
from accounts.commands import JsonCommand
from jobs.here import run_here
from training.runs.evaluating import EvaluationSpec, launch_evaluation
from training.runs.interrupting import interrupted_evaluation

_DEFAULTS = EvaluationSpec(model="", dataset="")


class Command(JsonCommand):
    help = (
        "Samples a model on a dataset and says how good it is: greedy accuracy, pass@k, majority@k and best-of-k by "
        "each scorer, exact over all samples, with 95 % intervals over questions. Samples are kept: another verifier "
        "on the same ones costs no sampling."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", required=True, help="label of the model that answers")
        parser.add_argument("--dataset", required=True, help="name of the dataset")
        parser.add_argument("--split", default=_DEFAULTS.split, help="which of its questions")
        parser.add_argument(
            "--verifier",
            nargs="+",
            action="extend",
            default=[],
            metavar="LABEL",
            dest="verifiers",
            help="models whose log-likelihood ranks the samples, beside the generator's own",
        )
        parser.add_argument("--samples", type=int, default=_DEFAULTS.samples, help="samples per question")
        parser.add_argument(
            "--k",
            nargs="+",
            type=int,
            default=[],
            help="draws; by itself the powers of two up to the samples",
        )
        parser.add_argument("--temperature", type=float, help="of the samples; 0.9, or 0 for a single one")
        parser.add_argument("--top-p", type=float, default=_DEFAULTS.top_p, help="nucleus sampling")
        parser.add_argument("--seed", type=int, default=_DEFAULTS.seed, help="decides every sample")
        parser.add_argument(
            "--shots", type=int, default=_DEFAULTS.shots, help="worked examples in the prompt"
        )
        parser.add_argument(
            "--max-new-tokens", type=int, help="longer samples are cut; by itself what fits, at most 256"
        )
        parser.add_argument(
            "--questions", type=int, default=_DEFAULTS.questions, help="only so many, by the seed; 0: all"
        )

    def run(self, **options: Any) -> dict[str, Any]:
        if options["temperature"] is None:
            options["temperature"] = _DEFAULTS.temperature if options["samples"] > 1 else 0.0
        options["verifiers"], options["k"] = tuple(options["verifiers"]), tuple(options["k"])
        evaluation = launch_evaluation(EvaluationSpec(**options), actor=COMMAND)
        try:
            return run_here(evaluation.job_id, watched=True)
        except KeyboardInterrupt:
            raise interrupted_evaluation(evaluation.job_id) from None
