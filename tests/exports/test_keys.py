from __future__ import annotations

import re

from ratings.exports.keys import derive_keys


def keys(secret="a secret", study="trial", format_name="votes", **options):
    return derive_keys(secret, study=study, format_name=format_name, options=options)


def test_the_same_export_gives_the_same_pseudonyms():
    assert keys(raters="human").rater("ada") == keys(raters="human").rater("ada")
    assert re.fullmatch("[0-9a-f]{16}", keys().rater("ada"))


def test_another_secret_study_format_or_option_gives_other_pseudonyms():
    variants = [
        keys(raters="human"),
        keys(secret="another", raters="human"),
        keys(study="second", raters="human"),
        keys(format_name="ranking", raters="human"),
        keys(raters="human", lineage=True),
    ]
    assert len({found.rater("ada") for found in variants}) == len(variants)
    assert len({found.rating("k1") for found in variants}) == len(variants)


def test_a_rater_and_a_rating_of_one_name_have_different_pseudonyms():
    assert keys().rater("x") != keys().rating("x")


def test_a_tie_falls_the_same_way_whatever_the_columns_but_not_in_another_study():
    plain = [keys(lineage=False).first_wins_tie(str(n), 0, 1) for n in range(100)]
    assert plain == [keys(lineage=True).first_wins_tie(str(n), 0, 1) for n in range(100)]
    assert plain != [keys(study="second").first_wins_tie(str(n), 0, 1) for n in range(100)]
