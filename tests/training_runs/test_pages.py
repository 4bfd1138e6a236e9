"""The pages of runs and evaluations: the ladder, the form made from a recipe, filters, cost."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.audit import COMMAND
from accounts.models import AuditEvent
from jobs import clock
from jobs.models import Job
from ratings.studies.models import Study
from tests.training_runs.worlds import base, launched, make_sums, staged
from tests.worlds import make_study
from training.recipes.reader import describe_all
from training.runs.evaluating import EvaluationSpec, launch_evaluation
from training.runs.measured_models import Evaluation
from training.runs.models import TrainingRun

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]

RESULT: dict[str, Any] = {
    "questions": 8,
    "samples": 4,
    "greedy_accuracy": 0.5,
    "pass_at": {"1": 0.4, "4": 0.8},
    "majority_at": {"1": 0.4, "4": 0.5},
    "best_of": {"generator_logprob": {"1": 0.4, "4": 0.6}, "verifier": {"1": 0.4, "4": None}},
    "differences": {"generator_logprob": {"majority": {"1": 0.0, "4": 0.1}}},
    "intervals": {
        "greedy_accuracy": [0.2, 0.8],
        "pass_at": {"1": [0.1, 0.7], "4": None},
        "majority_at": {"1": [0.1, 0.7], "4": [0.2, 0.8]},
        "best_of": {"generator_logprob": {"1": [0.1, 0.7], "4": [0.3, 0.9]}},
        "differences": {"generator_logprob": {"majority": {"4": [-0.1, 0.3]}}},
    },
}


@pytest.fixture(autouse=True)
def sums() -> None:
    make_sums(count=60)


@pytest.fixture
def signed_in(client: Client, engineer) -> Client:
    client.force_login(engineer)
    return client


def evaluated() -> Evaluation:
    base()
    spec = EvaluationSpec(model="tiny-base", dataset="sums", samples=4)
    evaluation = launch_evaluation(spec, actor=COMMAND)
    Evaluation.objects.update(result=RESULT)
    return evaluation


def text_of(client: Client, address: str, **query: Any) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200, answer.content[:500]
    return unescape(answer.content.decode())


PAGES = [
    "/runs/",
    "/runs/{run}/",
    "/runs/{run}/moving/",
    "/runs/{run}/beside/",
    "/runs/{run}/strip/",
    "/runs/{run}/charts/",
    "/runs/compare/",
    "/runs/{run}/examples/",
    "/runs/{run}/pairs/",
]
PAGES += ["/evaluations/", "/evaluations/{evaluation}/", "/evaluations/{evaluation}/result/"]
FORMS = ["/runs/new/", "/runs/new/star/", "/evaluations/new/"]


@pytest.mark.parametrize("address", PAGES + FORMS)
def test_every_page_climbs_the_ladder(client, engineer, blind_analyst, address) -> None:
    run, evaluation = staged(), evaluated()
    address = address.format(run=run.pk, evaluation=evaluation.pk)
    assert client.get(address)["Location"] == f"/accounts/login/?next={address}"
    client.force_login(blind_analyst)
    assert client.get(address).status_code == 403
    client.force_login(engineer)
    assert client.put(address).status_code == 405
    page = client.get(address)
    assert page.status_code == 200
    assert " style=" not in page.content.decode() and "<style" not in page.content.decode()


@pytest.mark.parametrize(
    "address", ["/runs/77/", "/runs/77/examples/", "/runs/77/clone/", "/runs/new/none/", "/evaluations/77/"]
)
def test_what_is_not_there_is_404(signed_in, address) -> None:
    assert signed_in.get(address).status_code == 404


@pytest.mark.parametrize("about", describe_all(), ids=lambda about: about.name)
def test_the_form_of_a_recipe_shows_every_key_with_its_default_and_its_explanation(signed_in, about) -> None:
    page = text_of(signed_in, f"/runs/new/{about.name}/")
    assert about.about in page
    for key in about.keys:
        if about.algorithm == "star" and key.name in ("studies", "raters"):
            continue
        assert key.words in page and f'name="{key.name}"' in page or key.name in ("studies", "sources")


def post(client: Client, address: str = "/runs/new/star/", **changes: Any) -> Any:
    """What a browser sends when only `changes` are typed in."""
    form = client.get(address).context["form"]
    body = {name: form[name].value() for name in form.fields}
    typed = {name: value for name, value in body.items() if value is not None and value is not False}
    return client.post(address, {**typed, **changes})


def test_a_launch_goes_to_the_page_of_the_run_and_is_audited(signed_in, engineer) -> None:
    answer = post(signed_in, label="from-page", dataset="sums", iterations=3, temperature=0)
    run = TrainingRun.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/runs/{run.pk}/")
    assert (run.label, run.recipe["iterations"], run.created_by) == ("from-page", 3, engineer)
    assert run.base.label == "tiny-base"
    assert AuditEvent.objects.get(act="training.launch").actor == engineer
    page = text_of(signed_in, answer["Location"])
    assert "from-page is launched." in page
    # Nobody works here: the page says so instead of letting people wait.
    assert "No worker on queue train" in page


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"label": ""}, "label", "required"),
        ({"label": "my run"}, "label", "'my run' is not usable, expected letters, digits, - and _, at most"),
        ({"label": "tiny-base"}, "label", "belongs to a model already"),
        ({"iterations": 0}, "iterations", "expected a whole number of at least 1"),
        ({"learning_rate": 5}, "learning_rate", "expected a number above 0 and at most 1"),
        ({"learning_rate": "fast"}, "learning_rate", "'fast' is not usable, expected a number above 0 and"),
        ({"iterations": "2.5"}, "iterations", "'2.5' is not usable, expected a whole number of at least 1"),
        ({"split": "tset"}, "split", "has no questions in split"),
        ({"samples": 4}, "samples", "greedy samples are all the same"),
        ({"dataset": "none"}, "dataset", "'none' is not usable, expected one of 'sums'"),
    ],
)
def test_a_refusal_stands_beside_the_field_that_it_is_about(signed_in, changes, field, words) -> None:
    base()
    answer = post(signed_in, **{"label": "from-page", "dataset": "sums", **changes})
    assert answer.status_code == 422
    assert words in " ".join(answer.context["form"].errors[field])
    assert not TrainingRun.objects.exists()
    # The group of the field stands open, and what was typed is still there.
    groups = {heading: opened for heading, fields, opened in answer.context["form"].groups for _ in fields}
    assert any(groups.values())


def test_a_blinded_study_is_not_offered(signed_in) -> None:
    make_study(dataset="others")
    assert 'value="trial"' not in text_of(signed_in, "/runs/new/dpo/")
    Study.objects.update(state="closed")
    assert 'value="trial"' in text_of(signed_in, "/runs/new/dpo/")


def test_a_clone_begins_with_the_values_of_the_run(signed_in) -> None:
    run = launched("star", "first", iterations=7)
    answer = signed_in.get(f"/runs/{run.pk}/clone/")
    assert answer["Location"] == f"/runs/new/star/?from={run.pk}"
    form = signed_in.get(answer["Location"]).context["form"]
    assert (form["iterations"].value(), form["label"].value()) == (7, "first-2")
    assert signed_in.get(f"/runs/new/dpo/?from={run.pk}").context["form"]["label"].value() == ""


def test_a_base_may_be_chosen_on_the_way(signed_in) -> None:
    base()
    assert "/runs/new/star/?base=tiny-base" in text_of(signed_in, "/runs/new/", base="tiny-base")
    form = signed_in.get("/runs/new/star/", {"base": "tiny-base"}).context["form"]
    assert form["base"].value() == "tiny-base"


def test_the_page_of_a_run_shows_its_iterations_side_by_side_with_the_base(signed_in) -> None:
    run = staged()
    page = signed_in.get(f"/runs/{run.pk}/").content.decode()
    assert "50.0%" in page and "25.0%" in page and "12 + 34" in page
    # What a model wrote is shown, never obeyed.
    assert "&lt;b&gt;4 6&lt;/b&gt;" in page and "<b>4 6" not in page
    assert f"/runs/{run.pk}/examples/?iteration=1&amp;origin=few_shot&amp;fate=kept" in page
    assert "changed" in page  # the quick recipe differs from its file


def test_the_moving_parts_ask_again_until_the_run_has_ended(signed_in) -> None:
    run = staged()
    for part in ("moving", "beside"):
        Job.objects.update(state="queued")
        assert "hx-trigger" in text_of(signed_in, f"/runs/{run.pk}/{part}/")
        Job.objects.update(state="finished")
        assert "hx-trigger" not in text_of(signed_in, f"/runs/{run.pk}/{part}/")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 3),
        ({"iteration": 1}, 3),
        ({"origin": "few_shot"}, 2),
        ({"verdict": "wrong"}, 1),
        ({"fate": "kept"}, 1),
        ({"origin": "rationalized", "fate": "kept"}, 0),
        ({"question": "none"}, 0),
    ],
)
def test_examples_are_filtered_by_origin_verdict_and_fate(signed_in, query, count) -> None:
    run = staged()
    page = text_of(signed_in, f"/runs/{run.pk}/examples/", **query)
    assert page.count('class="card example"') == count


def test_an_example_shows_the_prompt_exactly_as_it_was_sent(signed_in) -> None:
    run = staged()
    page = text_of(signed_in, f"/runs/{run.pk}/examples/", origin="rationalized")
    assert "Input:\n1 + 1\nTarget:\n2\n\n</span>Input:\n5 + 6\nTarget: 1 1\n</code></pre>" in page
    example = run.examples.get(origin="rationalized")
    assert f'<code id="learned-{example.pk}">Input:\n5 + 6\nTarget:\n</code></pre>' in page
    # Each text has a button that copies it, hidden where there is no script.
    for part in ("sent", "learned", "completion"):
        assert f'data-copy="{part}-{example.pk}"' in page and f'id="{part}-{example.pk}"' in page


def test_a_filter_that_is_none_is_told(signed_in) -> None:
    run = staged()
    for page, words in (
        (f"/runs/{run.pk}/examples/?fate=eaten&iteration=99", "'eaten' is not usable, expected one of"),
        (f"/runs/{run.pk}/pairs/?use=none", "'none' is not usable, expected one of"),
        ("/runs/?algorithm=dream", "'dream' is not usable, expected one of 'sft'"),
        ("/jobs/?state=gone", "'gone' is not usable, expected one of"),
        ("/datasets/sums/?split=none", "'none' is not usable, expected one of"),
    ):
        answer = signed_in.get(page)
        shown = unescape(answer.content.decode())
        assert answer.status_code == 422 and words in shown, page
        assert not any(
            row in shown
            for row in (
                'class="card example"',
                f'href="/runs/{run.pk}/">made</a></th>',
                "question-list__item",
            )
        ), page


def test_the_page_of_an_evaluation_has_the_chart_with_its_table(signed_in) -> None:
    evaluation = evaluated()
    page = text_of(signed_in, f"/evaluations/{evaluation.pk}/")
    assert "its own log-probability" in page and "60.0 [30.0 to 90.0]" in page
    assert "+10.0" in page and "-10.0 to +30.0" in page
    assert '"mark": {"type": "line"' in page


def test_an_evaluation_is_launched_by_page(signed_in) -> None:
    base()
    answer = post(signed_in, "/evaluations/new/", model="tiny-base", dataset="sums", k="1, 4")
    evaluation = Evaluation.objects.get()
    assert answer["Location"] == f"/evaluations/{evaluation.pk}/"
    assert (evaluation.split, evaluation.settings["k"]) == ("test", [1, 4])
    assert AuditEvent.objects.filter(act="evaluation.launch").count() == 1


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"k": "1, one", "top_p": 3}, "k", "'one' is not usable, expected whole numbers"),
        ({"k": "64"}, "k", "64"),
        (
            {"split": "prompt", "samples": 0},
            "samples",
            "0 is not usable, expected a whole number of at least 1",
        ),
    ],
)
def test_an_evaluation_that_can_not_be_is_refused_beside_its_field(signed_in, changes, field, words) -> None:
    base()
    answer = post(signed_in, "/evaluations/new/", model="tiny-base", dataset="sums", **changes)
    assert answer.status_code == 422 and words in " ".join(answer.context["form"].errors[field])
    assert not Evaluation.objects.exists()


def test_the_page_of_a_model_tells_where_it_comes_from_and_how_good_it_is(signed_in) -> None:
    run, evaluation = staged(), evaluated()
    page = text_of(signed_in, "/models/tiny-base/")
    assert f'href="/runs/{run.pk}/"' in page and f'href="/evaluations/{evaluation.pk}/"' in page
    assert "What choosing among k samples adds" in page


def test_lists_cost_the_same_however_long_they_are(signed_in) -> None:
    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert signed_in.get(address).status_code == 200
        return len(captured)

    launched("star", "one")
    evaluated()
    before = {address: queries(address) for address in ("/runs/", "/evaluations/")}
    for label in ("two", "three", "four"):
        launched("star", label)
        evaluated()
    assert {address: queries(address) for address in before} == before
    # Whether a run ended with warnings stands in its job's result; one whose process was killed does not run.
    assert 'badge--plain">warning<' not in text_of(signed_in, "/runs/")
    Job.objects.update(result={"warnings": [{"code": "diverged"}]})
    Job.objects.filter(kind="train").update(
        state="running", lease_expires_at=clock.now() - timedelta(hours=1)
    )
    page = text_of(signed_in, "/runs/")
    assert page.count('badge--plain">warning<') == page.count(">No word<") == 4 and ">Running<" not in page
