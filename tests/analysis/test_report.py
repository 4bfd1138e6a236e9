"""The whole report: its shape to the letter, JSON for any rankings, real data, symmetry, and speed."""

import json
import time
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratings.analysis.report import Analysis, analyse
from ratings.analysis.types import JudgedTriple

from .designs import ORDERS, judged, simulated_study

SOURCES = ("few-shot", "star", "human")
REAL = Path(__file__).resolve().parents[3] / "shared/data/few_shot_explanations/ratings.jsonl"


@st.composite
def rankings(draw: st.DrawFn) -> tuple[tuple[int, ...], ...]:
    """Any grouping of any of the three sources, empty included."""
    order = draw(st.permutations(range(3)))[: draw(st.integers(0, 3))]
    groups: list[list[int]] = []
    for source in order:
        if draw(st.booleans()) and groups:
            groups[-1].append(source)
        else:
            groups.append([source])
    return tuple(tuple(group) for group in groups)


@st.composite
def studies(draw: st.DrawFn) -> list[JudgedTriple]:
    """Up to 16 ratings by named, anonymous or mixed raters, each rater once per question."""
    keys = draw(
        st.lists(
            st.tuples(st.sampled_from(["x", "y", "z", None]), st.sampled_from("abcd")),
            max_size=16,
            unique_by=lambda key: key if key[0] else object(),
        )
    )
    return [
        JudgedTriple(
            rater=rater,
            question=question,
            ranking=draw(rankings()),
            all_bad=draw(st.booleans()),
            shown=draw(st.sampled_from([None, *ORDERS])),
        )
        for rater, question in keys
    ]


def test_the_report_has_the_keys_of_the_contract_and_nothing_else() -> None:
    report = analyse(simulated_study(np.random.default_rng(0), tie_width=0.3), sources=SOURCES)
    assert list(report) == [
        "ratings",
        "raters",
        "questions",
        "pairs",
        "strengths",
        "agreement",
        "position",
        "first_shown",
    ]
    assert (report["ratings"], report["raters"], report["questions"]) == (200, 20, 50)
    assert [(p["a"], p["b"]) for p in report["pairs"]] == list(combinations(SOURCES, 2))
    pair = report["pairs"][0]
    assert list(pair) == ["a", "b", "wins_a", "wins_b", "ties", "odds", "naive", "clustered"]
    assert list(pair["naive"]) == ["p_one_sided", "p_two_sided"]
    assert list(pair["clustered"]) == ["win_rate", "low", "high", "p_two_sided", "method"]
    assert pair["clustered"]["method"] == "clustered by rater and question, t on the logit scale"
    assert pair["clustered"]["win_rate"] == (pair["wins_a"] + pair["ties"] / 2) / 200
    assert [s["source"] for s in report["strengths"]] == list(SOURCES)
    assert list(report["strengths"][0]) == ["source", "strength", "low", "high"]
    assert list(report["agreement"]) == ["alpha_ordinal", "pairwise_percent", "units"]
    assert report["agreement"]["units"] == 150
    assert report["position"] is not None
    assert list(report["position"]) == ["mean_rank", "p_two_sided"]
    assert sum(report["position"]["mean_rank"]) == pytest.approx(6)
    assert report["first_shown"] is None


def test_no_ratings_is_a_report_of_nothing() -> None:
    report = analyse([], sources=SOURCES)
    assert (report["ratings"], report["raters"], report["questions"], report["position"]) == (0, 0, 0, None)
    assert report["agreement"] == {"alpha_ordinal": None, "pairwise_percent": None, "units": 0}
    assert {s["strength"] for s in report["strengths"]} == {None}
    assert {p["clustered"]["win_rate"] for p in report["pairs"]} == {None}


@settings(deadline=None)
@given(studies())
def test_any_rankings_give_json_without_nan_or_infinity(ratings: list[JudgedTriple]) -> None:
    report = analyse(ratings, sources=SOURCES)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["ratings"] == len(ratings)
    strengths = [s["strength"] for s in report["strengths"] if s["strength"] is not None]
    assert len(strengths) in (0, 3)
    assert sum(strengths) == pytest.approx(0, abs=1e-9)
    for pair in report["pairs"]:
        compared = pair["wins_a"] + pair["wins_b"] + pair["ties"]
        assert (pair["clustered"]["win_rate"] is None) == (compared == 0)


