"""The calls about runs, their examples, checkpoints and evaluations."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.audit import Actor
from accounts.errors import InvalidInput
from accounts.filters import Filters, TruthFilter
from accounts.gates import require, staff_user
from accounts.roles import Act
from jobs.models import Job
from jobs.services import cancel_job, resume_job
from jobs.tasks import enqueue
from problems.types import Verdict
from training.recipes.errors import unknown_recipe
from training.recipes.reader import ReadRecipe, read_recipe, recipe_names
from training.runs import selectors
from training.runs.blinding import require_visible_votes
from training.runs.evaluating import launch_evaluation
from training.runs.launching import cancel_run, launch_training_for, resume_run
from training.runs.measured_models import Evaluation
from training.runs.models import (
    Algorithm,
    Checkpoint,
    Fate,
    Origin,
    PreferencePair,
    TrainingExample,
    TrainingRun,
)
from training.runs.serializers import (
    CheckpointSerializer,
    EvaluationSerializer,
    ExampleSerializer,
    NewEvaluationSerializer,
    NewRunSerializer,
    PreferencePairSerializer,
    RunSerializer,
    RunWithIterationsSerializer,
)


class RunFilter(Filters):
    algorithm = django_filters.ChoiceFilter(choices=Algorithm.choices)
    label = django_filters.CharFilter()
    dataset = django_filters.CharFilter(field_name="dataset__name")
    base = django_filters.CharFilter(field_name="base__label")
    state = django_filters.ChoiceFilter(field_name="job__state", choices=Job.State.choices)

    class Meta:
        model = TrainingRun
        fields: list[str] = []


class RunsView(generics.ListAPIView[TrainingRun]):
    """Training runs, newest first."""

    serializer_class = RunSerializer
    filterset_class = RunFilter

    def get_queryset(self) -> QuerySet[TrainingRun]:
        if getattr(self, "swagger_fake_view", False):
            return TrainingRun.objects.none()
        require(staff_user(self.request), Act.VIEW_MODELS)
        return selectors.runs().prefetch_related("checkpoints__model", "job__spans")

    @extend_schema(request=NewRunSerializer, responses={201: RunWithIterationsSerializer})
    def post(self, request: Request) -> Response:
        """Launches a run by a named recipe; 422 names the key, the value and what was expected."""
        user = staff_user(request)
        require(user, Act.RUN_JOBS)
        body = NewRunSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        run = launch_training_for(user, named_recipe(asked), label=asked["label"])
        enqueue(run.job)
        return Response(RunWithIterationsSerializer(run).data, status=HTTPStatus.CREATED)


class RunView(APIView):
    """One run."""

    @extend_schema(responses=RunWithIterationsSerializer)
    def get(self, request: Request, pk: int) -> Response:
        require(staff_user(request), Act.VIEW_MODELS)
        return Response(RunWithIterationsSerializer(selectors.get_run(pk)).data)


def named_recipe(asked: dict[str, Any]) -> ReadRecipe:
    """Raises for a recipe that has no name here: no file of the server by its path."""
    if asked["recipe"] not in recipe_names():
        raise unknown_recipe(asked["recipe"], recipe_names())
    return read_recipe(asked["algorithm"], asked["recipe"], asked["set"])


class _RunActView(APIView):
    """One act on a run."""

    def run(self, request: Request, pk: int, act: Callable[[TrainingRun, Actor], object]) -> Response:
        user = staff_user(request)
        require(user, Act.RUN_JOBS)
        act(selectors.get_run(pk), Actor.of(user))
        return Response(RunWithIterationsSerializer(selectors.get_run(pk)).data)


class CancelRunView(_RunActView):
    @extend_schema(request=None, responses=RunWithIterationsSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Ends a run that waits or works; what it has stored stays. 409 `job_ended` where nothing is left to cancel."""
        return self.run(request, pk, lambda run, actor: cancel_run(run, actor=actor))


