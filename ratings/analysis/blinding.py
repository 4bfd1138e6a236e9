"""Blinding indices: could raters tell whose rationales they judged?

After rating, each rater says of some cards whether a person or a machine wrote them, or that it cannot be told. Two
indices sum that up; they answer different questions, and both are reported.

**Bang's index** (Bang, Ni and Davis 2004, "Assessment of blinding in clinical trials", Controlled Clinical Trials
25:143-156, equation 3), one for each kind of writer i, here people and machines:

    BI_i = (2 n_right / (n_right + n_wrong) - 1) * (n_right + n_wrong) / n_i = (n_right - n_wrong) / n_i

with n_i all cards of that kind, those that the rater could not tell included. -1: all taken for the opposite; 0: as
good as guessing, or nobody could tell; 1: all seen through. Whoever calls every card a machine's gets +1 for machines
and -1 for people: read the two together. It is the mean of scores +1, 0 and -1, so its interval is that of a mean
(`ratings.analysis.intervals`), clustered by raters and questions where the paper has independent patients.

**James's index** (James, Bloch, Lee, Kraemer and Fuller 1996, "An index for assessing blindness in a multi-centre
clinical trial", Statistics in Medicine 15:1421-1434), one for all cards:

    BI = (1 + P_unsure + (1 - P_unsure) K) / 2,    K = (D_observed - D_expected) / D_expected

where D is the share of wrong guesses among the cards that somebody guessed about, and D_expected what it would be if
guess and truth had nothing to do with each other (so K is minus Cohen's kappa). With g the share guessed about, w the
share guessed wrongly, a_i and b_i the shares guessed about that are, and that are said to be, of kind i, all of all
cards, this is

    BI = 1 - g + w g^2 / (2 (a_1 b_2 + a_2 b_1)).

0: all seen through; 1/2: guessing; 1: nobody could tell, or all were wrong. An answer "I can not tell" counts as
blinded, which is why it can look good where Bang's does not. Its interval takes each card's influence on that formula
(the delta method, as in the paper) with the same clustering.

Checked by hand in tests/analysis/test_blinding.py, against the published figures of the CRISP trial (both papers'
own example: 0.21 and 0.01 by Bang's, 0.75 by James's), and by simulation for the intervals' coverage.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ratings.analysis.clustering import Clusters
from ratings.analysis.intervals import MeanInterval, interval_of, mean_interval
from ratings.analysis.table import BoolArray, FloatArray, IntArray

RIGHT, WRONG, UNSURE = 1, -1, 0
NOT_ESTIMABLE = MeanInterval(None, None, None, None, "none: nobody guessed about both kinds")


@dataclass(frozen=True, slots=True)
class GuessedCard:
    """One card, who wrote it, and whom a rater took for its writer: True a person, False a machine, None not told."""

    rater: str
    question: str
    human: bool
    said_human: bool | None


@dataclass(frozen=True, slots=True)
class BlindingIndex:
    """cards, raters: how many. people, machines: Bang's index for each kind, from -1 to 1. james: from 0 to 1.

    An index of a kind of which no card was shown is None. `p_two_sided` is against pure guessing.
    """

    cards: int
    raters: int
    unsure: int
    people: MeanInterval
    machines: MeanInterval
    james: MeanInterval


def blinding_index(guesses: Sequence[GuessedCard]) -> BlindingIndex:
    """Both indices of the same guesses."""
    human = np.array([guess.human for guess in guesses], dtype=np.bool_)
    score = np.array([_score(guess) for guess in guesses], dtype=np.float64)
    clusters = Clusters(
        raters=_codes([guess.rater for guess in guesses]),
        questions=_codes([guess.question for guess in guesses]),
    )
    return BlindingIndex(
        cards=len(guesses),
        raters=len({guess.rater for guess in guesses}),
        unsure=sum(guess.said_human is None for guess in guesses),
        people=_bang(score[human], clusters.where(human)),
        machines=_bang(score[~human], clusters.where(~human)),
        james=_james(human, score, clusters),
    )


def _score(guess: GuessedCard) -> int:
    if guess.said_human is None:
        return UNSURE
    return RIGHT if guess.said_human == guess.human else WRONG


def _bang(score: FloatArray, clusters: Clusters) -> MeanInterval:
    """The interval of the mean score, from that of (score + 1) / 2, which lies in [0, 1]."""
    found = mean_interval((score + 1) / 2, clusters)

    def stretched(value: float | None) -> float | None:
        return None if value is None else 2 * value - 1

    return MeanInterval(
        stretched(found.mean), stretched(found.low), stretched(found.high), found.p_two_sided, found.method
    )


def _james(human: BoolArray, score: FloatArray, clusters: Clusters) -> MeanInterval:
    count = len(score)
    if not count:
        return NOT_ESTIMABLE
    guessed, wrong = score != UNSURE, score == WRONG
    said_human = np.where(score == RIGHT, human, ~human) & guessed
    # Shares of all cards: guessed about; wrong; truly of either kind, and said to be, among those guessed about.
    parts = np.column_stack(
        [guessed, wrong, human & guessed, ~human & guessed, said_human, ~said_human & guessed]
    ).astype(np.float64)
    g, w, a_people, a_machines, b_people, b_machines = parts.mean(axis=0)
    chance = a_people * b_machines + a_machines * b_people
    if g == 0:
        return interval_of(1.0, np.zeros(count), clusters)
    if chance == 0:
        return NOT_ESTIMABLE
    index = 1 - g + w * g**2 / (2 * chance)
    slopes = np.array(
        [
            w * g / chance - 1,
            g**2 / (2 * chance),
            *(-w * g**2 / (2 * chance**2) * np.array([b_machines, b_people, a_machines, a_people])),
        ]
    )
    influences: FloatArray = (parts - parts.mean(axis=0)) @ slopes / count
    return interval_of(float(index), influences, clusters)


def _codes(labels: Sequence[str]) -> IntArray:
    return np.unique(np.array(labels, dtype=np.str_), return_inverse=True)[1].astype(np.int64)
