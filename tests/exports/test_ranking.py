from __future__ import annotations

from accounts.audit import COMMAND
from ratings.crowd.import_ratings import import_ratings
from ratings.slots.models import Rating
from tests.exports.reading import rows_of
from tests.exports.worlds import judge, rater
from tests.worlds import make_study


def judged(study):
    ada, ben = rater(study, "ada"), rater(study, "ben")
    judge(study, 1, ada, [[0], [1], [2]])
    judge(
        study,
        1,
        ada,
        [[2], [0, 1]],
        first_wrong_step={"1": 1},
        reasons={"0": ["hard_to_follow"]},
        active_seconds=4.5,
    )
    judge(study, 2, ada, [], skipped=True)
    judge(study, 3, ada, [[0], [1], [2]], surplus=True)
    judge(study, 1, ben, [[1], [0]], all_bad=True)
    judge(study, 2, ben, [], all_bad=True)


def test_a_ratings_file_says_what_counts_and_leaves_out_what_was_not_given(db, tmp_path):
    study = make_study()
    judged(study)
    questions = {n: study.triples.get(number=n).question.external_id for n in (1, 2)}
    rows = rows_of(study, "ranking", tmp_path)
    ada, ben = rows[0].pop("rater"), rows[1].pop("rater")
    assert rows[2].pop("rater") == ben != ada
    assert rows == [
        {
            "question": questions[1],
            "ranking": [["gamma"], ["alpha", "beta"]],
            "all_bad": False,
            "first_wrong_step": {"beta": 1},
            "reasons": {"alpha": ["hard_to_follow"]},
            "seconds": 4.5,
        },
        {"question": questions[1], "ranking": [["beta"], ["alpha"]], "all_bad": True},
        {"question": questions[2], "ranking": [], "all_bad": True},
    ]


def test_import_ratings_takes_the_file_back(db, tmp_path):
    study = make_study()
    judged(study)
    rows_of(study, "ranking", tmp_path, lineage=True)
    again = make_study("again")
    lines = (tmp_path / "rows.jsonl").read_bytes().splitlines(keepends=True)
    assert import_ratings(lines, "again", actor=COMMAND)["created"] == 3

    def said(of):
        columns = (
            "triple__question__external_id",
            "ranking",
            "all_bad",
            "first_wrong_step",
            "reasons",
            "active_seconds",
        )
        counted = Rating.objects.filter(study=of, current=True, skipped=False, surplus=False)
        return list(counted.order_by("pk").values_list(*columns))

    assert said(again) == said(study)
    assert len(set(Rating.objects.filter(study=again).values_list("rater__name"))) == 2


def test_columns_of_an_imported_file_keep_names_that_tell_them_apart(db, tmp_path):
    study = make_study()
    for name in ("column 1", "column 2"):
        judge(study, 1, rater(study, name, anonymous=True), [[0], [1], [2]], order=None)
    names = [row["rater"] for row in rows_of(study, "ranking", tmp_path)]
    assert len(set(names)) == 2 and not {"column 1", "column 2"} & set(names)
