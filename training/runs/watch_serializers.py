"""Measurements, estimates and comparisons as the API shows them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.bodies import Body
from training.runs.measured_models import Measurement
from training.runs.serializers import JobStateSerializer


class ComparisonSerializer(serializers.Serializer[Any]):
    """Runs in the order asked for; `differences` are the first minus the second of every two, on the same questions."""

    dataset = serializers.CharField()
    runs = serializers.ListField(child=serializers.JSONField())
    differences = serializers.ListField(child=serializers.JSONField())
    recipe = serializers.DictField(
        child=serializers.JSONField(), help_text="keys that differ: {key: {label: value}}"
    )


class MeasurementSerializer(serializers.ModelSerializer[Measurement]):
    """`host`: the machine, "" before it was measured. `figures`: seconds, bytes and tokens; {} before."""

    model = serializers.CharField(source="model.label", read_only=True)
    dataset = serializers.CharField(source="dataset.name", read_only=True)
    job = JobStateSerializer(read_only=True)

    class Meta:
        model = Measurement
        fields = ["id", "model", "dataset", "host", "figures", "job", "created_at"]
        read_only_fields = fields


class NewMeasurementSerializer(Body):
    model = serializers.CharField()
    dataset = serializers.CharField()


class OutlookSerializer(serializers.Serializer[Any]):
    """`estimate`: steps, tokens, seconds, bytes and stages; null before anything was measured. `steps` is then what is
    known of the steps of the optimiser, null where they depend on what the model gets right."""

    base = serializers.CharField(source="base.label")
    dataset = serializers.CharField(source="dataset.name")
    estimate = serializers.SerializerMethodField()
    steps = serializers.IntegerField(allow_null=True)
    advice = serializers.ListField(
        child=serializers.CharField(), help_text="what is allowed and easily overlooked"
    )
    measurement = MeasurementSerializer(allow_null=True)
    pending = MeasurementSerializer(allow_null=True)

    @extend_schema_field({"type": "object", "nullable": True})
    def get_estimate(self, found: Any) -> dict[str, Any] | None:
        return None if found.estimate is None else found.estimate.as_json()
