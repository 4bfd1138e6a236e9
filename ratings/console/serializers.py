"""What the calls about studies, raters and ratings answer with, and what they ask for."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ratings.slots.models import Rater
from ratings.studies.models import DEFAULT_INSTRUCTIONS, Study


class StudySerializer(serializers.ModelSerializer[Study]):
    """A study; `sources` only for those who may see what the sources are."""

    study = serializers.CharField(source="name", read_only=True)
    dataset = serializers.CharField(source="dataset.name", read_only=True)
    triples = serializers.IntegerField(source="triple_count", read_only=True)
    results_visible = serializers.BooleanField(source="results_are_visible", read_only=True)

    class Meta:
        model = Study
        fields = [
            "study",
            "dataset",
            "state",
            "triples",
            "ratings_per_triple",
            "per_rater",
            "lease_seconds",
            "seed",
            "any_answer",
            "strict_text",
            "instructions",
            "eligible",
            "considered",
            "excluded",
            "created_at",
            "opened_at",
            "closed_at",
            "unblinded_at",
            "results_visible",
        ]
        read_only_fields = fields


class StudyWithSourcesSerializer(StudySerializer):
    sources = serializers.ListField(child=serializers.CharField(), source="source_labels", read_only=True)

    class Meta(StudySerializer.Meta):
        fields = [*StudySerializer.Meta.fields, "sources"]
        read_only_fields = fields


class NewStudySerializer(serializers.Serializer[Any]):
    """CONTRACT.md's `create_study`; bounds are checked by the study's design."""

    name = serializers.CharField()
    dataset = serializers.CharField()
    sources = serializers.ListField(child=serializers.CharField(), min_length=3, max_length=3)
    questions = serializers.IntegerField(default=50)
    ratings_per_triple = serializers.IntegerField(default=3)
    per_rater = serializers.IntegerField(default=None, allow_null=True)
    seed = serializers.IntegerField(default=0)
    any_answer = serializers.BooleanField(default=False)
    strict_text = serializers.BooleanField(default=False)
    lease_seconds = serializers.IntegerField(default=600)
    instructions = serializers.CharField(default=DEFAULT_INSTRUCTIONS)


class OpenStudySerializer(serializers.Serializer[Any]):
    override = serializers.CharField(
        default="", allow_blank=True, help_text="reason for opening in spite of blocking findings"
    )


class UnblindSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(help_text="kept in the audit log")


class FindingSerializer(serializers.Serializer[Any]):
    rule = serializers.CharField()
    triple = serializers.IntegerField()
    message = serializers.CharField()
    blocks = serializers.BooleanField()


class LintSerializer(serializers.Serializer[Any]):
    study = serializers.CharField()
    lint = FindingSerializer(many=True)


class ProgressSerializer(serializers.Serializer[Any]):
    """Slots by state, and what raters did."""

    planned = serializers.IntegerField()
    open = serializers.IntegerField()
    held = serializers.IntegerField()
    lapsed = serializers.IntegerField(help_text="held, but the lease has run out: claimable")
    rated = serializers.IntegerField()
    parked = serializers.IntegerField(help_text="skipped too often")
    ratings = serializers.IntegerField()
    skips = serializers.IntegerField()
    surplus = serializers.IntegerField()
    raters = serializers.IntegerField()


class RaterSerializer(serializers.ModelSerializer[Rater]):
    """A rater of one study. Tokens are shown when they are made, never again."""

    last_used_at = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = Rater
        fields = ["name", "kind", "anonymous", "done", "created_at", "last_used_at"]
        read_only_fields = fields


class NewRatersSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    count = serializers.IntegerField(default=None, allow_null=True, help_text="NAME-1 to NAME-count")


class MintedRaterSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    token = serializers.CharField()
    link = serializers.CharField()


class MintedRatersSerializer(serializers.Serializer[Any]):
    raters = MintedRaterSerializer(many=True)


class RatingSerializer(serializers.Serializer[Any]):
    """A rating as stored, in source labels. Never answered before results may be seen."""

    rating = serializers.CharField()
    revision = serializers.IntegerField()
    current = serializers.BooleanField()
    kind = serializers.CharField()
    surplus = serializers.BooleanField()
    skipped = serializers.BooleanField()
    skip_reason = serializers.CharField(help_text="of a skip, else empty")
    study = serializers.CharField()
    rater = serializers.CharField()
    raters_kind = serializers.CharField()
    triple = serializers.IntegerField()
    question = serializers.CharField()
    shown = serializers.ListField(child=serializers.CharField(), allow_null=True)
    ranking = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    all_bad = serializers.BooleanField()
    first_wrong_step = serializers.DictField(child=serializers.IntegerField())
    reasons = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    confidence = serializers.IntegerField(allow_null=True)
    comment = serializers.CharField()
    active_seconds = serializers.FloatField(allow_null=True)
    submitted_at = serializers.DateTimeField()
