"""Arguments that can not be meant: every command refuses them before any work, with 2, by field and value."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.audit import COMMAND
from generation.registry.services import ensure_tiny_base
from jobs.models import Job
from problems.seeds import LARGEST_SEED
from ratings.library.making import make_word_problems
from tests.training_runs.test_api import ask, client_of
from tests.training_runs.test_launch_form import Filled
from tests.training_runs.worlds import make_sums
from training.figures.catalogue import KINDS
from training.figures.models import FigureRecord

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


def refused(*arguments: str, status: int = 2) -> dict[str, Any]:
    """The error of a call that is wrong: the exit, and nothing left out of it."""
    said = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command(*arguments, "--json", stdout=said)
    error: dict[str, Any] = json.loads(said.getvalue().splitlines()[-1])["error"]
    assert caught.value.returncode == status, error
    assert {"field", "value", "expected"} <= error["details"].keys(), error
    assert error["details"]["expected"]
    return error


@pytest.mark.parametrize(
    "command",
    [
        ("make_addition", "--dataset", "sums", "--count", "5", "--seed"),
        ("make_word_problems", "--dataset", "stories", "--count", "5", "--seed"),
        ("split_dataset", "sums", "--seed"),
        ("create_study", "trial", "--dataset", "sums", "--sources", "a", "b", "c", "--seed"),
        ("simulate_raters", "trial", "--seed"),
        ("plan_study", "--seed"),
        ("generate", "--dataset", "sums", "--model", "tiny-base", "--samples", "1", "--seed"),
        ("evaluate", "--dataset", "sums", "--model", "tiny-base", "--seed"),
        ("train_base", "--out", "base", "--seed"),
        ("train", "star", "--recipe", "star", "--label", "made", "--set", "seed="),
        ("figure", "addition", "--recipe", "--out", "figures", "--seeds"),
    ],
    ids=lambda command: command[0],
)
def test_a_seed_has_the_same_bounds_wherever_it_is_taken(command, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for seed in (-1, LARGEST_SEED + 1, 10**30):
        last = f"{command[-1]}{seed}"
        arguments = (*command[:-1], last) if command[-1].endswith("=") else (*command, str(seed))
        error = refused(*arguments)
        assert error["details"]["field"] == "seed" and str(seed) in str(error["details"]["value"])
        assert str(LARGEST_SEED) in error["details"]["expected"]
    assert [path.name for path in tmp_path.iterdir()] == []


def test_train_base_replaces_nothing_but_a_base_and_says_before_it_trains_what_is_wrong(tmp_path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "no.toml").write_text("seed = ")
    (tmp_path / "short.toml").write_text("seed = 1")
    new = str(tmp_path / "new")
    for arguments, field in (
        (("--out", str(tmp_path)), "out"),
        (("--out", str(tmp_path / "thesis.txt")), "out"),
        (("--out", ""), "out"),
        (("--out", new, "--threads", "0"), "threads"),
        (("--out", new, "--recipe", str(tmp_path / "none.toml")), "recipe"),
        (("--out", new, "--recipe", str(tmp_path / "no.toml")), "recipe"),
        (("--out", new, "--recipe", str(tmp_path / "short.toml")), "addition"),
    ):
        assert refused("train_base", *arguments)["details"]["field"] == field
    assert (tmp_path / "thesis.txt").read_text() == "mine" and not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("make_addition", "--dataset", "d", "--count", "5", "--digits", "1-99999999999999"), "digits"),
        (("make_addition", "--dataset", "d", "--count", "5", "--split", "train=0.5", "train=0.5"), "split"),
    ],
)
def test_what_makes_questions_refuses_what_it_can_not_mean(arguments, field) -> None:
    assert refused(*arguments)["details"]["field"] == field


def test_a_key_of_set_is_given_once() -> None:
    for command in (
        ("train", "star", "--recipe", "star", "--label", "made"),
        ("figure", "addition", "--recipe", "--out", "figures"),
    ):
        error = refused(*command, "--set", "shots=1", "iterations=2", "--set", "shots=2")
        assert (error["code"], error["details"]["field"], error["details"]["value"]) == (
            "bad_override",
            "shots",
            "2",
        )
        assert error["message"].startswith("--set: shots is given twice")


def test_where_a_figure_can_not_go_is_said_before_it_is_drawn(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full" / "addition.svg").mkdir(parents=True)
    for out in ("", "file", "file/below", "full", "/proc/nope"):
        error = refused("figure", "addition", "--run", "nobody", "--out", out)
        assert (error["code"], error["details"]["field"], error["details"]["value"]) == (
            "cannot_write",
            "out",
            out,
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "full"]


def test_where_a_checkpoint_can_not_go_is_said_before_it_is_read(tmp_path: Path) -> None:
    ensure_tiny_base(actor=COMMAND)
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path, tmp_path / "file", tmp_path / "none" / "copy", Path("/proc/nope")):
        error = refused("export_checkpoint", "tiny-base", "--out", str(out))
        assert (error["code"], error["details"]["field"]) == ("cannot_write", "out")
        assert error["details"]["value"] == str(out)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert refused("export_checkpoint", "tiny-base", "--out", "")["details"]["field"] == "out"


def test_step_counts_without_a_source_says_which_the_dataset_has() -> None:
    make_word_problems("stories", count=20, seed=0, actor=COMMAND)
    asked = ("figure", "step-counts", "--out", "figures", "--dataset", "stories")
    error = refused(*asked)
    assert (error["code"], error["details"]["field"], error["details"]["value"]) == ("invalid", "source", [])
    assert error["details"]["expected"] == ["written"]
    assert "has solutions of written (20)" in error["message"]
    assert refused(*asked[:4], "--source", "written")["details"]["field"] == "dataset"
    assert refused("figure", "addition", *asked[2:])["details"] == {
        "field": "dataset",
        "value": "stories",
        "expected": KINDS["addition"].needs,
    }
    assert not FigureRecord.objects.exists()


RUN = '[[run]]\nname = "a"\nalgorithm = "star"\nrecipe = "star"\n'


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("seeds = [0]\nevaluate = 1\n" + RUN, "evaluate"),
        ("seeds = [0]\nfigure = 1\n" + RUN, "figure"),
        ("seeds = [0]\n" + RUN + "draw = 'no'\n", "draw"),
        ("seeds = [0]\n" + RUN + "set = 3\n", "run.set"),
        ('seeds = [0]\n[[data]]\nmake="word_problems"\ndataset="d"\ncount="x"\nseed=1\n' + RUN, "data.count"),
        (
            'seeds = [0]\n[[data]]\nmake="addition"\ndataset="d"\ncount=1\nseed=1\ndigits=["1"]\n' + RUN,
            "data.digits",
        ),
    ],
)
def test_a_plans_values_are_of_their_type(tmp_path: Path, content: str, field: str) -> None:
    (tmp_path / "plan.toml").write_text(content)
    error = refused("figure", "addition", "--recipe", str(tmp_path / "plan.toml"), "--out", str(tmp_path))
    assert (error["code"], error["details"]["field"]) == ("bad_plan", field)


def test_what_a_later_run_of_a_plan_can_not_do_is_said_before_the_first_begins(tmp_path: Path) -> None:
    make_word_problems("stories", count=40, seed=0, actor=COMMAND)
    first = '[[run]]\nname = "a"\nalgorithm = "star"\nrecipe = "star"\nset = { dataset = "stories" }\n'
    later = '[[run]]\nname = "b"\nalgorithm = "sft"\nrecipe = "sft"\nset = { base = "plan-a-s0", %s }\n'
    plan = tmp_path / "plan.toml"
    asked = ("figure", "methods", "--recipe", str(plan), "--out", str(tmp_path))
    for own, field, status in (
        ('dataset = "nope"', "dataset", 1),
        ('dataset = "stories", split = "nope"', "split", 1),
    ):
        plan.write_text('figure = "methods"\nseeds = [0]\n' + first + later % own)
        error = refused(*asked, status=status)
        assert (error["details"]["field"], error["details"]["value"]) == (field, "nope")
    plan.write_text('figure = "methods"\nseeds = [0]\nbase_shots = [0, 99]\nevaluate = true\n' + first)
    assert refused(*asked)["details"]["field"] == "shots"
    assert refused(*asked, "--set", "shots=99")["details"]["field"] == "shots"
    assert not Job.objects.exists()


SHOTS = {
    "train": ("train", "star", "--recipe", "star", "--label", "made", "--set", "dataset=sums", "shots=20"),
    "estimate": (
        "train",
        "star",
        "--recipe",
        "star",
        "--label",
        "a",
        "--estimate",
        "--set",
        "dataset=sums",
        "shots=20",
    ),
    "generate": ("generate", "--dataset", "sums", "--model", "tiny-base", "--samples", "1", "--shots", "20"),
    "evaluate": ("evaluate", "--dataset", "sums", "--model", "tiny-base", "--shots", "20"),
}


@pytest.mark.parametrize("command", SHOTS.values(), ids=SHOTS)
def test_more_worked_examples_than_there_are_is_a_bad_argument_of_every_command(command) -> None:
    make_sums(count=60)
    error = refused(*command)
    assert (error["code"], error["details"]["field"], error["details"]["value"]) == ("invalid", "shots", 20)
    assert error["details"]["expected"].startswith("at most ")
    assert not Job.objects.exists()


def test_an_answer_as_long_as_the_context_is_refused_before_it_is_tried() -> None:
    make_sums(count=60)
    for command in (
        (
            "generate",
            "--dataset",
            "sums",
            "--model",
            "tiny-base",
            "--samples",
            "1",
            "--max-new-tokens",
            "512",
        ),
        ("evaluate", "--dataset", "sums", "--model", "tiny-base", "--max-new-tokens", "512"),
        ("train", "star", "--recipe", "star", "--label", "a", "--set", "dataset=sums", "max_new_tokens=512"),
    ):
        error = refused(*command)
        assert (
            error["details"]["field"] == "max_new_tokens" and "less than 512" in error["details"]["expected"]
        )
    assert not Job.objects.exists()


def test_api_and_form_say_the_same_beside_their_field(client: Client, engineer) -> None:
    make_sums(count=60)
    ensure_tiny_base(actor=COMMAND)
    calls = {
        "runs/": {
            "algorithm": "star",
            "recipe": "star",
            "label": "made",
            "set": {"dataset": "sums", "shots": 20},
        },
        "runs/estimate/": {"algorithm": "star", "recipe": "star", "set": {"dataset": "sums", "shots": 20}},
        "evaluations/": {"dataset": "sums", "model": "tiny-base", "shots": 20},
        "generations/": {"dataset": "sums", "model": "tiny-base", "samples": 1, "shots": 20},
    }
    for path, body in calls.items():
        status, answer = ask(client_of(engineer), "post", path, body)
        assert (status, answer["code"], answer["details"]["field"]) == (422, "invalid", "shots"), path
        assert answer["details"]["value"] == 20 and answer["details"]["expected"].startswith("at most ")
    client.force_login(engineer)
    sent = Filled(client.get("/runs/new/star/").content.decode()).sent
    sent["label"], sent["dataset"], sent["shots"] = "made", "sums", "20"
    page = client.post("/runs/new/star/", sent.urlencode(), content_type="application/x-www-form-urlencoded")
    assert page.status_code == 422
    assert list(page.context["form"].errors) == ["shots"]
    assert "20 is not usable, expected at most" in page.content.decode()
    assert not Job.objects.exists()


#: What is named, by the field under which it is; there is none of it.
NAMED = {
    "dataset": ("train", "star", "--recipe", "star", "--label", "made", "--set", "dataset=nope"),
    "base": ("train", "star", "--recipe", "star", "--label", "made", "--set", "dataset=sums", "base=nope"),
    "split": ("train", "star", "--recipe", "star", "--label", "made", "--set", "dataset=sums", "split=nope"),
    "studies": (
        "train",
        "dpo",
        "--recipe",
        "dpo",
        "--label",
        "made",
        "--set",
        "dataset=sums",
        'studies=["nope"]',
    ),
    "from_run": (
        "train",
        "sft",
        "--recipe",
        "sft",
        "--label",
        "made",
        "--set",
        "dataset=sums",
        "from_run=nope",
    ),
    "verifier": ("evaluate", "--dataset", "sums", "--model", "tiny-base", "--verifier", "nope"),
    "evaluate dataset": ("evaluate", "--dataset", "nope", "--model", "tiny-base"),
    "evaluate split": ("evaluate", "--dataset", "sums", "--split", "nope", "--model", "tiny-base"),
    "evaluate model": ("evaluate", "--dataset", "sums", "--model", "nope"),
    "generate dataset": ("generate", "--dataset", "nope", "--model", "tiny-base", "--samples", "1"),
    "generate split": (
        "generate",
        "--dataset",
        "sums",
        "--split",
        "nope",
        "--model",
        "tiny-base",
        "--samples",
        "1",
    ),
    "generate model": ("generate", "--dataset", "sums", "--model", "nope", "--samples", "1"),
    "figure run": ("figure", "addition", "--run", "nope", "--out", "figures"),
    "figure dataset": ("figure", "step-counts", "--dataset", "nope", "--source", "a", "--out", "figures"),
    "export model": ("export_checkpoint", "nope", "--out", "copy"),
    "split dataset": ("split_dataset", "nope"),
}


@pytest.mark.parametrize("name", NAMED)
def test_what_is_named_and_not_there_is_told_with_its_name(name: str) -> None:
    make_sums(count=60)
    error = refused(*NAMED[name], status=1)
    assert (error["details"]["field"], error["details"]["value"]) == (name.split()[-1], "nope")
    assert not Job.objects.exists()


def test_a_comparison_of_a_run_that_is_not_there_is_no_page_to_choose_from(client: Client, engineer) -> None:
    client.force_login(engineer)
    for query in ("run=ABC", "run=ABC&run=other"):
        page = client.get(f"/runs/compare/?{query}")
        assert page.status_code == 404 and "There is no run &#x27;ABC&#x27;" in page.content.decode()
        assert "To the runs" in page.content.decode()
    assert client.get("/runs/compare/").status_code == 200
    for clone in ("abc", "12345"):
        assert client.get(f"/runs/new/star/?from={clone}").status_code == 404
