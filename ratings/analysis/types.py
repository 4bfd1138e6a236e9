"""The one record that the analysis reads: a rating of a triple, without anything of the database."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JudgedTriple:
    """One current rating of one triple. Sources are indices into the study's list of sources.

    rater: who judged; None: anonymous, nothing clusters by rater.
    question: what was judged; a study holds one triple of each question.
    ranking: groups of source indices, best first, ties in one group; may be partial or empty.
    all_bad: the rater found no rationale acceptable; a ranking given beside it counts like any other.
    shown: the source index at each of the positions 0, 1, 2, or of the two of a pair; None when unknown.
    beaten: sources that all ranked ones were judged better than, and that were not compared with each other
        (what "which one is the best?" says of those left out).
    """

    rater: str | None
    question: str
    ranking: tuple[tuple[int, ...], ...]
    all_bad: bool
    shown: tuple[int, ...] | None
    beaten: tuple[int, ...] = ()
