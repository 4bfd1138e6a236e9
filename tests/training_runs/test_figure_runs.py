"""Figures from the rows of runs: the command with its files, what is refused and where that is told, the pages."""

from __future__ import annotations

import csv
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.audit import COMMAND
from accounts.models import AuditEvent
from jobs.models import Job
from ratings.library.making import make_word_problems
from ratings.library.models import Question
from tests.training_runs.worlds import add_rationale, launched, make_sums
from training.figures.catalogue import KINDS
from training.figures.errors import BadPlan, NothingToDraw
from training.figures.making import make_figure
from training.figures.models import FigureRecord
from training.figures.plans import plan_names, plan_of, read_plan
from training.recipes.schema import Star
from training.runs.evaluating import EvaluationSpec, launch_evaluation
from training.runs.measured_models import Evaluation
from training.runs.models import Checkpoint, Iteration, TrainingExample, TrainingRun

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]

SVG, PNG = b"<svg", b"\x89PNG"


def finished(label: str, accuracies: list[float], **overrides: Any) -> TrainingRun:
    """A STaR run that has ended, made of rows alone: the base and so many iterations."""
    run = launched("star", label, **overrides)
    Job.objects.filter(pk=run.job_id).update(state=Job.State.FINISHED)
    for number, accuracy in enumerate(accuracies):
        groups = {"2": accuracy + 0.1, "3": accuracy - 0.1}
        Iteration.objects.create(run=run, number=number, metrics={"accuracy": accuracy, "by_digits": groups})
    TrainingRun.objects.filter(pk=run.pk).update(metrics={"best_iteration": len(accuracies) - 1})
    return TrainingRun.objects.select_related("job").get(pk=run.pk)


def figure(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """The command's JSON line; raises CommandError as the command does."""
    capsys.readouterr()
    try:
        call_command("figure", *arguments, "--json")
    finally:
        said = capsys.readouterr().out
    answer: dict[str, Any] = json.loads(said.splitlines()[-1])
    return answer


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """(exit code, error) of a figure that can not be made."""
    capsys.readouterr()
    with pytest.raises(CommandError) as caught:
        call_command("figure", *arguments, "--json")
    return caught.value.returncode, json.loads(capsys.readouterr().out.splitlines()[-1])["error"]


def test_addition_is_saved_as_four_files_with_its_numbers_runs_and_seeds(capsys, tmp_path: Path) -> None:
    make_sums(count=60)
    for seed in (0, 1):
        finished(f"with-{seed}", [0.3, 0.5 + 0.1 * seed], seed=seed)
        finished(f"without-{seed}", [0.3, 0.4], seed=seed, rationalize=False)
    labels = ["without-0", "without-1", "with-0", "with-1"]
    answer = figure(capsys, "addition", "--run", *labels, "--out", str(tmp_path / "out"))
    assert (answer["runs"], answer["seeds"]) == (labels, [0, 1])
    files = {Path(one["path"]).suffix: Path(one["path"]).read_bytes() for one in answer["files"]}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        f"addition.{ending}" for ending in ("csv", "json", "png", "svg")
    ]
    assert files[".svg"].startswith(SVG) and files[".png"].startswith(PNG)
    told = json.loads(files[".json"])
    assert [run["label"] for run in told["runs"]] == labels and told["seeds"] == [0, 1]
    assert all(len(run["recipe_sha256"]) == 64 for run in told["runs"])
    assert [table["title"] for table in told["tables"]] == ["Without rationalization", "With rationalization"]
    rows = list(csv.DictReader(files[".csv"].decode().splitlines()))
    assert len(rows) == len(told["numbers"])
    (mean,) = [
        row
        for row in rows
        if (row["arm"], row["group"], row["iteration"], row["seed"]) == ("with rationalization", "3", "1", "")
    ]
    # (.5 - .1 + .6 - .1) / 2
    assert float(mean["accuracy"]) == pytest.approx(0.45) and mean["seeds"] == "2"
    made = FigureRecord.objects.get(pk=answer["id"])
    assert (made.name, made.seeds, made.runs.count(), made.error) == ("addition", [0, 1], 4, {})
    assert AuditEvent.objects.filter(act="training.figure", subject="addition").count() == 1


