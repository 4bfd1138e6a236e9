"""The library's calls: datasets, questions and rationales to read, files to import."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.audit import Actor
from accounts.filters import Filters, TruthFilter
from accounts.gates import require, staff_user
from accounts.models import User
from accounts.roles import Act
from ratings.library import selectors
from ratings.library.models import VERDICT_CHOICES, Question, Rationale
from ratings.library.selectors import DatasetSummary
from ratings.library.serializers import (
    DatasetSerializer,
    DatasetWithSourcesSerializer,
    ImportedSerializer,
    QuestionDetailSerializer,
    QuestionImportSerializer,
    QuestionSerializer,
    RationaleImportSerializer,
    RationaleSerializer,
    UploadSerializer,
)
from ratings.library.services import import_questions, import_rationales
from ratings.library.uploads import UPLOAD_PARSERS, FormatIsTheFiles, uploaded_file

_UPLOADS = {"multipart/form-data": UploadSerializer, "application/x-ndjson": bytes, "text/csv": bytes}
_DATASET = PolymorphicProxySerializer(
    component_name="AnyDataset",
    serializers=[DatasetSerializer, DatasetWithSourcesSerializer],
    resource_type_field_name=None,
    many=False,
)


def _as_json(summary: DatasetSummary, user: User) -> dict[str, Any]:
    """Counts by source are for those who may see sources."""
    if user.may(Act.VIEW_SOURCES):
        return dict(DatasetWithSourcesSerializer(summary).data)
    return dict(DatasetSerializer(summary).data)


class DatasetsView(APIView):
    """All datasets with their counts; one page, since people name them one by one."""

    @extend_schema(
        responses=OpenApiResponse(DatasetWithSourcesSerializer(many=True)), operation_id="datasets_list"
    )
    def get(self, request: Request) -> Response:
        user = staff_user(request)
        require(user, Act.VIEW_STUDIES)
        results = [_as_json(summary, user) for summary in selectors.dataset_summaries()]
        return Response({"next": None, "previous": None, "results": results})


class DatasetView(APIView):
    """One dataset with its counts."""

    @extend_schema(responses=_DATASET, operation_id="datasets_retrieve")
    def get(self, request: Request, name: str) -> Response:
        user = staff_user(request)
        require(user, Act.VIEW_STUDIES)
        return Response(_as_json(selectors.dataset_summary(name), user))


class QuestionFilter(Filters):
    dataset = django_filters.CharFilter(field_name="dataset__name")
    split = django_filters.CharFilter(field_name="split")
    id = django_filters.CharFilter(field_name="external_id")

    class Meta:
        model = Question
        fields: list[str] = []


class QuestionsView(generics.ListAPIView[Question]):
    """Questions as they now are, newest first."""

    serializer_class = QuestionSerializer
    filterset_class = QuestionFilter

    def get_queryset(self) -> QuerySet[Question]:
        if getattr(self, "swagger_fake_view", False):
            return Question.objects.none()
        require(staff_user(self.request), Act.VIEW_STUDIES)
        return selectors.questions()


class QuestionView(APIView):
    """One question with all its revisions."""

    @extend_schema(responses=QuestionDetailSerializer)
    def get(self, request: Request, dataset: str, external_id: str) -> Response:
        require(staff_user(request), Act.VIEW_STUDIES)
        return Response(QuestionDetailSerializer(selectors.get_question(dataset, external_id)).data)


class RationaleFilter(Filters):
    dataset = django_filters.CharFilter(field_name="question__dataset__name")
    question = django_filters.CharFilter(field_name="question__external_id")
    source = django_filters.CharFilter(field_name="source__label")
    verdict = django_filters.ChoiceFilter(choices=VERDICT_CHOICES)
    live = TruthFilter()

    class Meta:
        model = Rationale
        fields: list[str] = []


class RationalesView(generics.ListAPIView[Rationale]):
    """Rationales with their sources, newest first; retired ones, too (`live=false`)."""

    serializer_class = RationaleSerializer
    filterset_class = RationaleFilter

    def get_queryset(self) -> QuerySet[Rationale]:
        if getattr(self, "swagger_fake_view", False):
            return Rationale.objects.none()
        require(staff_user(self.request), Act.VIEW_SOURCES)
        return selectors.rationales(live=None)


class _ImportView(APIView):
    """A file into a dataset, all or nothing."""

    parser_classes = UPLOAD_PARSERS
    content_negotiation_class = FormatIsTheFiles
    options_class: type[serializers.Serializer[Any]]
    service: Callable[..., dict[str, Any]]

    def run(self, request: Request, name: str) -> Response:
        user = staff_user(request)
        require(user, Act.EDIT_LIBRARY)
        options = self.options_class(data=request.query_params)
        options.is_valid(raise_exception=True)
        service = type(self).service
        answer = service(uploaded_file(request), dataset=name, actor=Actor.of(user), **options.validated_data)
        changes_nothing = answer["dry_run"] or not (answer["created"] or answer["updated"])
        return Response(answer, status=HTTPStatus.OK if changes_nothing else HTTPStatus.CREATED)


class QuestionImportView(_ImportView):
    options_class = QuestionImportSerializer
    service = staticmethod(import_questions)

    @extend_schema(
        parameters=[QuestionImportSerializer],
        request=_UPLOADS,
        responses={200: ImportedSerializer, 201: ImportedSerializer},
        operation_id="datasets_questions_import",
    )
    def post(self, request: Request, name: str) -> Response:
        """Imports questions; the dataset is made if missing. 200 where nothing was written, 422 `row_errors`."""
        return self.run(request, name)


class RationaleImportView(_ImportView):
    options_class = RationaleImportSerializer
    service = staticmethod(import_rationales)

    @extend_schema(
        parameters=[RationaleImportSerializer],
        request=_UPLOADS,
        responses={200: ImportedSerializer, 201: ImportedSerializer},
        operation_id="datasets_rationales_import",
    )
    def post(self, request: Request, name: str) -> Response:
        """Imports rationales for questions that are there. 200 where nothing was written, 422 `row_errors`."""
        return self.run(request, name)
