"""A text's own candidates say whether a model of this site wrote it; a source never mixes both kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from accounts.audit import COMMAND
from accounts.errors import InvalidInput
from accounts.models import AuditEvent
from generation.registry.models import LanguageModel
from generation.registry.services import register_model
from generation.registry.writers import set_writer
from generation.runs.models import Candidate, GenerationRun
from generation.runs.shots import draw_shots
from ratings.library.errors import OtherWriter
from ratings.library.models import Dataset, Rationale, Source
from tests.generation_runs.worlds import add_rationale, done, launched, make_model, make_questions
from training.runs.rationales import learnable
from training.runs.shots import choose_shots

pytestmark = pytest.mark.django_db


@pytest.fixture
def sums(roots: Path) -> Dataset:
    make_model(roots)
    make_questions(count=3, split="prompt")
    sums = make_questions(count=3)
    for number in range(3):
        add_rationale("sums", f"train-{number}", f"{number} and two.", source="written")
    return sums


def test_a_models_texts_are_refused_under_a_source_of_other_texts(sums: Dataset) -> None:
    with pytest.raises(
        InvalidInput, match="source: 'written' is not usable, expected another name"
    ) as caught:
        launched(source="written")
    assert caught.value.details["field"] == "source" and caught.value.details["value"] == "written"
    assert not GenerationRun.objects.exists()


def test_a_model_is_not_registered_under_the_name_of_such_a_source(sums: Dataset, roots: Path) -> None:
    with pytest.raises(InvalidInput, match="label: 'written' is not usable") as caught:
        register_model("written", path=roots / "tiny", actor=COMMAND)
    assert caught.value.details["field"] == "label"
    assert LanguageModel.objects.count() == 1


def test_a_model_goes_on_under_its_own_source(sums: Dataset) -> None:
    done(samples=1, source="mine")
    assert done(samples=1, source="mine", seed=12).candidates.count() == 3


def test_what_a_model_of_this_site_wrote_can_not_be_said_to_be_peoples(sums: Dataset) -> None:
    done(samples=1, source="mine")
    for writer in ("people", "program"):
        with pytest.raises(OtherWriter, match="of which models of this site wrote rationales") as caught:
            set_writer("mine", writer, actor=COMMAND)
        assert caught.value.details["value"] == writer
    assert Source.objects.get(label="mine").written_by == "model"
    assert not AuditEvent.objects.filter(act="source.set_writer").exists()
    assert set_writer("written", "people", actor=COMMAND)["written_by"] == "people"


def test_a_machines_text_under_a_written_source_takes_nothing_but_itself_out_of_training(
    sums: Dataset,
) -> None:
    """As versions before this one, which refused nothing, may have left it."""
    run = done(samples=1)
    mixed = add_rationale("sums", "train-0", "zero plus two", source="written")
    GenerationRun.objects.filter(pk=run.pk).update(source=Source.objects.get(label="written"))
    Candidate.objects.filter(prompt__number=0).update(rationale=mixed)
    texts = [rationale.text for rationale in learnable(sums, "train")]
    assert texts == [f"{number} and two." for number in range(3)]
    assert mixed in learnable(sums, "train", ["written"])


@pytest.mark.parametrize("draw", [draw_shots, choose_shots])
def test_no_model_wrote_a_worked_example_so_that_generating_there_changes_no_later_prompt(
    sums: Dataset, draw
) -> None:
    for number in range(3):
        add_rationale("sums", f"prompt-{number}", f"{number} plus two, by hand.")
    before = list(draw(sums, 2, seed=3))
    run = done(split="prompt", samples=2)
    made = Rationale.objects.filter(candidates__run=run)
    made.update(verdict="correct")
    assert made.count() > 3
    assert list(draw(sums, 2, seed=3)) == before
    for seed in range(10):
        keys = [getattr(one, "pk", one) for one in draw(sums, 3, seed=seed)]
        assert not made.filter(pk__in=keys).exists()