def test_a_run_that_did_not_finish_is_told_in_the_command_and_on_its_page(
    capsys, tmp_path: Path, client: Client, engineer
) -> None:
    make_sums(count=60)
    run, done = launched("star", "waits"), finished("done", [0.3, 0.5])
    code, error = refusal(capsys, "addition", "--run", "done", "waits", "--out", str(tmp_path / "out"))
    assert (code, error["code"]) == (1, "run_not_finished")
    assert error["message"].startswith(f"Run 'waits' ({run.pk}) has not finished: it is queued.")
    assert error["details"]["state"] == "queued" and not (tmp_path / "out").exists()
    made = FigureRecord.objects.get()
    assert made.error["code"] == "run_not_finished" and not made.result
    client.force_login(engineer)
    for pk in (run.pk, done.pk):
        page = client.get(f"/runs/{pk}/").content.decode()
        assert "could not be made" in page and "has not finished: it is queued" in page
    page = client.get(f"/figures/{made.pk}/").content.decode()
    assert "This figure could not be made" in page and "has not finished" in page
    assert client.get(f"/figures/{made.pk}/figure.svg").status_code == 404
    assert "1 run that has not finished is not listed." in client.get("/figures/new/").content.decode()
    # Such a figure of it being made, nobody need know that another was refused: of the other run he must.
    make_figure("addition", [done], actor=COMMAND)
    assert "could not be made" not in client.get(f"/runs/{done.pk}/").content.decode()
    assert client.get(f"/runs/{run.pk}/").content.decode().count("could not be made") == 1
    # Asked in the browser it is refused in the form, and nothing but the refusal is stored.
    asked = client.post("/figures/new/", {"name": "addition", "runs": [run.pk]})
    assert asked.status_code == 422 and "has not finished" in asked.content.decode()
    assert FigureRecord.objects.exclude(error={}).count() == 2 == FigureRecord.objects.count() - 1
    assert client.get(f"/runs/{run.pk}/").content.decode().count("could not be made") == 1


def steps_example(run: TrainingRun, question: Question, completion: str, verdict: str = "correct") -> None:
    TrainingExample.objects.create(
        run=run,
        iteration=1,
        origin="few_shot",
        question=question,
        revision=question.current_revision,
        training_prompt="Q",
        completion=completion,
        verdict=verdict,
        fate="kept" if verdict == "correct" else "wrong",
    )


def test_the_table_needs_evaluations_and_counts_what_was_learned_from(capsys, tmp_path: Path) -> None:
    make_word_problems("stories", count=60, seed=0, actor=COMMAND)
    run = finished("made", [0.3, 0.5], dataset="stories")
    code, error = refusal(capsys, "methods", "--run", "made", "--out", str(tmp_path))
    assert (code, error["code"]) == (1, "nothing_to_draw")
    assert "manage.py evaluate --model made --dataset stories --samples 1" in error["message"]
    questions = list(Question.objects.filter(split="train").order_by("pk"))
    for question in questions[:3]:
        steps_example(run, question, "1 + 1 = <<1+1=2>>2")
    steps_example(run, questions[3], "1 + 1 = 3", verdict="wrong")
    Checkpoint.objects.create(run=run, name="iteration-1", is_result=True, model=run.base)
    spec = EvaluationSpec(model="tiny-base", dataset="stories", samples=1, temperature=0.0)
    evaluation = launch_evaluation(spec, actor=COMMAND)
    Job.objects.filter(pk=evaluation.job_id).update(state=Job.State.FINISHED)
    Evaluation.objects.update(result={"greedy_accuracy": 0.7, "questions": 6})
    answer = figure(capsys, "methods", "--run", "made", "--out", str(tmp_path))
    told = json.loads((tmp_path / "methods.json").read_text())
    single = next(row for row in told["numbers"] if row["run"] == "made")
    assert (single["method"], single["accuracy"]) == ("STaR with rationalization", 0.7)
    assert single["generated"] == pytest.approx(3 / len(questions)) and single["rationalized"] == 0
    assert answer["numbers"] == len(told["numbers"]) == 4  # run and base, and the mean of each


