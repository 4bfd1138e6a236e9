"""What a study's design is checked for before anything is written."""

from __future__ import annotations

import pytest

from accounts.errors import InvalidInput
from ratings.library.options import check_names
from ratings.studies.design import StudyDesign, check_design
from tests.worlds import SOURCES, make_dataset


def test_a_name_that_would_hide_a_page_is_refused():
    with pytest.raises(InvalidInput, match="address of a page"):
        check_design(StudyDesign(name="new", dataset="sums", sources=("a", "b", "c")))
    with pytest.raises(InvalidInput, match="address of a page"):
        check_names(dataset="import")


@pytest.mark.parametrize("name", ["", "two words", "a/b", "ü", "x" * 101])
def test_a_name_is_a_slug(name):
    with pytest.raises(InvalidInput) as refused:
        check_design(StudyDesign(name=name, dataset="sums", sources=("a", "b", "c")))
    assert refused.value.details["field"] == "name"


def test_a_quota_beyond_the_questions_is_no_matter_where_nothing_is_degraded(db):
    make_dataset(questions=5)
    check_design(StudyDesign("trial", "sums", SOURCES, questions=5, per_rater=10))
