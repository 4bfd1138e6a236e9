"""`--split NAME=SHARE …` on a command line."""

from __future__ import annotations

import argparse

from django.core.management.base import CommandParser

from problems.splits import SHARES
from ratings.library.options import refuse


def add_shares(parser: CommandParser) -> None:
    """Adds `--split`, whose value is a list of pairs."""
    shown = " ".join(f"{split}={share:g}" for split, share in SHARES.items())
    parser.add_argument(
        "--split",
        nargs="+",
        type=_pair,
        metavar="NAME=SHARE",
        help=f"shares of the splits, with the sum 1; a question's text decides where it falls (default: {shown})",
    )


def shares_of(pairs: list[tuple[str, float]] | None) -> dict[str, float]:
    """Raises InvalidInput for a split that has two."""
    if pairs is None:
        return dict(SHARES)
    shares: dict[str, float] = {}
    for split, share in pairs:
        if split in shares:
            refuse("split", f"{split}={share:g}", f"each split once; {split} has {shares[split]:g} already")
        shares[split] = share
    return shares


def _pair(text: str) -> tuple[str, float]:
    name, _, share = text.partition("=")
    try:
        return name, float(share)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=SHARE, such as test=0.1") from None
