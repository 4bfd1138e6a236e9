"""What a study's form makes of its exports: best only, pairwise, confidence and doubts."""

from __future__ import annotations

from ratings.analysis.services import analyse_study
from ratings.exports.pairs import comparisons
from tests.exports.reading import rows_of
from tests.exports.test_preferences import texts
from tests.exports.worlds import judge, rater
from tests.worlds import make_study


def test_sources_that_were_beaten_are_in_no_pair_with_each_other():
    assert [tuple(pair) for pair in comparisons([[1]], beaten=(0, 2))] == [(1, 0, False), (1, 2, False)]
    assert [tuple(pair) for pair in comparisons([[0, 2]], beaten=(1,))] == [
        (0, 1, False),
        (0, 2, True),
        (2, 1, False),
    ]


def test_the_best_is_preferred_to_each_of_those_left_out(db, tmp_path):
    study = make_study(form={"kind": "best"})
    judge(study, 1, rater(study, "ada"), [[1]])
    judge(study, 2, rater(study, "ada"), [], all_bad=True)
    first = texts(study, 1)
    rows = rows_of(study, "trl-preference", tmp_path)
    assert [(row["chosen"], row["rejected"]) for row in rows] == [(first[1], first[0]), (first[1], first[2])]
    assert rows_of(study, "ranking", tmp_path)[0]["ranking"] == [["beta"]]
    found = analyse_study(study.name)
    assert [(p["wins_a"], p["wins_b"], p["ties"]) for p in found["pairs"]] == [
        (0, 1, 0),
        (0, 0, 0),
        (1, 0, 0),
    ]


def test_in_a_full_ranking_a_source_left_out_stays_unjudged(db, tmp_path):
    study = make_study()
    judge(study, 1, rater(study, "ada"), [[1]])
    assert rows_of(study, "trl-preference", tmp_path) == []


def test_a_pairwise_vote_says_which_two_were_shown_and_has_no_position_effect(db, tmp_path):
    study = make_study(form={"kind": "pairwise"})
    judge(study, 1, rater(study, "ada"), [[1], [0]], order=0)
    [row] = rows_of(study, "votes", tmp_path)
    assert row["shown"] == ["alpha", "beta"]
    assert row["ranking"] == [["beta"], ["alpha"]]
    assert analyse_study(study.name)["position"] is None


def test_votes_hold_confidence_and_doubts(db, tmp_path):
    study = make_study()
    ada = rater(study, "ada")
    judge(study, 1, ada, [[1]], confidence=3, doubts=["answer_wrong", "question_unclear"])
    judge(study, 2, ada, [[1]])
    said, silent = rows_of(study, "votes", tmp_path)
    assert (said["confidence"], said["doubts"]) == (3, ["answer_wrong", "question_unclear"])
    assert (silent["confidence"], silent["doubts"]) == (None, [])
