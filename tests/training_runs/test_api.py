"""The calls about runs, examples, checkpoints and evaluations up the ladder."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import AuditEvent, User
from accounts.tokens import mint_staff_token
from jobs.models import Job
from tests.training_runs.test_pages import RESULT, evaluated
from tests.training_runs.worlds import QUICK, base, make_sums, staged
from training.runs.measured_models import Evaluation
from training.runs.models import TrainingRun

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]

READ = ["runs/", "runs/{run}/", "runs/{run}/examples/", "runs/{run}/pairs/", "checkpoints/", "evaluations/"]
READ += ["checkpoints/{checkpoint}/", "evaluations/{evaluation}/"]
ACTS = ["runs/{run}/cancel/", "runs/{run}/resume/", "evaluations/{evaluation}/cancel/"]
ACTS += ["evaluations/{evaluation}/resume/"]
WRITE = ["runs/", "evaluations/", *ACTS]


@pytest.fixture(autouse=True)
def rows() -> dict[str, int]:
    cache.clear()
    make_sums(count=60)
    run = staged()
    return {"run": run.pk, "evaluation": evaluated().pk, "checkpoint": run.checkpoints.get().pk}


def client_of(user: User) -> Client:
    return Client(headers={"Authorization": f"Bearer {mint_staff_token(user, name='test')}"})


def ask(client: Client, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    answer = getattr(client, method)(f"/api/v1/{path}", body, content_type="application/json")
    return answer.status_code, answer.json()


@pytest.mark.parametrize("path", READ + ACTS)
def test_strangers_get_401_and_a_blind_analyst_403(rows, blind_analyst, path) -> None:
    method = "post" if path in ACTS else "get"
    path = path.format(**rows)
    assert ask(Client(), method, path)[0] == 401
    status, body = ask(client_of(blind_analyst), method, path)
    assert (status, body["code"]) == (403, "permission_denied")


@pytest.mark.parametrize("path", WRITE)
def test_a_blind_analyst_launches_and_changes_nothing(rows, blind_analyst, path) -> None:
    audited = AuditEvent.objects.count()
    assert ask(client_of(blind_analyst), "post", path.format(**rows), {})[0] == 403
    assert AuditEvent.objects.count() == audited and TrainingRun.objects.count() == 1


@pytest.mark.parametrize("path", [path for path in READ + ACTS if "{" in path])
def test_what_is_not_there_is_404(engineer, path) -> None:
    method = "post" if path in ACTS else "get"
    status, body = ask(client_of(engineer), method, path.format(run=77, evaluation=77, checkpoint=77))
    assert (status, body["code"]) == (404, f"unknown_{path.partition('s/')[0]}")


@pytest.mark.parametrize("path", READ)
@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_no_resource_is_replaced_or_removed(rows, engineer, method, path) -> None:
    assert ask(client_of(engineer), method, path.format(**rows))[0] == 405


def test_a_run_is_shown_with_its_recipe_its_state_and_its_iterations(rows, engineer) -> None:
    status, body = ask(client_of(engineer), "get", f"runs/{rows['run']}/")
    assert status == 200
    assert (body["label"], body["algorithm"], body["dataset"]) == ("made", "star", "sums")
    assert body["recipe"]["iterations"] == QUICK["star"]["iterations"]
    assert body["checkpoint"] == "tiny-base" and body["job"]["state"] == "queued"
    assert [one["number"] for one in body["iterations"]] == [0, 1]


def test_examples_come_in_pages_with_filters(rows, engineer) -> None:
    client = client_of(engineer)
    path = f"runs/{rows['run']}/examples/"
    status, body = ask(client, "get", f"{path}?page_size=2")
    assert status == 200 and len(body["results"]) == 2 and body["next"]
    _, kept = ask(client, "get", f"{path}?fate=kept")
    [example] = kept["results"]
    assert example["prompt"] == "Input:\n1 + 1\nTarget:\n2\n\nInput:\n5 + 6\nTarget:\n"
    assert (example["origin"], example["verdict"], example["seed"]) == ("few_shot", "correct", 5)
    assert ask(client, "get", f"{path}?fate=eaten")[0] == 422


def test_pairs_checkpoints_and_evaluations_are_listed(rows, engineer) -> None:
    client = client_of(engineer)
    _, pairs = ask(client, "get", f"runs/{rows['run']}/pairs/")
    assert [(one["chosen"], one["rejected"]) for one in pairs["results"]] == [("1 1", "1 2")]
    _, checkpoints = ask(client, "get", "checkpoints/?is_result=true")
    assert [(one["model"], one["run"]) for one in checkpoints["results"]] == [("tiny-base", rows["run"])]
    status, checkpoint = ask(client, "get", f"checkpoints/{rows['checkpoint']}/")
    assert (status, checkpoint) == (200, checkpoints["results"][0])
    _, evaluations = ask(client, "get", "evaluations/?model=tiny-base")
    assert [one["result"] for one in evaluations["results"]] == [RESULT]


def test_a_run_is_launched_with_a_named_recipe(engineer) -> None:
    body = {"algorithm": "star", "recipe": "star", "label": "second", "set": {"dataset": "sums", "seed": 4}}
    status, answer = ask(client_of(engineer), "post", "runs/", body)
    assert (status, answer["recipe"]["seed"]) == (201, 4)
    assert TrainingRun.objects.get(label="second").created_by == engineer


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"algorithm": "orm"}, "unknown_algorithm"),
        ({"recipe": "/etc/passwd"}, "unknown_recipe"),
        ({"recipe": "sft"}, "other_algorithm"),
        ({"set": {"dataset": "sums", "iteration": 3}}, "unknown_key"),
        ({"set": {"dataset": "sums", "iterations": "many"}}, "bad_value"),
        ({"set": {"dataset": "none"}}, "unknown_dataset"),
        ({"set": {"dataset": "sums", "base": "none"}}, "unknown_model"),
        ({"label": "made"}, "name_taken"),
        ({"label": "a b"}, "invalid"),
    ],
)
def test_a_launch_that_can_not_be_is_refused_by_its_code(engineer, changes, code) -> None:
    body = {"algorithm": "star", "recipe": "star", "label": "second", "set": {"dataset": "sums"}, **changes}
    status, answer = ask(client_of(engineer), "post", "runs/", body)
    assert answer["code"] == code and 400 <= status < 500
    assert TrainingRun.objects.count() == 1


def test_an_evaluation_is_launched_and_refused_like_by_command(engineer) -> None:
    base()
    client = client_of(engineer)
    body = {"model": "tiny-base", "dataset": "sums", "samples": 2, "verifiers": ["tiny-base"]}
    status, answer = ask(client, "post", "evaluations/", body)
    assert (status, answer["verifiers"], answer["result"]) == (201, ["tiny-base"], {})
    status, answer = ask(client, "post", "evaluations/", {**body, "k": [9]})
    assert (status, answer["code"], answer["details"]["field"]) == (422, "invalid", "k")
    assert Evaluation.objects.count() == 2


@pytest.mark.parametrize("what", ["runs/{run}", "evaluations/{evaluation}"])
def test_cancelled_once_and_resumed_once(rows, engineer, what) -> None:
    client, path = client_of(engineer), what.format(**rows)
    assert ask(client, "post", f"{path}/resume/")[1]["code"] == "job_is_live"
    assert ask(client, "post", f"{path}/cancel/")[1]["job"]["state"] == "cancelled"
    assert ask(client, "post", f"{path}/cancel/")[1]["code"] == "job_ended"
    assert ask(client, "post", f"{path}/resume/")[1]["job"]["state"] == "queued"
    assert Job.objects.filter(state="queued").count() == 2


MISSPELT: list[tuple[str, dict[str, Any], str]] = [
    ("evaluations/", {"model": RESULT, "dataset": "sums", "sample": 2}, "sample"),
    ("runs/", {"algorithm": "star", "recipe": "star", "label": "x", "seett": {}}, "seett"),
    ("runs/estimate/", {"algorithm": "star", "recipe": "star", "sett": {}}, "sett"),
    ("measurements/", {"model": "tiny-base", "dataset": "sums", "typo": 1}, "typo"),
    ("figures/", {"name": "addition", "runs": ["first"], "typo": 1}, "typo"),
    ("generations/", {"model": "tiny-base", "dataset": "sums", "samples": 1, "spliit": "train"}, "spliit"),
]


def test_a_misspelt_key_starts_no_work(rows, engineer) -> None:
    client, jobs = client_of(engineer), Job.objects.count()
    for path, body, key in MISSPELT:
        status, answer = ask(client, "post", path, body)
        assert (status, answer["code"], answer["details"]["field"]) == (422, "invalid", key)
        assert answer["message"].startswith(f"{key}: no such key; expected ")
    assert Job.objects.count() == jobs


def test_what_no_list_can_be_asked_for_is_refused_and_truths_are_filtered_by(rows, engineer) -> None:
    client = client_of(engineer)
    for query in ("page_size=abc", "page_size=0", "page_size=-1", "is_result=perhaps"):
        status, answer = ask(client, "get", f"checkpoints/?{query}")
        assert (status, list(answer["details"])) == (422, [query.partition("=")[0]])
    found = {
        word: len(ask(client, "get", f"checkpoints/?is_result={word}&page_size=5000")[1]["results"])
        for word in ("true", "True", "0", "")
    }
    assert found == {"true": 1, "True": 1, "0": 0, "": 1}
