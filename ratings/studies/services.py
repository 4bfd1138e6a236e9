"""Making a study and moving it through its states. Every act is audited in its own transaction."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from django.db import transaction
from django.utils import timezone

from accounts.audit import Actor, record
from accounts.errors import InvalidInput
from ratings.library.models import Dataset, QuestionRevision, Rationale, Source
from ratings.studies.candidates import question_candidates
from ratings.studies.design import StudyDesign, check_design
from ratings.studies.draw import Draw, Drawn, base_order, draw_triples
from ratings.studies.errors import LintBlocks, TooFewQuestions, WrongState
from ratings.studies.freezing import log_deviation, log_early_close
from ratings.studies.lint import Finding
from ratings.studies.models import Study, StudySource, Triple, TripleCard
from ratings.studies.orders import ORDER_NUMBER
from ratings.studies.pools import read_pools
from ratings.studies.practice_questions import practised_questions, without, written_out
from ratings.studies.rendering import render_triple
from ratings.studies.selectors import get_locked_study, guess_looks, lint_study

_CHUNK = 1_000

T = TypeVar("T")


@transaction.atomic
def create_study(design: StudyDesign, *, actor: Actor) -> Study:
    """Draws the triples and stores the study as a draft. Raises TooFewQuestions and the errors of check_design."""
    study = draw_study(Study(created_by=actor.user), design, check_design(design))
    details = {"triples": study.triples.count(), "seed": design.seed}
    record(actor, "study.create", subject=study.name, details=details)
    return study


def draw_study(
    study: Study,
    design: StudyDesign,
    checked: tuple[Dataset, list[Source]],
    *,
    kept_out: Sequence[str] = (),
) -> Study:
    """Fills a study, new or emptied, with what a checked design says. The caller is in a transaction, and audits it.

    kept_out: ids of further questions that are practised on, and so not drawn. Raises TooFewQuestions or InvalidInput.
    """
    dataset, sources = checked
    practised = [*practised_questions(design.journey), *kept_out]
    journey = written_out(design.journey, dataset, sources, seed=design.seed)
    draw = draw_triples(
        without(question_candidates(dataset, sources, split=design.split), practised),
        sources=len(sources),
        wanted=design.questions,
        seed=design.seed,
        any_answer=design.any_answer,
        strict_text=design.strict_text,
    )
    if len(draw.triples) < design.questions:
        raise TooFewQuestions(
            f"Of the dataset's {draw.considered} questions only {len(draw.triples)} have usable rationales of all "
            f"sources; {design.questions} are wanted.",
            details={
                "field": "questions",
                "wanted": design.questions,
                "found": len(draw.triples),
                "considered": draw.considered,
                "excluded": draw.excluded,
            },
        )
    design = replace(design, journey=journey)
    _store_study(study, design, draw, dataset=dataset, sources=sources)
    for chunk in chunks(enumerate(draw.triples, start=1), _CHUNK):
        _store_triples(study, chunk)
    # Triples never change, so this is found once and stands on every lint report.
    study.guess = guess_looks(study)
    study.save(update_fields=["guess"])
    return study


def _store_study(
    study: Study, design: StudyDesign, draw: Draw, *, dataset: Dataset, sources: Sequence[Source]
) -> None:
    chosen = {
        "name": design.name,
        "dataset": dataset,
        "instructions": design.instructions,
        "seed": design.seed,
        "ratings_per_triple": design.ratings_per_triple,
        "per_rater": design.per_rater,
        "lease_seconds": design.lease_seconds,
        "any_answer": design.any_answer,
        "strict_text": design.strict_text,
        "form": dict(design.form),
        "journey": dict(design.journey),
        "quality": dict(design.quality),
        "pay": dict(design.pay),
        "split": design.split,
        "protocol": dict(design.protocol),
        "pools": [pool.as_json() for pool in read_pools(design.pools)],
        "excluded": draw.excluded,
        "eligible": draw.eligible,
        "considered": draw.considered,
    }
    for name, value in chosen.items():
        setattr(study, name, value)
    study.save()
    StudySource.objects.bulk_create(
        StudySource(study=study, source=source, index=index) for index, source in enumerate(sources)
    )


def _store_triples(study: Study, drawn: Sequence[tuple[int, Drawn]]) -> None:
    rationales = Rationale.objects.in_bulk([c.rationale for _, triple in drawn for c in triple.candidates])
    revisions = {
        revision.question_id: revision
        for revision in QuestionRevision.objects.filter(
            question_id__in=[triple.question for _, triple in drawn], current=True
        )
    }
    triples = Triple.objects.bulk_create(
        _triple(study, number, triple, revisions[triple.question], rationales) for number, triple in drawn
    )
    TripleCard.objects.bulk_create(
        TripleCard(triple=stored, source_index=index, rationale_id=candidate.rationale)
        for stored, (_, triple) in zip(triples, drawn, strict=True)
        for index, candidate in enumerate(triple.candidates)
    )


def _triple(
    study: Study, number: int, drawn: Drawn, revision: QuestionRevision, rationales: dict[int, Rationale]
) -> Triple:
    texts = [rationales[candidate.rationale].normalised for candidate in drawn.candidates]
    arrangement = base_order([candidate.text_digest for candidate in drawn.candidates], seed=study.seed)
    return Triple(
        study=study,
        number=number,
        question_id=drawn.question,
        revision=revision,
        base_order=ORDER_NUMBER[arrangement],
        content=render_triple(
            question=revision.text, choices=revision.choices, answer=revision.answer, rationales=texts
        ),
    )


def check_lint(study: Study, *, override: str) -> list[Finding]:
    """The study's findings; raises LintBlocks when one blocks and there is no override."""
    findings = list(lint_study(study))
    blocking = [finding for finding in findings if finding.blocks]
    if blocking and not override.strip():
        raise LintBlocks(
            f"{len(blocking)} findings of the lint block this study; an override needs a reason.",
            details={"lint": [finding.as_json() for finding in blocking[:100]]},
        )
    return findings


