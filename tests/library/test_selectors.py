"""Reading the library: counts, filters, one question, in a fixed number of statements."""

from __future__ import annotations

import pytest

from ratings.library import selectors
from ratings.library.errors import UnknownDataset, UnknownQuestion
from ratings.library.importing.stored import stored_questions
from ratings.library.models import Dataset
from tests.library.files import PLACE, SUM, questions, rationales
from tests.worlds import make_dataset

pytestmark = pytest.mark.django_db


@pytest.fixture
def library() -> None:
    questions(SUM, {**SUM, "id": "more", "question": "What is 4 + 1?", "split": "test"})
    questions(PLACE, dataset="places")
    rationales(
        {"question": "sum", "source": "a", "text": "#### 5"},
        {"question": "sum", "source": "b", "text": "#### 6"},
    )
    rationales({"question": "more", "source": "a", "text": "#### 6"})


def ids(**filters) -> set[str]:
    return {question.external_id for question in selectors.questions(**filters)}


def test_datasets_come_with_their_counts(library, django_assert_num_queries):
    with django_assert_num_queries(3):
        first, second = selectors.dataset_summaries()
    assert (first.name, first.family, first.questions, first.rationales) == ("d", "gsm8k", 2, 3)
    assert first.splits == {"test": 1, "train": 1}
    assert first.sources == {"a": {"correct": 1, "wrong": 1}, "b": {"wrong": 1}}
    assert (second.name, second.questions, second.sources) == ("places", 1, {})


def test_retired_rationales_are_not_counted(library):
    questions({**SUM, "rationales": [{"source": "a", "text": "five\n#### 5"}]})
    assert selectors.dataset_summary("d").rationales == 3
    assert selectors.rationales(live=None).count() == 4
    assert selectors.rationales(live=False).count() == 1


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"dataset": "d"}, {"sum", "more"}),
        ({"split": "test"}, {"more"}),
        ({"external_id": "sum"}, {"sum"}),
        ({"verdict": "correct"}, {"sum"}),
        ({"verdict": "wrong", "source": "a"}, {"more"}),
        ({"source": "b"}, {"sum"}),
        ({"search": "WHAT is"}, {"sum", "more"}),
        ({"search": "place"}, {"place"}),
        ({"search": "100%"}, set()),
        ({"dataset": "d", "search": "cars"}, set()),
    ],
)
def test_questions_are_found_by_every_filter(library, filters, expected):
    assert ids(**filters) == expected


def test_an_old_text_is_not_found(library):
    questions({**SUM, "question": "How much is two and three?"})
    assert ids(search="2 + 3") == set()


def test_questions_come_with_their_current_revision_in_two_statements(library, django_assert_num_queries):
    with django_assert_num_queries(2):
        texts = {question.current_revision.text for question in selectors.questions(dataset="d")}
    assert texts == {"What is 2 + 3?", "What is 4 + 1?"}


def test_one_question_comes_with_all_its_revisions(library):
    questions({**SUM, "answer": 6})
    question = selectors.get_question("d", "sum")
    assert [revision.number for revision in question.all_revisions] == [2, 1]
    with pytest.raises(UnknownQuestion):
        selectors.get_question("d", "place")
    with pytest.raises(UnknownDataset):
        selectors.get_question("nobody", "sum")


def test_what_is_stored_is_looked_up_without_a_join(django_assert_num_queries) -> None:
    """On tables that PostgreSQL takes for empty a join is planned as nested loops, and an import takes minutes."""
    make_dataset(questions=5)
    dataset = Dataset.objects.get(name="sums")
    with django_assert_num_queries(2) as captured:
        stored = stored_questions(dataset, ["q000001", "q000003", "nobody"])
    assert {key: question.text for key, question in stored.items()} == {
        "q000001": "What is 1 plus two?",
        "q000003": "What is 3 plus two?",
    }
    assert not any(" JOIN " in query["sql"] for query in captured.captured_queries)
