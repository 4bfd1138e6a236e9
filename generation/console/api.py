"""The calls about models, generation runs and candidates. None is for whoever may not see what the sources are."""

from __future__ import annotations

from http import HTTPStatus

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.audit import Actor
from accounts.filters import Filters
from accounts.gates import require, staff_user
from accounts.roles import Act
from generation.console.serializers import (
    CandidateSerializer,
    CandidateWithPromptSerializer,
    GenerationSerializer,
    GenerationWithSummarySerializer,
    LanguageModelSerializer,
    NewGenerationSerializer,
    NewLanguageModelSerializer,
)
from generation.registry.models import LanguageModel
from generation.registry.selectors import get_model, models
from generation.registry.services import MAX_HASHED_BYTES, register_model
from generation.registry.settings import ModelSettings
from generation.runs import selectors
from generation.runs.models import Candidate, GenerationRun
from generation.runs.services import jobs_of, launch_generation
from generation.runs.spec import GenerationSpec
from jobs.models import Job
from jobs.tasks import enqueue
from ratings.library.models import VERDICT_CHOICES


class LanguageModelFilter(Filters):
    kind = django_filters.ChoiceFilter(choices=LanguageModel.Kind.choices)
    parent = django_filters.CharFilter(field_name="parent__label")

    class Meta:
        model = LanguageModel
        fields: list[str] = []


class ModelsView(generics.ListAPIView[LanguageModel]):
    """Models, newest first."""

    serializer_class = LanguageModelSerializer
    filterset_class = LanguageModelFilter

    def get_queryset(self) -> QuerySet[LanguageModel]:
        if getattr(self, "swagger_fake_view", False):
            return LanguageModel.objects.none()
        require(staff_user(self.request), Act.VIEW_MODELS)
        return models().prefetch_related("children")

    @extend_schema(request=NewLanguageModelSerializer, responses={201: LanguageModelSerializer})
    def post(self, request: Request) -> Response:
        """Registers a model; 404 `unknown_endpoint`, 409 `name_taken`, 422 `outside_model_roots`, `unusable_folder`."""
        user = staff_user(request)
        require(user, Act.RUN_JOBS)
        body = NewLanguageModelSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asked = dict(body.validated_data)
        names = ("rationale_text", "protocol", "served_model")
        settings = ModelSettings.from_json({name: asked.pop(name) for name in names})
        made = register_model(**asked, settings=settings, actor=Actor.of(user), max_bytes=MAX_HASHED_BYTES)
        return Response(LanguageModelSerializer(get_model(made.label)).data, status=HTTPStatus.CREATED)


class ModelView(APIView):
    """One model."""

    @extend_schema(responses=LanguageModelSerializer)
    def get(self, request: Request, label: str) -> Response:
        require(staff_user(request), Act.VIEW_MODELS)
        return Response(LanguageModelSerializer(get_model(label)).data)


class GenerationFilter(Filters):
    dataset = django_filters.CharFilter(field_name="dataset__name")
    model = django_filters.CharFilter(field_name="model__label")
    source = django_filters.CharFilter(field_name="source__label")
    state = django_filters.ChoiceFilter(field_name="job__state", choices=Job.State.choices)

    class Meta:
        model = GenerationRun
        fields: list[str] = []


class GenerationsView(generics.ListAPIView[GenerationRun]):
    """Generation runs, newest first."""

    serializer_class = GenerationSerializer
    filterset_class = GenerationFilter

    def get_queryset(self) -> QuerySet[GenerationRun]:
        if getattr(self, "swagger_fake_view", False):
            return GenerationRun.objects.none()
        require(staff_user(self.request), Act.VIEW_MODELS)
        return selectors.runs()

    @extend_schema(request=NewGenerationSerializer, responses={201: GenerationWithSummarySerializer})
    def post(self, request: Request) -> Response:
        """Launches a run; 404 for an unknown dataset, model or endpoint, 422 names the field and what was expected."""
        user = staff_user(request)
        require(user, Act.RUN_JOBS)
        body = NewGenerationSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        run = launch_generation(GenerationSpec(**body.validated_data), actor=Actor.of(user))
        for job in jobs_of(run):
            enqueue(job)
        return Response(GenerationWithSummarySerializer(run).data, status=HTTPStatus.CREATED)


class GenerationView(APIView):
    """One generation run."""

    @extend_schema(responses=GenerationWithSummarySerializer)
    def get(self, request: Request, pk: int) -> Response:
        require(staff_user(request), Act.VIEW_MODELS)
        return Response(GenerationWithSummarySerializer(selectors.get_run(pk)).data)


class CandidateFilter(Filters):
    run = django_filters.NumberFilter(field_name="run_id")
    dataset = django_filters.CharFilter(field_name="run__dataset__name")
    model = django_filters.CharFilter(field_name="run__model__label")
    source = django_filters.CharFilter(field_name="run__source__label")
    question = django_filters.CharFilter(field_name="prompt__question__external_id")
    rationale = django_filters.NumberFilter(field_name="rationale_id")
    verdict = django_filters.ChoiceFilter(choices=VERDICT_CHOICES)

    class Meta:
        model = Candidate
        fields: list[str] = []


class CandidatesView(generics.ListAPIView[Candidate]):
    """Candidates of all runs, newest first; a list holds no prompts."""

    serializer_class = CandidateSerializer
    filterset_class = CandidateFilter

    def get_queryset(self) -> QuerySet[Candidate]:
        if getattr(self, "swagger_fake_view", False):
            return Candidate.objects.none()
        require(staff_user(self.request), Act.VIEW_MODELS)
        return selectors.candidates()


class CandidateView(APIView):
    """One candidate with its prompt."""

    @extend_schema(responses=CandidateWithPromptSerializer)
    def get(self, request: Request, pk: int) -> Response:
        require(staff_user(request), Act.VIEW_MODELS)
        return Response(CandidateWithPromptSerializer(selectors.get_candidate(pk)).data)
