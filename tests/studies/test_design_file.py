"""Designs as files, presets and options: one over the other, each refused by field, value and expectation."""

from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from accounts.errors import InvalidInput
from ratings.studies.design_file import read_design
from ratings.studies.models import Study
from ratings.studies.presets import PRESETS
from tests.worlds import SOURCES, make_dataset

BASE = {"name": "trial", "dataset": "sums", "sources": list(SOURCES)}


@pytest.mark.parametrize("code", sorted(PRESETS))
def test_every_preset_makes_a_study(db, code):
    make_dataset(questions=101)
    call_command("create_study", "trial", dataset="sums", sources=SOURCES, preset=code)
    study = Study.objects.get()
    wanted = PRESETS[code].design
    assert study.triples.count() == wanted["questions"] and study.per_rater == wanted["per_rater"]
    assert study.per_rater is not None
    assert PRESETS[code].raters * study.per_rater >= study.triples.count() * study.ratings_per_triple


def test_options_beat_the_file_which_beats_the_preset(db, tmp_path, capsys):
    make_dataset(questions=12)
    file = tmp_path / "design.json"
    file.write_text(json.dumps({**BASE, "name": "other", "questions": 7, "per_rater": 6, "seed": 5}))
    call_command("create_study", "trial", design=str(file), preset="quick", seed=9, as_json=True)
    study = Study.objects.get()
    assert (study.name, study.triples.count(), study.per_rater, study.seed) == ("trial", 7, 6, 9)
    assert study.ratings_per_triple == PRESETS["quick"].design["ratings_per_triple"]
    assert json.loads(capsys.readouterr().out)["study"] == "trial"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"questions": "many"}, "questions"),
        ({"questions": True}, "questions"),
        ({"sources": "alpha"}, "sources"),
        ({"sources": [1, 2, 3]}, "sources"),
        ({"any_answer": 1}, "any_answer"),
        ({"form": []}, "form"),
        ({"pools": {}}, "pools"),
        ({"instructions": None}, "instructions"),
        ({"preset": "none"}, "preset"),
        ({"preset": ["paper"]}, "preset"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_design_names_its_field(change, field):
    with pytest.raises(InvalidInput) as refused:
        read_design({**BASE, **change})
    assert refused.value.details["field"] == field and refused.value.details["expected"]


@pytest.mark.parametrize("value", [None, [], "x", 3])
def test_a_design_is_an_object(value):
    with pytest.raises(InvalidInput):
        read_design(value)
    with pytest.raises(InvalidInput, match="dataset"):
        read_design({"name": "trial"})


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b'{"sources": 3, "dataset": "sums"}'])
def test_a_bad_file_makes_nothing(db, tmp_path, content):
    make_dataset(questions=3)
    file = tmp_path / "design.json"
    file.write_bytes(content)
    with pytest.raises(CommandError):
        call_command("create_study", "trial", design=str(file))
    assert not Study.objects.exists()


def test_without_dataset_or_sources_the_arguments_are_bad(db):
    with pytest.raises(CommandError, match="--dataset") as refused:
        call_command("create_study", "trial", sources=SOURCES)
    assert refused.value.returncode == 2