def test_steps_of_a_run_and_of_a_source_are_counted_against_the_written_ones(
    capsys, tmp_path: Path, client: Client, engineer
) -> None:
    make_word_problems("stories", count=60, seed=0, actor=COMMAND)
    run = finished("made", [0.3, 0.5], dataset="stories")
    questions = list(Question.objects.filter(split="train").order_by("pk")[:4])
    written = [question.rationales.get() for question in questions]
    for question, rationale in zip(questions[:3], written, strict=False):
        steps_example(run, question, rationale.text)
    steps_example(run, questions[3], "Nothing is computed.\n#### 1", verdict="wrong")
    figure(capsys, "step-counts", "--run", "made", "--out", str(tmp_path))
    told = json.loads((tmp_path / "step-counts.json").read_text())["numbers"]
    found = [(one["right"], one["agreement"], one["fewer"], one["solutions"]) for one in told]
    assert found == [(False, 0.75, 0.25, 4), (True, 1.0, 0.0, 3)]
    code, error = refusal(
        capsys, "step-counts", "--dataset", "stories", "--source", "no-one", "--out", str(tmp_path)
    )
    assert (code, error["code"]) == (1, "nothing_to_draw") and "'no-one'" in error["message"]
    assert (error["details"]["value"], error["details"]["expected"]) == ("no-one", ["written"])
    # By API and by page as by the command. One of the source's two solutions takes as many steps.
    add_rationale(questions[0].external_id, written[0].text, source="made-up")
    add_rationale(questions[1].external_id, "Nothing is computed.\n#### 1", source="made-up", verdict="wrong")
    client.force_login(engineer)
    asked: dict[str, Any] = {"name": "step-counts", "dataset": "stories", "sources": ["made-up"]}
    post = partial(client.post, "/api/v1/figures/", content_type="application/json")
    made = post(asked).json()
    assert (made["dataset"], made["sources"], made["runs"]) == ("stories", ["made-up"], [])
    assert [(one["series"], one["agreement"], one["solutions"]) for one in made["numbers"]] == [
        ("made-up", 0.5, 2)
    ]
    for wrong in (
        asked | {"runs": ["made"]},
        {"name": "step-counts"},
        asked | {"dataset": ""},
        asked | {"sources": []},
    ):
        assert post(wrong).status_code == 422, wrong
    assert post(asked | {"name": "addition"}).status_code == 422
    assert post(asked | {"dataset": "nowhere"}).status_code == 404
    form = client.get("/figures/new/").content.decode()
    assert 'value="stories/made-up"' in form and "made-up, 2 solutions" in form
    drawn = client.post("/figures/new/", {"name": "step-counts", "sources": ["stories/made-up"]})
    assert client.get(f"{drawn['Location']}figure.json").json()["numbers"] == made["numbers"]
    both = client.post(
        "/figures/new/", {"name": "step-counts", "sources": ["stories/made-up"], "runs": [run.pk]}
    )
    assert both.status_code == 422 and "Both runs and sources are chosen" in both.content.decode()
    odd = client.post("/figures/new/", {"name": "step-counts", "sources": ["stories/none"]}).content.decode()
    assert "stories/none&#x27; is not usable, expected one of" in odd


ASKED_WRONGLY: list[tuple[list[str], int, str]] = [
    (["additon", "--run", "a"], 2, "expected one of addition"),
    (["addition"], 2, "one of --run, --dataset with --source, and --recipe"),
    (["addition", "--run", "nobody"], 1, "there is no run 'nobody'"),
    (["addition", "--run", "a", "--seeds", "1"], 2, "belong to --recipe"),
    (["addition", "--dataset", "sums", "--source", "a"], 2, "is made from runs"),
    (["addition", "--recipe", "nowhere.toml"], 2, "no readable plan"),
    (["addition", "--recipe", "word-problems"], 2, "is of figure 'methods'"),
    (["step-counts", "--recipe", "--set", "no_key=1"], 2, "no_key"),
    (["methods", "--run", "sums-run"], 1, "was not evaluated"),
    (["step-counts", "--run", "sums-run"], 1, "no calculator steps"),
    (["digits-later", "--run", "sums-run"], 1, "these do not: sums-run (none)"),
    (["reversed-digits", "--run", "sums-run"], 1, "as written digits only"),
]


def test_what_is_asked_wrongly_is_told_with_what_was_expected(capsys, tmp_path: Path) -> None:
    make_sums(count=60)
    finished("sums-run", [0.3, 0.5])
    for arguments, code, words in ASKED_WRONGLY:
        found, error = refusal(capsys, *arguments, "--out", str(tmp_path / "out"))
        assert (found, words in error["message"]) == (code, True), error
    assert not (tmp_path / "out").exists()


def test_every_plan_can_be_done_and_one_that_is_wrong_names_its_key(tmp_path: Path) -> None:
    assert set(plan_names()) >= {
        "addition",
        "digits-later",
        "reversed-digits",
        "step-counts",
        "word-problems",
    }
    for name in plan_names():
        plan = read_plan(name, seeds=[5])
        assert plan_names().count(plan_of(plan.figure)) == 1
        assert plan.figure in KINDS and {run.recipe.values.seed for run in plan.runs} == {5}
        assert {run.recipe.values.dataset for run in plan.runs} == {data.dataset for data in plan.data}
    plan = read_plan("reversed-digits", seeds=[5])
    assert [run.recipe.values.base for run in plan.runs] == [base.label for base in plan.bases]
    assert plan.bases[-1].label == "reversed-digits-reversed-base" and plan.bases[-1].recipe.seed == 0
    good = '[[run]]\nname = "a"\nalgorithm = "star"\nrecipe = "star"\n'
    for content, key in [
        ("seeds = [0]\n", "run"),
        (f"seeds = []\n{good}", "seeds"),
        (f"seeds = [-1]\n{good}", "seeds"),
        (f"seeds = [0, 0]\n{good}", "seeds"),
        (f"seeds = [0]\nbase_shots = [2, 2]\n{good}", "base_shots"),
        (f"seeds = [0]\n{good}{good}", "run.name"),
        (f"sedes = [0]\n{good}", "sedes"),
        (f'seeds = [0]\n{good}[[data]]\nmake = "poems"\n', "data.make"),
        (
            f'seeds = [0]\n{good}[[data]]\nmake = "addition"\ndataset = "a"\ncount = 1\nseed = 1\n',
            "data.digits",
        ),
        ('seeds = [0]\n[[run]]\nname = "A B"\nalgorithm = "star"\nrecipe = "star"\n', "run.name"),
    ]:
        (tmp_path / "plan.toml").write_text(content)
        with pytest.raises(Exception, match="plan") as caught:
            read_plan(str(tmp_path / "plan.toml"))
        assert caught.value.details["field"] == key  # type: ignore[attr-defined]


