"""The calls about what runs will take, and how they compare."""

from __future__ import annotations

from http import HTTPStatus

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.audit import Actor
from accounts.gates import require, staff_user
from accounts.roles import Act
from jobs.tasks import enqueue
from training.runs.api import named_recipe
from training.runs.comparing import compare
from training.runs.estimates import outlook
from training.runs.launching import inputs_for
from training.runs.measured_models import Measurement
from training.runs.measuring import measure
from training.runs.serializers import AskedRunSerializer
from training.runs.watch_serializers import (
    ComparisonSerializer,
    MeasurementSerializer,
    NewMeasurementSerializer,
    OutlookSerializer,
)


class EstimateRunView(APIView):
    """What a run would take."""

    @extend_schema(request=AskedRunSerializer, responses=OutlookSerializer)
    def post(self, request: Request) -> Response:
        """Launches nothing. `estimate` is null until the base was measured on the dataset (`POST measurements/`)."""
        user = staff_user(request)
        require(user, Act.RUN_JOBS)
        body = AskedRunSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        recipe = named_recipe(body.validated_data)
        return Response(OutlookSerializer(outlook(recipe.values, inputs_for(user, recipe))).data)


class MeasurementsView(generics.ListAPIView[Measurement]):
    """How fast models are on the machines of this site, newest first."""

    serializer_class = MeasurementSerializer

    def get_queryset(self) -> QuerySet[Measurement]:
        if getattr(self, "swagger_fake_view", False):
            return Measurement.objects.none()
        require(staff_user(self.request), Act.VIEW_MODELS)
        return Measurement.objects.select_related("model", "dataset", "job").order_by("-id")

    @extend_schema(request=NewMeasurementSerializer, responses={201: MeasurementSerializer})
    def post(self, request: Request) -> Response:
        """Sends a worker to measure a model on a dataset; the measurement that waits already, if there is one."""
        user = staff_user(request)
        require(user, Act.RUN_JOBS)
        body = NewMeasurementSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        found = measure(body.validated_data["model"], body.validated_data["dataset"], actor=Actor.of(user))
        enqueue(found.job)
        return Response(MeasurementSerializer(found).data, status=HTTPStatus.CREATED)


class CompareRunsView(APIView):
    """Two to six runs of one dataset side by side."""

    @extend_schema(
        parameters=[OpenApiParameter("run", str, many=True, required=True, description="labels of runs")],
        responses=ComparisonSerializer,
    )
    def get(self, request: Request) -> Response:
        """`?run=LABEL&run=LABEL`: differing keys, accuracy with intervals, paired differences, time and steps.

        `final` is the best of `chosen_among` iterations on the same held-out questions that it is told on, and so are
        the differences `on` "held out": its accuracy, interval and `p` are too kind to a run, the more so the more it
        had to choose among. For numbers to report evaluate the results on a split that chose nothing.

        422 for fewer than two, more than six, and for runs of different datasets; 404 for a label that no run has.
        """
        require(staff_user(request), Act.VIEW_MODELS)
        return Response(compare(request.query_params.getlist("run")).as_json())
