"""The staff's calls about studies, their raters and their ratings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.audit import Actor
from accounts.errors import InvalidInput
from accounts.filters import Filters, TruthFilter
from accounts.gates import require, staff_user
from accounts.models import User
from accounts.roles import Act
from ratings.analysis.planning import Plan
from ratings.analysis.plans import PlanRequest, plan_study
from ratings.analysis.serializers import DeviationSerializer
from ratings.console import api_selectors as selectors
from ratings.console.serializers import (
    LintSerializer,
    MintedRatersSerializer,
    NewRatersSerializer,
    NewStudySerializer,
    NoteSerializer,
    OpenStudySerializer,
    PlanAnswerSerializer,
    PlanRequestSerializer,
    ProgressSerializer,
    RaisedOverlapSerializer,
    RaiseOverlapSerializer,
    RaterSerializer,
    RatingSerializer,
    StudySerializer,
    StudyWithSourcesSerializer,
    ThresholdsSerializer,
    UnblindSerializer,
)
from ratings.crowd.raters import create_raters, require_raters_can_come
from ratings.desk.api import my_ratings
from ratings.slots.models import Rater, Rating
from ratings.slots.opening import open_study
from ratings.slots.overlap import raise_overlap
from ratings.slots.progress import study_progress
from ratings.slots.sessions import RATER_PREFIX
from ratings.studies.blinding import require_visible_results
from ratings.studies.design_file import read_design
from ratings.studies.drafts import delete_draft, redraw_draft
from ratings.studies.freezing import note_deviation
from ratings.studies.models import Study
from ratings.studies.selectors import get_study, lint_study, source_labels
from ratings.studies.services import close_study, create_study, pause_study, unblind_study
from ratings.studies.thresholds import change_thresholds

_STUDY = OpenApiResponse(StudyWithSourcesSerializer)


def _study_json(name: str, user: User) -> dict[str, Any]:
    study = selectors.get_study_resource(name)
    if not user.may(Act.VIEW_SOURCES):
        return dict(StudySerializer(study).data)
    study.source_labels = selectors.labels_of(study)  # type: ignore[attr-defined]  # read by the serializer
    return dict(StudyWithSourcesSerializer(study).data)


class StudyFilter(Filters):
    dataset = django_filters.CharFilter(field_name="dataset__name")
    state = django_filters.ChoiceFilter(choices=Study.State.choices)

    class Meta:
        model = Study
        fields: list[str] = []


class StudiesView(generics.ListAPIView[Study]):
    """Studies, newest first; a list names no sources."""

    serializer_class = StudySerializer
    filterset_class = StudyFilter

    def get_queryset(self) -> QuerySet[Study]:
        if getattr(self, "swagger_fake_view", False):
            return Study.objects.none()
        require(staff_user(self.request), Act.VIEW_STUDIES)
        return selectors.studies()

    @extend_schema(request=NewStudySerializer, responses={201: _STUDY})
    def post(self, request: Request) -> Response:
        """Draws a study's triples; it is a draft until it is opened."""
        user = staff_user(request)
        require(user, Act.RUN_STUDIES)
        body = NewStudySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        study = create_study(read_design(body.validated_data), actor=Actor.of(user))
        return Response(_study_json(study.name, user), status=HTTPStatus.CREATED)


class StudyView(APIView):
    """One study."""

    @extend_schema(responses=_STUDY)
    def get(self, request: Request, name: str) -> Response:
        user = staff_user(request)
        require(user, Act.VIEW_STUDIES)
        return Response(_study_json(name, user))

    @extend_schema(request=NewStudySerializer, responses=_STUDY)
    def put(self, request: Request, name: str) -> Response:
        """Puts another design in a draft's place and draws it anew; 409 `wrong_state`, or `draft_in_use` once raters,
        panels or the like are about it."""
        user = staff_user(request)
        require(user, Act.RUN_STUDIES)
        body = NewStudySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        study = redraw_draft(name, read_design(body.validated_data), actor=Actor.of(user))
        return Response(_study_json(study.name, user))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, name: str) -> Response:
        """Throws a draft away; 409 as for PUT."""
        user = staff_user(request)
        require(user, Act.RUN_STUDIES)
        delete_draft(name, actor=Actor.of(user))
        return Response(status=HTTPStatus.NO_CONTENT)


class LintView(APIView):
    """What the leak lint finds in a study."""

    @extend_schema(responses=LintSerializer)
    def get(self, request: Request, name: str) -> Response:
        require(staff_user(request), Act.VIEW_SOURCES)
        findings = [finding.as_json() for finding in lint_study(get_study(name))]
        return Response({"study": name, "lint": findings})


class ProgressView(APIView):
    """How far a study is."""

    @extend_schema(responses=ProgressSerializer)
    def get(self, request: Request, name: str) -> Response:
        require(staff_user(request), Act.VIEW_STUDIES)
        return Response(asdict(study_progress(get_study(name))))


class _ActView(APIView):
    """One step of a study's life."""

    act = Act.RUN_STUDIES

    def run(self, request: Request, name: str, step: Callable[[Actor], object]) -> Response:
        user = staff_user(request)
        require(user, self.act)
        step(Actor.of(user))
        return Response(_study_json(name, user))


class OpenView(_ActView):
    @extend_schema(request=OpenStudySerializer, responses=_STUDY)
    def post(self, request: Request, name: str) -> Response:
        """Opens a draft or resumes a paused study; 409 `lint_blocks` without an override, 409 `wrong_state`."""
        body = OpenStudySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return self.run(request, name, lambda actor: open_study(name, actor=actor, **body.validated_data))