def test_two_runs_of_one_seed_are_no_two_seeds(db: None) -> None:
    make_sums(count=60)
    runs = [finished(label, [0.3, 0.5], seed=seed) for label, seed in (("one", 0), ("other", 0), ("next", 1))]
    with pytest.raises(NothingToDraw, match="'one' and 'other' are both .* with seed 0"):
        make_figure("addition", runs, actor=COMMAND)
    assert make_figure("addition", runs[1:], actor=COMMAND).seeds == [0, 1]


def test_runs_that_differ_in_more_than_their_seed_have_no_mean(db: None) -> None:
    make_sums(count=60)
    runs = [finished("short", [0.3, 0.5]), finished("long", [0.3, 0.5], seed=1, first_steps=77)]
    with pytest.raises(NothingToDraw, match="'short' and 'long' are both .* differ in first_steps; expected"):
        make_figure("addition", runs, actor=COMMAND)


@pytest.mark.parametrize(
    ("seeds", "overrides", "field"),
    [
        ([4, 4], {}, "seeds"),
        ([], {"seed": 4}, "seed"),
        ([], {"rationalize": True}, "rationalize"),
    ],
)
def test_a_plans_runs_are_what_their_names_say_and_each_seed_counts_once(
    seeds: list[int], overrides: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadPlan) as caught:
        read_plan("addition", seeds=seeds, overrides=overrides)
    assert caught.value.details["field"] == field
    shorter = read_plan("addition", overrides={"iterations": 2}).runs[0].recipe.values
    assert isinstance(shorter, Star) and shorter.iterations == 2


def test_figures_are_for_the_staff_and_made_by_those_who_run_jobs(
    client: Client, owner, engineer, blind_analyst
) -> None:
    make_sums(count=60)
    run = finished("done", [0.3, 0.5])
    assert client.get("/figures/").status_code == 302
    client.force_login(blind_analyst)
    assert {client.get(page).status_code for page in ("/figures/", "/figures/new/")} == {403}
    client.force_login(engineer)
    assert "No figure yet" in client.get("/figures/").content.decode()
    assert "checked" in client.get(f"/figures/new/?name=addition&run={run.pk}").content.decode()
    made = client.post("/figures/new/", {"name": "addition", "runs": [run.pk]})
    assert made.status_code == 302
    page = client.get(made["Location"]).content.decode()
    assert "<details" in page and "data-chart" in page and "50.0" in page and "done" in page
    assert "addition" in client.get("/figures/").content.decode().lower()
    assert client.get(f"{made['Location']}figure.json").json()["seeds"] == [0]
    assert client.get(f"{made['Location']}figure.csv").content.startswith(b"arm,group")
    # Drawn in a process of its own.
    picture = client.get(f"{made['Location']}figure.svg")
    assert picture.content.startswith(SVG) and "attachment" in picture["Content-Disposition"]
    assert client.get("/figures/999999/").status_code == 404
    assert client.delete(made["Location"]).status_code == 405


def test_the_api_makes_and_shows_figures_with_their_numbers(client: Client, owner, blind_analyst) -> None:
    make_sums(count=60)
    finished("done", [0.3, 0.5])
    launched("star", "waits")
    address = "/api/v1/figures/"
    post = partial(client.post, address, content_type="application/json")
    assert client.get(address).status_code == 401
    client.force_login(blind_analyst)
    assert post({"name": "addition", "runs": ["done"]}).status_code == 403
    client.force_login(owner)
    made = post({"name": "addition", "runs": ["done"]})
    assert made.status_code == 201 and made.json()["runs"] == ["done"]
    one = client.get(f"{address}{made.json()['id']}/").json()
    assert one["numbers"] == made.json()["numbers"] and one["numbers"][0]["run"] == "done"
    refused = post({"name": "addition", "runs": ["waits"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "run_not_finished")
    assert post({"name": "poem", "runs": ["done"]}).status_code == 422
    assert post({"name": "addition", "runs": ["nobody"]}).status_code == 404
    listed = client.get(address).json()["results"]
    assert [bool(figure["error"]) for figure in listed] == [True, False]
    assert client.get(f"{address}999999/").status_code == 404
