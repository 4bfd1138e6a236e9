from __future__ import annotations

from datetime import UTC, datetime

from tests.exports.reading import rows_of
from tests.exports.worlds import judge, rater
from tests.worlds import make_study

KEYS = (
    *(
        "rating",
        "revision",
        "current",
        "kind",
        "surplus",
        "rater",
        "raters_kind",
        "triple",
        "question",
        "shown",
    ),
    *("ranking", "all_bad", "skipped", "first_wrong_step", "reasons", "active_seconds", "submitted_at"),
    # Added to the contract's.
    *("confidence", "doubts", "degraded", "passed", "consent"),
)


def test_a_vote_has_the_keys_of_the_contract_and_says_what_was_stored(db, tmp_path):
    study = make_study()
    rating = judge(
        study,
        2,
        rater(study, "ada"),
        [[2], [0, 1]],
        order=3,
        first_wrong_step={"1": 0},
        reasons={"0": ["hard_to_follow"], "1": ["wrong_step", "hard_to_follow"]},
        active_seconds=31.5,
    )
    (row,) = rows_of(study, "votes", tmp_path)
    assert tuple(row) == KEYS
    pseudonyms = row.pop("rating"), row.pop("rater")
    assert row == {
        "revision": 1,
        "current": True,
        "kind": "normal",
        "surplus": False,
        "raters_kind": "human",
        "triple": 2,
        "question": rating.triple.question.external_id,
        # Order 3 of the six is (1, 2, 0).
        "shown": ["beta", "gamma", "alpha"],
        "ranking": [["gamma"], ["alpha", "beta"]],
        "all_bad": False,
        "skipped": False,
        "first_wrong_step": {"beta": 0},
        "reasons": {"alpha": ["hard_to_follow"], "beta": ["wrong_step", "hard_to_follow"]},
        "active_seconds": 31.5,
        "submitted_at": "2026-01-31T12:00:00.250000Z",
        "confidence": None,
        "doubts": [],
        "degraded": None,
        "passed": None,
        "consent": None,
    }
    assert not {rating.key, "ada", str(rating.pk)} & set(pseudonyms)


def test_revisions_skips_surplus_partial_and_all_bad_are_all_there_and_marked(db, tmp_path):
    study = make_study()
    ada = rater(study, "ada")
    judge(study, 1, ada, [[0], [1], [2]])
    judge(study, 1, ada, [[1], [0], [2]])
    judge(study, 2, ada, [], skipped=True)
    judge(study, 3, ada, [[2], [0]], surplus=True)
    judge(study, 4, ada, [], all_bad=True, order=None)
    rows = rows_of(study, "votes", tmp_path)
    marks = [
        (r["triple"], r["revision"], r["current"], r["skipped"], r["surplus"], r["all_bad"]) for r in rows
    ]
    assert marks == [
        (1, 1, False, False, False, False),
        (1, 2, True, False, False, False),
        (2, 1, True, True, False, False),
        (3, 1, True, False, True, False),
        (4, 1, True, False, False, True),
    ]
    assert rows[0]["rating"] == rows[1]["rating"] != rows[2]["rating"]
    assert len({row["rater"] for row in rows}) == 1
    assert [row["ranking"] for row in rows[2:]] == [[], [["gamma"], ["alpha"]], []]
    assert rows[4]["shown"] is None and rows[3]["shown"] == ["alpha", "beta", "gamma"]


def test_kinds_of_raters_are_apart_and_a_column_has_no_pseudonym(db, tmp_path):
    study = make_study()
    judge(study, 1, rater(study, "ada"), [[0], [1], [2]])
    judge(study, 1, rater(study, "bot", kind="simulated"), [[1], [0], [2]])
    judge(study, 1, rater(study, "column", kind="model", anonymous=True), [[2], [0], [1]])
    human, simulated, model = (
        rows_of(study, "votes", tmp_path, raters=kind) for kind in ("human", "simulated", "model")
    )
    assert [row["ranking"][0] for row in human + simulated + model] == [["alpha"], ["beta"], ["gamma"]]
    assert [row["raters_kind"] for row in human + simulated + model] == ["human", "simulated", "model"]
    assert human[0]["rater"] and model[0]["rater"] is None


def test_a_split_keeps_only_its_questions(db, tmp_path):
    study = make_study()
    for number in (1, 2):
        judge(study, number, rater(study, "ada"), [[0], [1], [2]])
    question = study.triples.get(number=2).question
    question.split = "test"
    question.save()
    assert [row["triple"] for row in rows_of(study, "votes", tmp_path, split="test")] == [2]
    assert [row["triple"] for row in rows_of(study, "votes", tmp_path, split="train")] == [1]
    assert rows_of(study, "votes", tmp_path, split="nowhere") == []


def test_lineage_adds_the_rationales_that_were_judged(db, tmp_path):
    study = make_study()
    judge(study, 1, rater(study, "ada"), [[0], [1], [2]])
    (row,) = rows_of(study, "votes", tmp_path, lineage=True)
    cards = list(study.triples.get(number=1).cards.order_by("source_index").select_related("rationale"))
    assert tuple(row)[: len(KEYS)] == KEYS
    assert row["rationales"] == {
        label: card.rationale_id for label, card in zip(("alpha", "beta", "gamma"), cards, strict=True)
    }
    assert row["sha256"]["gamma"] == cards[2].rationale.text_digest
    assert (row["study"], row["split"], row["question_revision"]) == ("trial", "train", 1)


def test_a_whole_second_is_written_with_its_fraction(db, tmp_path):
    study = make_study()
    judge(study, 1, rater(study, "ada"), [[0]], submitted_at=datetime(2026, 2, 1, tzinfo=UTC))
    assert rows_of(study, "votes", tmp_path)[0]["submitted_at"] == "2026-02-01T00:00:00.000000Z"
