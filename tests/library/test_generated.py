"""Rationales that a model wrote, filed beside what is there: graded, counted, and never against an import."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from django.db import connection, transaction

from problems.types import Family
from ratings.library.generated import GeneratedText, grade_generated, store_generated
from ratings.library.models import Question, QuestionRevision, Rationale, Source
from tests.worlds import make_dataset


def generated(texts: Sequence[str], *, question: str = "q000000", stated: str = "") -> list[GeneratedText]:
    asked = Question.objects.get(external_id=question)
    revision = asked.current_revision
    return [
        GeneratedText(
            question=asked.pk,
            revision=revision.pk,
            text=text,
            stated=stated,
            worked=grade_generated(Family.GSM8K, revision, text, stated),
        )
        for text in texts
    ]


def store(texts: Sequence[GeneratedText], label: str = "model") -> list[int]:
    source, _ = Source.objects.get_or_create(label=label)
    with transaction.atomic():
        return store_generated(Family.GSM8K, source, texts)


def test_texts_are_graded_normalised_and_counted_once_each(db: None) -> None:
    make_dataset(questions=1)
    keys = store(
        generated(["0+2=<<0+2=2>>2\n#### 2", "Three.\n#### 3", "No idea.", "0+2=<<0+2=2>>2\n#### 2"])
    )
    assert keys[0] == keys[3] and len(set(keys)) == 3
    rows = Rationale.objects.in_bulk(keys)
    right, wrong, unparsable = (rows[key] for key in keys[:3])
    assert (right.verdict, right.answer, right.copies, right.normalised) == ("correct", "2", 2, "0+2=2")
    assert (wrong.verdict, wrong.answer, wrong.copies) == ("wrong", "3", 1)
    assert (unparsable.verdict, unparsable.answer) == ("unparsable", "")


def test_the_same_text_again_is_a_copy_more_and_other_sources_are_untouched(db: None) -> None:
    make_dataset(questions=2)
    text = "0 + 2 = 2.\n#### 2"
    [first] = store(generated([text]))
    [other] = store(generated([text]), label="other")
    [elsewhere] = store(generated([text], question="q000001"))
    assert store(generated([text, text])) == [first, first]
    copies = {pk: Rationale.objects.get(pk=pk).copies for pk in (first, other, elsewhere)}
    assert copies == {first: 3, other: 1, elsewhere: 1}


def test_what_an_import_retired_stays_retired(db: None) -> None:
    make_dataset(questions=1)
    [key] = store(generated(["0 + 2 = 2.\n#### 2"]))
    Rationale.objects.filter(pk=key).update(live=False)
    assert store(generated(["0 + 2 = 2.\n#### 2"])) == [key]
    assert not Rationale.objects.get(pk=key).live
    assert Rationale.objects.filter(live=True).count() == 3  # those of the data set's own sources


def test_a_text_is_graded_by_what_is_stated_beside_it(db: None) -> None:
    make_dataset(questions=1)
    [key] = store(generated(["I count on my fingers."], stated="The answer is 2."))
    stored = Rationale.objects.get(pk=key)
    assert (stored.verdict, stored.answer, stored.stated_answer) == ("correct", "2", "The answer is 2.")


def revise(question: Question, answer: str) -> QuestionRevision:
    """What an import does to a question that changed: the old revision steps down first."""
    old = question.current_revision
    QuestionRevision.objects.filter(pk=old.pk).update(current=False)
    return QuestionRevision.objects.create(
        question=question, number=old.number + 1, text="What now?", answer=answer, content_digest="1" * 64
    )


def test_a_question_that_changed_since_it_was_asked_is_graded_as_it_now_is(db: None) -> None:
    make_dataset(questions=1)
    asked = generated(["0 + 2 = 2.\n#### 2"])
    new = revise(Question.objects.get(), "7")
    [key] = store(asked)
    stored = Rationale.objects.get(pk=key)
    assert (stored.verdict, stored.revision_id) == ("wrong", new.pk)


def test_a_question_that_an_import_is_just_changing_is_waited_for(world: str) -> None:
    make_dataset(questions=1)
    asked = generated(["0 + 2 = 2.\n#### 2"])
    changed, may_end = threading.Event(), threading.Event()

    def import_slowly() -> None:
        try:
            with transaction.atomic():
                revise(Question.objects.get(), "7")
                changed.set()
                may_end.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=import_slowly, daemon=True)
    thread.start()
    assert changed.wait(10)
    threading.Timer(0.5, may_end.set).start()
    [key] = store(asked)
    thread.join()
    stored = Rationale.objects.select_related("revision").get(pk=key)
    assert stored.revision.current and stored.verdict == "wrong"
