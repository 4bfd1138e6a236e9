from __future__ import annotations

import pytest

from ratings.exports.preferences import prompt_of
from ratings.library.models import QuestionRevision
from tests.exports.reading import rows_of
from tests.exports.worlds import judge, judged_study, rater
from tests.worlds import make_study


def texts(study, number):
    """The texts as shown, by source index."""
    cards = study.triples.get(number=number).cards.order_by("source_index")
    return list(cards.values_list("rationale__normalised", flat=True))


def test_a_row_for_each_counted_rating_and_untied_pair(db, tmp_path):
    study = make_study()
    ada, ben = rater(study, "ada"), rater(study, "ben")
    judge(study, 1, ada, [[0], [1], [2]])
    judge(study, 1, ada, [[2], [0, 1]])
    judge(study, 2, ada, [], skipped=True)
    judge(study, 3, ada, [[0], [1], [2]], surplus=True)
    judge(study, 4, ada, [[1], [0]], all_bad=True)
    judge(study, 4, ben, [], all_bad=True)
    rows = rows_of(study, "trl-preference", tmp_path)
    first, fourth = texts(study, 1), texts(study, 4)
    questions = {n: study.triples.get(number=n).revision.text for n in (1, 4)}
    assert rows == [
        {"prompt": questions[1], "chosen": first[2], "rejected": first[0]},
        {"prompt": questions[1], "chosen": first[2], "rejected": first[1]},
        {"prompt": questions[4], "chosen": fourth[1], "rejected": fourth[0]},
    ]
    assert [list(row) for row in rows] == [["prompt", "chosen", "rejected"]] * 3


def test_ties_both_ways_or_one_way(db, tmp_path):
    study = judged_study()
    assert len(rows_of(study, "trl-preference", tmp_path)) == 30
    assert len(rows_of(study, "trl-preference", tmp_path, ties="both")) == 42
    assert len(rows_of(study, "trl-preference", tmp_path, ties="half")) == 36
    tied = {
        ties: [
            (row["question"], row["chosen_source"], row["rejected_source"])
            for row in rows_of(study, "trl-preference", tmp_path, ties=ties, lineage=True)
            if row["tied"]
        ]
        for ties in ("drop", "both", "half")
    }
    assert tied["drop"] == []
    ways = (("alpha", "beta"), ("beta", "alpha"))
    questions = [question for question, *_ in tied["half"]]
    assert len(set(questions)) == 6 and set(tied["half"]) < set(tied["both"])
    assert tied["both"] == [(question, *way) for question in questions for way in ways]


def test_the_prompt_is_the_question_with_its_choices_and_never_the_gold_answer(db, tmp_path):
    study = make_study()
    judge(study, 1, rater(study, "ada"), [[0], [1], [2]])
    revision = study.triples.get(number=1).revision
    QuestionRevision.objects.filter(pk=revision.pk).update(
        text="Where does one boil water?",
        choices=[{"label": "A", "text": "on ice"}, {"label": "B", "text": "on a stove"}],
        answer="B",
    )
    expected = "Where does one boil water?\n(A) on ice\n(B) on a stove"
    assert {row["prompt"] for row in rows_of(study, "trl-preference", tmp_path)} == {expected}
    QuestionRevision.objects.filter(pk=revision.pk).update(choices=[], answer="the-gold-answer")
    for format_name in ("trl-preference", "trl-conversational"):
        for row in rows_of(study, format_name, tmp_path, lineage=True):
            assert "the-gold-answer" not in str(row)


def test_the_prompt_is_of_the_revision_that_was_judged(db, tmp_path):
    study = make_study()
    judge(study, 1, rater(study, "ada"), [[0], [1], [2]])
    old = study.triples.get(number=1).revision
    QuestionRevision.objects.filter(pk=old.pk).update(current=False)
    QuestionRevision.objects.create(
        question=old.question, number=2, text="A better question?", content_digest="new"
    )
    rows = rows_of(study, "trl-preference", tmp_path, lineage=True)
    assert {(row["prompt"], row["question_revision"]) for row in rows} == {(old.text, 1)}


def test_a_question_without_choices_is_its_own_prompt():
    assert prompt_of("How many?", []) == "How many?"


def test_the_conversational_rows_are_the_same_as_messages(db, tmp_path):
    study = judged_study()
    plain = rows_of(study, "trl-preference", tmp_path)
    assert rows_of(study, "trl-conversational", tmp_path) == [
        {
            "prompt": [{"role": "user", "content": row["prompt"]}],
            "chosen": [{"role": "assistant", "content": row["chosen"]}],
            "rejected": [{"role": "assistant", "content": row["rejected"]}],
        }
        for row in plain
    ]


@pytest.mark.parametrize("format_name", ["trl-preference", "trl-conversational"])
def test_lineage_says_where_each_row_comes_from(db, tmp_path, format_name):
    study = make_study()
    rating = judge(study, 1, rater(study, "ada"), [[2], [0, 1]])
    rows = rows_of(study, format_name, tmp_path, ties="both", lineage=True)
    cards = list(study.triples.get(number=1).cards.order_by("source_index").select_related("rationale"))
    assert [(row["chosen_source"], row["rejected_source"], row["tied"]) for row in rows] == [
        ("alpha", "beta", True),
        ("beta", "alpha", True),
        ("gamma", "alpha", False),
        ("gamma", "beta", False),
    ]
    last = rows[-1]
    assert (last["chosen_rationale"], last["rejected_rationale"]) == (
        cards[2].rationale_id,
        cards[1].rationale_id,
    )
    assert last["chosen_sha256"] == cards[2].rationale.text_digest
    assert (last["study"], last["split"], last["question"]) == (
        "trial",
        "train",
        rating.triple.question.external_id,
    )
    assert len({row["rating"] for row in rows}) == 1 and rating.key not in str(rows)
