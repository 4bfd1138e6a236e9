"""What the API says about jobs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from jobs.models import Job, Metric
from jobs.progress import seconds_left


class JobErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()
    details = serializers.DictField()


class JobSerializer(serializers.ModelSerializer[Job]):
    """`error`: why it failed, or why the attempt before this one broke. `result`: what its kind of work returns.

    `lost`: it is called running, but its worker has let `lease_expires_at` pass without a word: nobody works on it.
    """

    created_by = serializers.CharField(source="created_by_label", read_only=True)
    worker = serializers.CharField(source="lease_owner", read_only=True)
    error = JobErrorSerializer(read_only=True, allow_null=True)
    result = serializers.DictField(read_only=True, allow_null=True)
    lost = serializers.BooleanField(source="is_lost", read_only=True)
    seconds_left = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = [
            *("id", "kind", "queue", "title", "page", "parent", "state", "cancel_requested"),
            *("attempts", "failures", "max_attempts", "worker", "heartbeat_at", "lease_expires_at", "lost"),
            *("stage", "done", "total", "seconds_left", "reported_at", "error", "result"),
            *("created_by", "created_at", "queued_at", "started_at", "finished_at"),
        ]
        read_only_fields = fields

    @extend_schema_field({"type": "number", "nullable": True})
    def get_seconds_left(self, job: Job) -> float | None:
        """Of the present stage, at its pace so far."""
        return seconds_left(job)


class MetricSerializer(serializers.ModelSerializer[Metric]):
    class Meta:
        model = Metric
        fields = ["series", "step", "value", "at"]
        read_only_fields = fields


class LogSerializer(serializers.Serializer[Any]):
    """Whole lines. `end` is the byte after them: pass it as `after` for what comes next."""

    text = serializers.CharField()
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    size = serializers.IntegerField()