class ResumeRunView(_RunActView):
    @extend_schema(request=None, responses=RunWithIterationsSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """A cancelled or failed run goes on from what it has stored."""
        return self.run(request, pk, lambda run, actor: enqueue(resume_run(run, actor=actor)))


class ExampleFilter(Filters):
    iteration = django_filters.NumberFilter()
    origin = django_filters.ChoiceFilter(choices=Origin.choices)
    verdict = django_filters.ChoiceFilter(choices=[(verdict.value, verdict.value) for verdict in Verdict])
    fate = django_filters.ChoiceFilter(choices=Fate.choices)
    question = django_filters.CharFilter(field_name="question__external_id")
    learned_in = django_filters.NumberFilter(
        method="that_were_learned_in", help_text="only what the model of this iteration was trained on"
    )

    class Meta:
        model = TrainingExample
        fields: list[str] = []

    def that_were_learned_in(
        self, rows: QuerySet[TrainingExample], name: str, value: Decimal
    ) -> QuerySet[TrainingExample]:
        run = selectors.get_run(self.request.resolver_match.kwargs["pk"])
        numbers = [one.number for one in selectors.iterations(run) if one.number]
        if value not in numbers:
            expected = (
                f"an iteration of run {run.pk}: {', '.join(map(str, numbers))}"
                if numbers
                else f"an iteration of run {run.pk}, which has none (yet)"
            )
            raise InvalidInput(
                f"{name}: {value} is not usable, expected {expected}.",
                details={"field": name, "value": int(value) if value == int(value) else float(value)}
                | {"expected": expected},
            )
        return rows.filter(selectors.learned_by(run, int(value)))


class ExamplesView(generics.ListAPIView[TrainingExample]):
    """Every rationale that a run considered: the prompt as sent, the verdict, and what became of it.

    Beside the run's own candidates, with origins of their own: what STaR `replayed` (a rationale of the library), and
    each `hinted_copy`; a run of an earlier version may lack these (`complete` of its iterations). 422 for `learned_in`
    an iteration that the run has not. 409 `blinded` where the run learned from a study that still runs blind.
    """

    serializer_class = ExampleSerializer
    filterset_class = ExampleFilter

    def get_queryset(self) -> QuerySet[TrainingExample]:
        if getattr(self, "swagger_fake_view", False):
            return TrainingExample.objects.none()
        require(staff_user(self.request), Act.VIEW_MODELS)
        run = selectors.get_run(self.kwargs["pk"])
        require_visible_votes(run)
        return selectors.examples(run)


class PairFilter(Filters):
    origin = django_filters.ChoiceFilter(choices=PreferencePair.Origin.choices)
    use = django_filters.ChoiceFilter(choices=PreferencePair.Use.choices)
    question = django_filters.CharFilter(field_name="question__external_id")

    class Meta:
        model = PreferencePair
        fields: list[str] = []


class PairsView(generics.ListAPIView[PreferencePair]):
    """The preference pairs of a run, with the votes behind them; 409 `blinded` while their study runs blind."""

    serializer_class = PreferencePairSerializer
    filterset_class = PairFilter

    def get_queryset(self) -> QuerySet[PreferencePair]:
        if getattr(self, "swagger_fake_view", False):
            return PreferencePair.objects.none()
        require(staff_user(self.request), Act.VIEW_MODELS)
        run = selectors.get_run(self.kwargs["pk"])
        require_visible_votes(run)
        return selectors.pairs(run)


class CheckpointFilter(Filters):
    run = django_filters.NumberFilter(field_name="run_id")
    model = django_filters.CharFilter(field_name="model__label")
    is_result = TruthFilter()

    class Meta:
        model = Checkpoint
        fields: list[str] = []


class CheckpointsView(generics.ListAPIView[Checkpoint]):
    """Checkpoints that are models, newest first."""

    serializer_class = CheckpointSerializer
    filterset_class = CheckpointFilter

    def get_queryset(self) -> QuerySet[Checkpoint]:
        if getattr(self, "swagger_fake_view", False):
            return Checkpoint.objects.none()
        require(staff_user(self.request), Act.VIEW_MODELS)
        return selectors.checkpoints()


class CheckpointView(APIView):
    """One checkpoint."""

    @extend_schema(responses=CheckpointSerializer)
    def get(self, request: Request, pk: int) -> Response:
        require(staff_user(request), Act.VIEW_MODELS)
        return Response(CheckpointSerializer(selectors.get_checkpoint(pk)).data)


class EvaluationFilter(Filters):
    model = django_filters.CharFilter(field_name="model__label")
    dataset = django_filters.CharFilter(field_name="dataset__name")
    split = django_filters.CharFilter()
    verifier = django_filters.CharFilter(field_name="verifiers__label")
    state = django_filters.ChoiceFilter(field_name="job__state", choices=Job.State.choices)

    class Meta:
        model = Evaluation
        fields: list[str] = []


class EvaluationsView(generics.ListAPIView[Evaluation]):
    """Evaluations, newest first."""

    serializer_class = EvaluationSerializer
    filterset_class = EvaluationFilter

    def get_queryset(self) -> QuerySet[Evaluation]:
        if getattr(self, "swagger_fake_view", False):
            return Evaluation.objects.none()
        require(staff_user(self.request), Act.VIEW_MODELS)
        return selectors.evaluations()

    @extend_schema(request=NewEvaluationSerializer, responses={201: EvaluationSerializer})
    def post(self, request: Request) -> Response:
        """Launches an evaluation."""
        user = staff_user(request)
        require(user, Act.RUN_JOBS)
        body = NewEvaluationSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        evaluation = launch_evaluation(body.spec(), actor=Actor.of(user))
        enqueue(evaluation.job)
        return Response(EvaluationSerializer(evaluation).data, status=HTTPStatus.CREATED)


class EvaluationView(APIView):
    """One evaluation."""

    @extend_schema(responses=EvaluationSerializer)
    def get(self, request: Request, pk: int) -> Response:
        require(staff_user(request), Act.VIEW_MODELS)
        return Response(EvaluationSerializer(selectors.get_evaluation(pk)).data)


class _EvaluationActView(APIView):
    """One act on an evaluation."""

    def run(self, request: Request, pk: int, act: Callable[[int, Actor], object]) -> Response:
        user = staff_user(request)
        require(user, Act.RUN_JOBS)
        act(selectors.get_evaluation(pk).job_id, Actor.of(user))
        return Response(EvaluationSerializer(selectors.get_evaluation(pk)).data)


class CancelEvaluationView(_EvaluationActView):
    @extend_schema(request=None, responses=EvaluationSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Ends an evaluation that waits or works; its samples stay."""
        return self.run(request, pk, lambda job, actor: cancel_job(job, actor=actor))


class ResumeEvaluationView(_EvaluationActView):
    @extend_schema(request=None, responses=EvaluationSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """A cancelled or failed evaluation goes on from what is sampled."""
        return self.run(request, pk, lambda job, actor: enqueue(resume_job(job, actor=actor)))