def move_state(
    name: str, *, to: Study.State, allowed: Iterable[str], actor: Actor, act: str, details: dict[str, object]
) -> Study:
    """One guarded step of a study's life, audited. Raises WrongState. The caller is in a transaction.

    After a step away from `open` nothing is handed out or taken that the new state does not allow, not even from
    whoever asked just before.
    """
    study = get_locked_study(name, against_raters=to != Study.State.OPEN)
    if study.state not in allowed:
        expected = " or ".join(allowed)
        raise WrongState(
            f"Study {name!r} is {study.state}; this needs it to be {expected}.",
            details={"study": name, "state": study.state, "expected": list(allowed)},
        )
    study.state = to
    study.save(update_fields=["state"])
    record(actor, act, subject=study.name, details=details)
    return study


@transaction.atomic
def pause_study(name: str, *, actor: Actor) -> Study:
    """No new assignments; held ones may still be rated."""
    return move_state(
        name, to=Study.State.PAUSED, allowed=["open"], actor=actor, act="study.pause", details={}
    )


@transaction.atomic
def close_study(name: str, *, actor: Actor) -> Study:
    """No more ratings, for good. Results become visible in pages and API.

    Before the plan of a named contrast is met that is a deviation from its protocol, and logged as one.
    """
    study = move_state(
        name, to=Study.State.CLOSED, allowed=["open", "paused"], actor=actor, act="study.close", details={}
    )
    study.closed_at = timezone.now()
    study.save(update_fields=["closed_at"])
    log_early_close(study, actor=actor)
    return study


@transaction.atomic
def unblind_study(name: str, *, reason: str, actor: Actor) -> Study:
    """Shows per-source results in pages and API from now on. Needs a reason; the study may stay open."""
    if not reason.strip():
        raise InvalidInput(
            "reason: an un-blinding needs a reason.", details={"field": "reason", "expected": "text"}
        )
    study = get_locked_study(name)
    if study.unblinded_at is None:
        study.unblinded_at = timezone.now()
        study.unblind_reason = reason.strip()
        study.save(update_fields=["unblinded_at", "unblind_reason"])
        if study.state in (Study.State.OPEN, Study.State.PAUSED):
            log_deviation(study, "unblinded_early", actor=actor, reason=study.unblind_reason)
        record(actor, "study.unblind", subject=study.name, details={"reason": study.unblind_reason})
    return study


def chunks(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most `size` rows."""
    iterator = iter(rows)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk
