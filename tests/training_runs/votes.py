"""A study of sums whose one human rater prefers short rationales, over several splits."""

from __future__ import annotations

from accounts.audit import COMMAND
from ratings.library.models import Question, Rationale, Source
from ratings.slots.models import Assignment
from ratings.slots.opening import open_study
from ratings.slots.services import next_assignment, submit_rating
from ratings.studies.design import StudyDesign
from ratings.studies.models import Study, TripleCard
from ratings.studies.orders import ORDERS
from ratings.studies.services import create_study
from tests.training_runs.worlds import make_sums
from tests.worlds import digest, make_raters

#: Source -> how it writes, from the shortest to the longest.
STYLES = {
    "short": "{digits}",
    "middle": "It is\n{digits}",
    "long": "Both numbers are added, one digit after the other, and so the sum is\n{digits}",
}


def voted_sums(*, questions: int = 12, raters: int = 1) -> Study:
    """Triples about `questions` sums, a third of them of split test; every triple ranked, the shorter the better."""
    make_sums(count=120)
    train = list(Question.objects.filter(split="train").order_by("external_id")[: questions * 2 // 3])
    test = list(Question.objects.filter(split="test").order_by("external_id")[: questions - len(train)])
    Question.objects.exclude(pk__in=[one.pk for one in [*train, *test]]).filter(
        split__in=["train", "test"]
    ).update(split="train")
    for label, style in STYLES.items():
        source, _ = Source.objects.get_or_create(label=label, defaults={"written_by": "people"})
        for question in [*train, *test]:
            add(question, source, style)
    design = StudyDesign(
        name="trial",
        dataset="sums",
        sources=tuple(STYLES),
        questions=questions,
        ratings_per_triple=raters,
        any_answer=True,
    )
    create_study(design, actor=COMMAND)
    study, _ = open_study("trial", actor=COMMAND, override="short texts on purpose")
    for rater in make_raters("trial", count=raters):
        rank_by_length(rater.token)
    return study


def add(question: Question, source: Source, style: str) -> Rationale:
    revision = question.current_revision
    text = style.format(digits=" ".join(revision.answer))
    return Rationale.objects.create(
        question=question,
        revision=revision,
        source=source,
        text=text,
        normalised=text,
        normaliser_version=1,
        text_digest=digest(text),
        answer=revision.answer,
        verdict="correct",
    )


def rank_by_length(token: str) -> None:
    """Ranks whatever is there: the shortest first, no ties."""
    view = next_assignment(token).view
    while view is not None:
        assignment = Assignment.objects.get(token=view["token"])
        cards = TripleCard.objects.filter(triple=assignment.triple).select_related("rationale")
        lengths = {card.source_index: len(card.rationale.text) for card in cards}
        order = ORDERS[assignment.order or 0]
        shown = [(lengths[source], card["token"]) for source, card in zip(order, view["cards"], strict=True)]
        ranking = [[card] for _, card in sorted(shown)]
        view = submit_rating(token, view["token"], {"ranking": ranking}).next