@settings(deadline=None)
@given(studies(), st.permutations(range(3)))
def test_relabelling_the_sources_only_relabels_the_report(
    ratings: list[JudgedTriple], names: list[int]
) -> None:
    relabelled = [
        judged(
            *(tuple(names[source] for source in group) for group in rating.ranking),
            rater=rating.rater,
            question=rating.question,
            shown=rating.shown and tuple(names[source] for source in rating.shown),
        )
        for rating in ratings
    ]
    report, other = analyse(ratings, sources=SOURCES), analyse(relabelled, sources=SOURCES)
    assert _by_source(other) == pytest.approx(
        {SOURCES[names[SOURCES.index(s)]]: value for s, value in _by_source(report).items()}, abs=1e-6
    )
    assert other["position"] == report["position"]
    # Summed in another order.
    assert list(other["agreement"].values()) == pytest.approx(list(report["agreement"].values()))


def _by_source(report: Analysis) -> dict[str, float | None]:
    return {s["source"]: s["strength"] for s in report["strengths"]}


def test_all_bad_ratings_count_and_their_ranks_are_used_if_given() -> None:
    ratings = [
        judged((0,), (1,), (2,), rater="x", all_bad=True),
        judged(rater="y", all_bad=True),
    ]
    report = analyse(ratings, sources=SOURCES)
    assert (report["ratings"], report["raters"], report["questions"]) == (2, 2, 1)
    assert [(p["wins_a"], p["wins_b"], p["ties"]) for p in report["pairs"]] == [(1, 0, 0)] * 3


def test_simulated_strengths_are_recovered_in_order_and_inside_their_intervals() -> None:
    report = analyse(simulated_study(np.random.default_rng(2), strengths=(0.2, 0.9, -1.1)), sources=SOURCES)
    for row, truth in zip(report["strengths"], (0.2, 0.9, -1.1), strict=True):
        assert row["low"] is not None and row["high"] is not None
        assert row["low"] < truth < row["high"]


@pytest.mark.skipif(not REAL.exists(), reason="../shared/data/few_shot_explanations is absent")
def test_real_judgements_are_counted_as_plain_python_counts_them() -> None:
    names = ("cose_human", "ecqa_human", "gpt3_greedy")
    rows = [json.loads(line) for line in REAL.read_text().splitlines()]
    ratings = [
        judged(
            *(tuple(names.index(source) for source in group) for group in row["ranking"]),
            rater=None,
            question=row["question"],
            all_bad=row.get("all_bad", False),
        )
        for row in rows
    ]
    counts: Counter[tuple[str, str]] = Counter()
    ties: Counter[frozenset[str]] = Counter()
    for row in rows:
        place = {source: rank for rank, group in enumerate(row["ranking"]) for source in group}
        for a, b in combinations(place, 2):
            if place[a] == place[b]:
                ties[frozenset((a, b))] += 1
            else:
                counts[(a, b) if place[a] < place[b] else (b, a)] += 1
    report = analyse(ratings, sources=names)
    for pair in report["pairs"]:
        a, b = pair["a"], pair["b"]
        expected = (counts[a, b], counts[b, a], ties[frozenset((a, b))])
        assert (pair["wins_a"], pair["wins_b"], pair["ties"]) == expected
        assert sum(expected) > 0
    cose, ecqa, gpt3 = (row["strength"] for row in report["strengths"])
    assert cose is not None and ecqa is not None and gpt3 is not None
    assert gpt3 > ecqa > cose
    assert (report["ratings"], report["raters"], report["questions"]) == (450, None, 150)
    assert report["position"] is None


@pytest.mark.slow
def test_a_hundred_thousand_ratings_take_seconds() -> None:
    rng = np.random.default_rng(0)
    orders = rng.permuted(np.tile(np.arange(3), (100_000, 1)), axis=1).tolist()
    ratings = [
        judged((x,), (y,), (z,), rater=f"r{n % 500}", question=f"q{n // 5}", shown=(y, x, z))
        for n, (x, y, z) in enumerate(orders)
    ]
    start = time.process_time()
    report = analyse(ratings, sources=SOURCES)
    assert time.process_time() - start < 10
    assert report["ratings"] == 100_000
