"""Jobs by API: list, look, cancel, resume, and read curves and logs."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.audit import Actor
from accounts.errors import InvalidInput
from accounts.filters import Filters
from accounts.gates import require, staff_user
from accounts.roles import Act
from jobs.logs import read_log
from jobs.models import Job, Metric
from jobs.selectors import get_job
from jobs.serializers import JobSerializer, LogSerializer, MetricSerializer
from jobs.services import cancel_job, resume_job
from jobs.tasks import enqueue


class JobFilter(Filters):
    state = django_filters.ChoiceFilter(choices=Job.State.choices)
    kind = django_filters.CharFilter()
    queue = django_filters.CharFilter()
    parent = django_filters.NumberFilter()

    class Meta:
        model = Job
        fields: list[str] = []


class JobsView(generics.ListAPIView[Job]):
    """Jobs, newest first."""

    serializer_class = JobSerializer
    filterset_class = JobFilter

    def get_queryset(self) -> QuerySet[Job]:
        if getattr(self, "swagger_fake_view", False):
            return Job.objects.none()
        require(staff_user(self.request), Act.VIEW_MODELS)
        return Job.objects.all()


class JobView(APIView):
    """One job."""

    @extend_schema(responses=JobSerializer)
    def get(self, request: Request, pk: int) -> Response:
        require(staff_user(request), Act.VIEW_MODELS)
        return Response(JobSerializer(get_job(pk)).data)


class CancelJobView(APIView):
    """Ends a job that waits or runs."""

    @extend_schema(request=None, responses=JobSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """A running job answers with `cancel_requested` until its process has heard of it; 409 `job_ended`."""
        user = staff_user(request)
        require(user, Act.RUN_JOBS)
        return Response(JobSerializer(cancel_job(pk, actor=Actor.of(user))).data)


class ResumeJobView(APIView):
    """Puts a cancelled or failed job back into its queue."""

    @extend_schema(request=None, responses=JobSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """It goes on from what is stored; 409 `job_is_live` or `job_finished`."""
        user = staff_user(request)
        require(user, Act.RUN_JOBS)
        job = resume_job(pk, actor=Actor.of(user))
        for one in (job, *job.lanes.filter(state=Job.State.QUEUED)):
            enqueue(one)
        return Response(JobSerializer(job).data)


class MetricFilter(Filters):
    series = django_filters.CharFilter()

    class Meta:
        model = Metric
        fields: list[str] = []


class MetricsView(generics.ListAPIView[Metric]):
    """The points of a job's curves, the latest first."""

    serializer_class = MetricSerializer
    filterset_class = MetricFilter

    def get_queryset(self) -> QuerySet[Metric]:
        if getattr(self, "swagger_fake_view", False):
            return Metric.objects.none()
        require(staff_user(self.request), Act.VIEW_MODELS)
        return Metric.objects.filter(job=get_job(self.kwargs["pk"]))


class LogView(APIView):
    """A job's log."""

    @extend_schema(
        parameters=[
            OpenApiParameter("after", int, description="the byte to go on from; without it, the end")
        ],
        responses=LogSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        """At most 64 KiB of whole lines."""
        require(staff_user(request), Act.VIEW_MODELS)
        piece = read_log(get_job(pk).pk, after=_whole_number(request.query_params.get("after")))
        return Response(LogSerializer(piece).data)


def _whole_number(text: Any) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise InvalidInput(
            f"after: expected a whole number of bytes, got {text!r}.",
            details={"field": "after", "value": text},
        )
    return int(text)
