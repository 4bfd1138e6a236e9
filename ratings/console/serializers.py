"""What the calls about studies, raters and ratings answer with, and what they ask for."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.bodies import Body
from ratings.analysis.planning import Plan
from ratings.analysis.serializers import DeviationSerializer
from ratings.console.design_fields import (
    FormField,
    JourneyField,
    PayField,
    PoolField,
    ProtocolField,
    QualityField,
)
from ratings.slots.models import Rater
from ratings.studies.estimate import SECONDS_PER_RATING
from ratings.studies.models import Study
from ratings.studies.presets import PRESETS


class StudySerializer(serializers.ModelSerializer[Study]):
    """A study; `sources` only for those who may see what the sources are."""

    study = serializers.CharField(source="name", read_only=True)
    dataset = serializers.CharField(source="dataset.name", read_only=True)
    triples = serializers.IntegerField(source="triple_count", read_only=True)
    protocol_sha256 = serializers.CharField(
        source="frozen_protocol.sha256", default=None, allow_null=True, read_only=True
    )
    form = FormField(read_only=True)
    quality = QualityField(read_only=True)
    pay = PayField(read_only=True)
    pools = serializers.ListField(child=PoolField(), read_only=True)
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
            "split",
            "any_answer",
            "strict_text",
            "instructions",
            "form",
            "quality",
            "pay",
            "pools",
            "protocol_sha256",
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
    journey = JourneyField(read_only=True)
    protocol = ProtocolField(read_only=True)
    deviations = DeviationSerializer(many=True, read_only=True)

    class Meta(StudySerializer.Meta):
        # A journey may name the sources that are people, and the primary contrast names two.
        fields = [*StudySerializer.Meta.fields, "sources", "journey", "protocol", "deviations"]
        read_only_fields = fields


class NewStudySerializer(Body):
    """CONTRACT.md's `create_study`; bounds are checked by the study's design, what is absent comes from the preset."""

    name = serializers.CharField()
    dataset = serializers.CharField()
    sources = serializers.ListField(child=serializers.CharField(), min_length=3, max_length=3)
    preset = serializers.ChoiceField(choices=sorted(PRESETS), required=False)
    questions = serializers.IntegerField(required=False, help_text="default 50")
    ratings_per_triple = serializers.IntegerField(required=False, help_text="default 3")
    per_rater = serializers.IntegerField(required=False, allow_null=True)
    seed = serializers.IntegerField(required=False, help_text="default 0")
    split = serializers.CharField(required=False, allow_blank=True, help_text="draw from this split alone")
    any_answer = serializers.BooleanField(required=False)
    strict_text = serializers.BooleanField(required=False)
    lease_seconds = serializers.IntegerField(required=False, help_text="default 600")
    instructions = serializers.CharField(required=False)
    form = FormField(required=False)
    journey = JourneyField(required=False)
    quality = QualityField(required=False)
    pay = PayField(required=False)
    protocol = ProtocolField(required=False)
    pools = serializers.ListField(
        child=PoolField(), required=False, help_text="groups of raters with a quota of their own"
    )


class RaiseOverlapSerializer(serializers.Serializer[Any]):
    to = serializers.IntegerField(help_text="planned ratings of each triple from now on")
    reason = serializers.CharField(help_text="kept as a deviation from the protocol")


class RaisedOverlapSerializer(serializers.Serializer[Any]):
    study = serializers.CharField()
    state = serializers.CharField()
    ratings_per_triple = serializers.IntegerField()
    slots = serializers.IntegerField(help_text="made now")


_PLAN = Plan()


class NoteSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(help_text="what was done otherwise than the protocol says, and why")


class ThresholdsSerializer(serializers.Serializer[Any]):
    thresholds = QualityField(help_text="those of the quality mix that change")
    reason = serializers.CharField(help_text="kept as a deviation from the protocol")


class PlanSerializer(serializers.Serializer[Any]):
    """A study whose power is asked for; bounds are checked by the planner."""

    questions = serializers.IntegerField(default=_PLAN.questions)
    ratings_per_triple = serializers.IntegerField(default=_PLAN.ratings_per_triple)
    raters = serializers.IntegerField(default=_PLAN.raters)
    win_rate = serializers.FloatField(default=_PLAN.win_rate, help_text="of the better source, ties as half")
    ties = serializers.FloatField(default=_PLAN.ties, help_text="share of ratings that tie the two")
    sd_question = serializers.FloatField(default=_PLAN.sd_question, help_text="in log odds")
    sd_rater = serializers.FloatField(default=_PLAN.sd_rater, help_text="in log odds")
    alpha = serializers.FloatField(default=_PLAN.alpha)
    simulations = serializers.IntegerField(default=_PLAN.simulations)
    seed = serializers.IntegerField(default=_PLAN.seed)


class PlanRequestSerializer(Body, PlanSerializer):
    extra = serializers.IntegerField(default=0, help_text="items beside the plan for each rater")
    seconds_per_rating = serializers.FloatField(default=SECONDS_PER_RATING)
    pay = PayField(default=dict)
    curve = serializers.BooleanField(default=False, help_text="also fewer and more questions")


class PowerSerializer(serializers.Serializer[Any]):
    power = serializers.FloatField()
    standard_error = serializers.FloatField(
        help_text="Monte Carlo, never 0: with a success and a failure added"
    )
    low = serializers.FloatField(help_text="95%, Wilson")
    high = serializers.FloatField()
    simulations = serializers.IntegerField(help_text="how many were simulated")
    asked = serializers.IntegerField(
        help_text="how many were asked for: large studies are simulated fewer times"
    )


class EstimateSerializer(serializers.Serializer[Any]):
    ratings = serializers.IntegerField()
    raters = serializers.IntegerField()
    per_rater = serializers.IntegerField()
    extra_items = serializers.IntegerField()
    minutes_per_rater = serializers.FloatField()
    hours = serializers.FloatField()
    cost = serializers.CharField(allow_null=True)
    currency = serializers.CharField(allow_null=True)
    hourly = serializers.CharField(allow_null=True)
    below_floor = serializers.BooleanField()


class PlanAnswerSerializer(serializers.Serializer[Any]):
    plan = PlanSerializer()
    power = PowerSerializer()
    estimate = EstimateSerializer()
    curve = serializers.ListField(child=serializers.DictField(), required=False)


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
    beside = serializers.IntegerField(help_text="of the ratings those of paper clubs, beside the plan")
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
    pool = serializers.CharField(default="", allow_blank=True, help_text="one of the study's pools")


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
    triple = serializers.IntegerField(allow_null=True, help_text="null for checks and practice")
    question = serializers.CharField(allow_null=True)
    shown = serializers.ListField(child=serializers.CharField(), allow_null=True)
    ranking = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    all_bad = serializers.BooleanField()
    first_wrong_step = serializers.DictField(child=serializers.IntegerField())
    reasons = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    confidence = serializers.IntegerField(allow_null=True)
    doubts = serializers.ListField(child=serializers.CharField())
    comment = serializers.CharField()
    active_seconds = serializers.FloatField(allow_null=True)
    submitted_at = serializers.DateTimeField()
