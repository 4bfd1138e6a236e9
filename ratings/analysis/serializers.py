"""The shape of an analysis, for the API's description.

Fields called as attributes of DRF's own classes are (label, source, parent …) are annotated Any.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class NaiveSerializer(serializers.Serializer[Any]):
    p_one_sided = serializers.FloatField(allow_null=True)
    p_two_sided = serializers.FloatField(allow_null=True)


class ClusteredSerializer(serializers.Serializer[Any]):
    win_rate = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    p_two_sided = serializers.FloatField(allow_null=True)
    method = serializers.CharField()


class PairSerializer(serializers.Serializer[Any]):
    a = serializers.CharField()
    b = serializers.CharField()
    wins_a = serializers.IntegerField()
    wins_b = serializers.IntegerField()
    ties = serializers.IntegerField()
    odds = serializers.FloatField(allow_null=True)
    naive = NaiveSerializer()
    clustered = ClusteredSerializer()


class StrengthSerializer(serializers.Serializer[Any]):
    source: Any = serializers.CharField()
    strength = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class AgreementSerializer(serializers.Serializer[Any]):
    alpha_ordinal = serializers.FloatField(allow_null=True)
    pairwise_percent = serializers.FloatField(allow_null=True)
    units = serializers.IntegerField()


class PositionSerializer(serializers.Serializer[Any]):
    mean_rank = serializers.ListField(child=serializers.FloatField())
    p_two_sided = serializers.FloatField()


class FirstShownSerializer(serializers.Serializer[Any]):
    wins = serializers.IntegerField()
    losses = serializers.IntegerField()
    ties = serializers.IntegerField()
    share = serializers.FloatField(
        allow_null=True, help_text="win rate of the card shown first; 1/2: no effect"
    )
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    p_two_sided = serializers.FloatField(allow_null=True)
    method = serializers.CharField()


class IndexSerializer(serializers.Serializer[Any]):
    index = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    p_two_sided = serializers.FloatField(allow_null=True, help_text="against pure guessing")
    method = serializers.CharField()


class BlindingSerializer(serializers.Serializer[Any]):
    """Whether raters could tell people from machines: Bang's index (-1 to 1) for each kind, James's (0 to 1)."""

    cards = serializers.IntegerField()
    raters = serializers.IntegerField()
    unsure = serializers.IntegerField()
    bang_people = IndexSerializer()
    bang_machines = IndexSerializer()
    james = IndexSerializer()


class PrimarySerializer(serializers.Serializer[Any]):
    """The primary contrast as it was frozen, and how it came out: win rate of `a`, ties counting half."""

    a = serializers.CharField()
    b = serializers.CharField()
    direction = serializers.CharField()
    test = serializers.CharField()
    alpha = serializers.FloatField()
    planned_ratings = serializers.IntegerField(allow_null=True)
    exclusions = serializers.CharField()
    hypothesis = serializers.CharField()
    ratings = serializers.IntegerField()
    win_rate = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    p = serializers.FloatField(allow_null=True)
    significant = serializers.BooleanField(allow_null=True)


class DeviationSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    details = serializers.DictField()
    reason = serializers.CharField()
    by = serializers.CharField()
    at = serializers.DateTimeField()


class ProtocolSerializer(serializers.Serializer[Any]):
    sha256 = serializers.CharField(allow_null=True)
    frozen_at = serializers.DateTimeField(allow_null=True)
    primary = PrimarySerializer(allow_null=True)
    deviations = DeviationSerializer(many=True)


class AnalysisSerializer(serializers.Serializer[Any]):
    study = serializers.CharField()
    raters_kind = serializers.CharField()
    ratings = serializers.IntegerField()
    raters = serializers.IntegerField(allow_null=True)
    questions = serializers.IntegerField()
    excluded = serializers.DictField(child=serializers.IntegerField())
    pairs = PairSerializer(many=True)
    strengths = StrengthSerializer(many=True)
    agreement = AgreementSerializer()
    position = PositionSerializer(allow_null=True)
    first_shown = FirstShownSerializer(allow_null=True, help_text="of pairwise studies; null for others")
    protocol = ProtocolSerializer()
    blinding = BlindingSerializer(allow_null=True, help_text="null: nobody was asked, or no source is people")
