"""The objects of a study's design in calls: taken as they come, checked by the design's own readers, and described."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ratings.studies.schema import ref


@extend_schema_field(ref("RatingForm"))
class FormField(serializers.DictField):
    """What one act of rating asks for."""


@extend_schema_field(ref("StudyJourney"))
class JourneyField(serializers.DictField):
    """What comes before and after rating."""


@extend_schema_field(ref("QualityMix"))
class QualityField(serializers.DictField):
    """Items and thresholds of quality control."""


@extend_schema_field(ref("Pay"))
class PayField(serializers.DictField):
    """What raters are paid."""


@extend_schema_field(ref("PrimaryContrast"))
class ProtocolField(serializers.DictField):
    """The primary contrast."""


@extend_schema_field(ref("RaterPool"))
class PoolField(serializers.DictField):
    """A group of raters with a quota of its own."""