class RaiseOverlapView(_ActView):
    @extend_schema(request=RaiseOverlapSerializer, responses=RaisedOverlapSerializer)
    def post(self, request: Request, name: str) -> Response:
        """Plans more ratings of each triple while the study runs; logged as a deviation from its protocol."""
        user = staff_user(request)
        require(user, self.act)
        body = RaiseOverlapSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        study, made = raise_overlap(name, **body.validated_data, actor=Actor.of(user))
        answer = {"study": study.name, "state": study.state, "slots": made}
        return Response({**answer, "ratings_per_triple": study.ratings_per_triple})


class DeviationsView(_ActView):
    @extend_schema(request=NoteSerializer, responses={201: DeviationSerializer})
    def post(self, request: Request, name: str) -> Response:
        """Writes down what was done otherwise than the protocol says, where no call of ours did it."""
        user = staff_user(request)
        require(user, self.act)
        body = NoteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        noted = note_deviation(name, **body.validated_data, actor=Actor.of(user))
        return Response(DeviationSerializer(noted).data, status=HTTPStatus.CREATED)


class ThresholdsView(_ActView):
    @extend_schema(request=ThresholdsSerializer, responses=_STUDY)
    def post(self, request: Request, name: str) -> Response:
        """Changes thresholds of quality control after opening; logged as a deviation from the protocol."""
        body = ThresholdsSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        said = body.validated_data
        return self.run(
            request,
            name,
            lambda actor: change_thresholds(name, to=said["thresholds"], reason=said["reason"], actor=actor),
        )


class PlanView(APIView):
    """How likely a study of some size is to find a difference, and what it costs."""

    @extend_schema(request=PlanRequestSerializer, responses=PlanAnswerSerializer)
    def post(self, request: Request) -> Response:
        """Simulates the study with the test that its results will report; stores nothing."""
        require(staff_user(request), Act.RUN_STUDIES)
        body = PlanRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        said = dict(body.validated_data)
        beside = {name: said.pop(name) for name in ("extra", "seconds_per_rating", "pay", "curve")}
        return Response(plan_study(PlanRequest(plan=Plan(**said), **beside)))


class PauseView(_ActView):
    @extend_schema(request=None, responses=_STUDY)
    def post(self, request: Request, name: str) -> Response:
        """No new assignments; held ones may still be rated."""
        return self.run(request, name, lambda actor: pause_study(name, actor=actor))


class CloseView(_ActView):
    @extend_schema(request=None, responses=_STUDY)
    def post(self, request: Request, name: str) -> Response:
        """No more ratings, for good; results become visible."""
        return self.run(request, name, lambda actor: close_study(name, actor=actor))


class UnblindView(_ActView):
    act = Act.UNBLIND

    @extend_schema(request=UnblindSerializer, responses=_STUDY)
    def post(self, request: Request, name: str) -> Response:
        """Shows per-source results from now on; the study's state does not change. Audited."""
        body = UnblindSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return self.run(request, name, lambda actor: unblind_study(name, actor=actor, **body.validated_data))


class RatersView(generics.ListAPIView[Rater]):
    """A study's raters."""

    serializer_class = RaterSerializer

    def get_queryset(self) -> QuerySet[Rater]:
        if getattr(self, "swagger_fake_view", False):
            return Rater.objects.none()
        require(staff_user(self.request), Act.VIEW_STUDIES)
        return selectors.raters_of(get_study(self.kwargs["name"]))

    @extend_schema(request=NewRatersSerializer, responses={201: MintedRatersSerializer})
    def post(self, request: Request, name: str) -> Response:
        """Makes raters. Their tokens and links are in this answer and nowhere else. 410 `study_closed`."""
        user = staff_user(request)
        require(user, Act.RUN_STUDIES)
        body = NewRatersSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        require_raters_can_come(name)
        raters = create_raters(name, **body.validated_data, actor=Actor.of(user))
        return Response({"raters": [asdict(rater) for rater in raters]}, status=HTTPStatus.CREATED)


class RatingFilter(Filters):
    rater = django_filters.CharFilter(field_name="rater__name")
    raters = django_filters.ChoiceFilter(field_name="rater__kind", choices=Rater.Kind.choices)
    question = django_filters.CharFilter(field_name="triple__question__external_id")
    current = TruthFilter()
    skipped = TruthFilter()
    surplus = TruthFilter()

    class Meta:
        model = Rating
        fields: list[str] = []


class RatingsView(generics.ListAPIView[Rating]):
    """A study's ratings, newest first, in source labels; 409 `blinded` until results may be seen.

    A rater's token gets its own last ten instead (`?mine=1`), as CONTRACT.md says.
    """

    serializer_class = RatingSerializer
    filterset_class = RatingFilter

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        secret = request.headers.get("Authorization", "").partition(" ")[2].strip()
        if secret.startswith(RATER_PREFIX):
            return my_ratings(request)
        return super().dispatch(request, *args, **kwargs)

    @extend_schema(
        parameters=[
            OpenApiParameter("study", OpenApiTypes.STR, required=False, description="required for staff"),
            OpenApiParameter("mine", OpenApiTypes.BOOL, description="with a rater's token"),
        ]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        require(staff_user(request), Act.VIEW_SOURCES)
        study = self._study()
        require_visible_results(study)
        page = self.paginate_queryset(self.filter_queryset(selectors.ratings_of(study)))
        assert page is not None
        labels = source_labels(study)
        rows = [selectors.rating_as_json(rating, study, labels) for rating in page]
        return self.get_paginated_response(RatingSerializer(rows, many=True).data)

    def get_queryset(self) -> QuerySet[Rating]:
        return Rating.objects.none()  # what filters are described by; `get` brings the study's rows

    def _study(self) -> Study:
        name = self.request.query_params.get("study")
        if not name:
            raise InvalidInput("study: name one.", details={"field": "study", "expected": "a study's name"})
        return get_study(name)
