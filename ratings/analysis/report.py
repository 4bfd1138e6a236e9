"""The whole analysis of a study's ratings as one JSON-safe record, for `analyse_study` and for pages."""

from collections.abc import Sequence
from typing import TypedDict

from ratings.analysis.agreement import agreement
from ratings.analysis.first_shown import first_shown_effect
from ratings.analysis.pairs import Pair, compare_pairs
from ratings.analysis.position import position_effect
from ratings.analysis.strengths import bradley_terry
from ratings.analysis.table import RatingTable, rating_table
from ratings.analysis.types import JudgedTriple


class NaiveReport(TypedDict):
    p_one_sided: float | None
    p_two_sided: float | None


class ClusteredReport(TypedDict):
    win_rate: float | None
    low: float | None
    high: float | None
    p_two_sided: float | None
    method: str


class PairReport(TypedDict):
    a: str
    b: str
    wins_a: int
    wins_b: int
    ties: int
    odds: float | None
    naive: NaiveReport
    clustered: ClusteredReport


class StrengthReport(TypedDict):
    source: str
    strength: float | None
    low: float | None
    high: float | None


class AgreementReport(TypedDict):
    alpha_ordinal: float | None
    pairwise_percent: float | None
    units: int


class PositionReport(TypedDict):
    mean_rank: list[float]
    p_two_sided: float


class FirstShownReport(TypedDict):
    wins: int
    losses: int
    ties: int
    share: float | None
    low: float | None
    high: float | None
    p_two_sided: float | None
    method: str


class Analysis(TypedDict):
    """What `analyse_study` prints, without what only the database knows. Undefined is None, never NaN."""

    ratings: int
    raters: int | None
    questions: int
    pairs: list[PairReport]
    strengths: list[StrengthReport]
    agreement: AgreementReport
    position: PositionReport | None
    first_shown: FirstShownReport | None


def analyse(ratings: Sequence[JudgedTriple], *, sources: Sequence[str]) -> Analysis:
    """Analyse current ratings of one kind of raters; the three kinds are never pooled, so call once for each.

    sources: the study's sources by name, in its order; the indices in `ratings` count into it. `raters` of
    the result is None when any rating is anonymous. Raises ValueError for ratings that are not rankings of
    these sources, or two of one question by one rater; DidNotConverge when strengths can not be estimated.
    """
    table = rating_table(ratings, source_count=len(sources))
    agreed = agreement(table)
    return {
        "ratings": len(ratings),
        "raters": table.rater_count,
        "questions": len({rating.question for rating in ratings}),
        "pairs": [_pair_report(pair, sources) for pair in compare_pairs(table)],
        "strengths": [
            {"source": sources[s.source], "strength": s.strength, "low": s.low, "high": s.high}
            for s in bradley_terry(table)
        ],
        "agreement": {
            "alpha_ordinal": agreed.alpha_ordinal,
            "pairwise_percent": agreed.pairwise_percent,
            "units": agreed.units,
        },
        "position": _position_report(table),
        "first_shown": _first_shown_report(table),
    }


def _pair_report(pair: Pair, sources: Sequence[str]) -> PairReport:
    return {
        "a": sources[pair.a],
        "b": sources[pair.b],
        "wins_a": pair.wins_a,
        "wins_b": pair.wins_b,
        "ties": pair.ties,
        "odds": pair.odds,
        "naive": {"p_one_sided": pair.naive.p_one_sided, "p_two_sided": pair.naive.p_two_sided},
        "clustered": {
            "win_rate": pair.clustered.mean,
            "low": pair.clustered.low,
            "high": pair.clustered.high,
            "p_two_sided": pair.clustered.p_two_sided,
            "method": pair.clustered.method,
        },
    }


def _position_report(table: RatingTable) -> PositionReport | None:
    effect = position_effect(table)
    if effect is None:
        return None
    return {"mean_rank": list(effect.mean_rank), "p_two_sided": effect.p_two_sided}


def _first_shown_report(table: RatingTable) -> FirstShownReport | None:
    """Of ratings that showed two cards; `position` speaks of those that showed three."""
    effect = first_shown_effect(table)
    if effect is None:
        return None
    return {
        "wins": effect.wins,
        "losses": effect.losses,
        "ties": effect.ties,
        "share": effect.share.mean,
        "low": effect.share.low,
        "high": effect.share.high,
        "p_two_sided": effect.share.p_two_sided,
        "method": effect.share.method,
    }
