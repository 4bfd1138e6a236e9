"""The quality of a study's raters by call: the page's numbers, and deciding about raters. Names no source."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.audit import Actor
from accounts.gates import require, staff_user
from accounts.roles import Act
from ratings.console.quality import SHOWN_REFUSALS, read_kind
from ratings.quality.decisions import decide
from ratings.quality.models import RaterDecision, RefusedInput
from ratings.quality.refused import refused_in
from ratings.quality.selectors import (
    RaterQuality,
    StudyQuality,
    active_seconds_of,
    decisions_of,
    study_quality,
)
from ratings.slots.models import Rater
from ratings.studies.models import Study
from ratings.studies.selectors import get_study


class SignalSerializer(serializers.Serializer[Any]):
    value = serializers.FloatField(allow_null=True, help_text="null: too few answers")
    threshold = serializers.FloatField()
    missed = serializers.BooleanField()
    said = serializers.CharField(help_text="the numbers behind it")


class RaterQualitySerializer(serializers.Serializer[Any]):
    rater = serializers.CharField()
    level = serializers.ChoiceField(choices=["fine", "look", "careless", "unknown"])
    included = serializers.BooleanField(help_text="whether the ratings count in the analysis")
    payment = serializers.ChoiceField(choices=["undecided", "approved", "rejected"])
    signals = serializers.DictField(child=SignalSerializer(), help_text="by checks, degraded, repeats, …")
    ratings = serializers.IntegerField()
    skips = serializers.IntegerField()
    all_bad = serializers.IntegerField()
    active_seconds = serializers.FloatField()
    median_seconds = serializers.FloatField(allow_null=True)
    relative_pace = serializers.FloatField(allow_null=True, help_text="against the study's median")
    focus_losses = serializers.IntegerField()
    away_seconds = serializers.IntegerField()
    first_places = serializers.ListField(child=serializers.IntegerField(), help_text="by position")
    hourly = serializers.CharField(
        allow_null=True, help_text="pay for an hour, of who is through with the study"
    )
    stage_seconds = serializers.FloatField(
        help_text="on consent, instructions, check and debrief, of who is through; part of that hour"
    )
    below_floor = serializers.BooleanField()


class RefusedSerializer(serializers.ModelSerializer[RefusedInput]):
    rater = serializers.CharField(source="rater.name", read_only=True)

    class Meta:
        model = RefusedInput
        fields = ["rater", "code", "day", "count"]
        read_only_fields = fields


class StudyQualitySerializer(serializers.Serializer[Any]):
    study = serializers.CharField()
    raters_kind = serializers.CharField()
    mix = serializers.DictField(help_text="items per rater, and thresholds")
    pay = serializers.DictField()
    median_session_seconds = serializers.FloatField(allow_null=True)
    median_hourly = serializers.CharField(allow_null=True)
    below_floor = serializers.IntegerField()
    raters = RaterQualitySerializer(many=True)
    refused = RefusedSerializer(many=True, help_text="bad input of raters of any kind, the latest 50")


class NewDecisionSerializer(serializers.Serializer[Any]):
    raters = serializers.ListField(child=serializers.CharField(), allow_empty=False)
    matter = serializers.ChoiceField(choices=RaterDecision.Matter.choices)
    verdict = serializers.ChoiceField(choices=RaterDecision.Verdict.choices)
    reason = serializers.CharField(
        default="", allow_blank=True, help_text="to withhold pay: 100 characters or more"
    )


class DecisionSerializer(serializers.ModelSerializer[RaterDecision]):
    rater = serializers.CharField(source="rater.name", read_only=True)
    decided_by = serializers.CharField(source="decided_by_label", read_only=True)

    class Meta:
        model = RaterDecision
        fields = ["id", "rater", "matter", "old", "new", "reason", "decided_by", "decided_at"]
        read_only_fields = fields


class QualityView(APIView):
    """Measures, thresholds and summary of every rater of one kind."""

    @extend_schema(
        responses=StudyQualitySerializer,
        parameters=[OpenApiParameter("raters", OpenApiTypes.STR, enum=Rater.Kind.values, default="human")],
    )
    def get(self, request: Request, name: str) -> Response:
        require(staff_user(request), Act.VIEW_STUDIES)
        study = get_study(name)
        kind = read_kind(request.query_params.get("raters"))
        return Response(quality_json(study, kind, study_quality(study, raters_kind=kind)))


class DecisionsView(generics.ListAPIView[RaterDecision]):
    """Decisions about a study's raters, the latest first."""

    serializer_class = DecisionSerializer

    def get_queryset(self) -> QuerySet[RaterDecision]:
        if getattr(self, "swagger_fake_view", False):
            return RaterDecision.objects.none()
        require(staff_user(self.request), Act.VIEW_STUDIES)
        return decisions_of(get_study(self.kwargs["name"])).select_related("rater")

    @extend_schema(request=NewDecisionSerializer, responses={201: DecisionSerializer(many=True)})
    def post(self, request: Request, name: str) -> Response:
        """Decides about raters, all or none; those who stand so already are left alone, and not in the answer."""
        user = staff_user(request)
        require(user, Act.RUN_STUDIES)
        body = NewDecisionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = dict(body.validated_data)
        made = decide(name, wanted.pop("raters"), **wanted, actor=Actor.of(user))
        return Response(DecisionSerializer(made, many=True).data, status=HTTPStatus.CREATED)


def quality_json(study: Study, kind: str, found: StudyQuality) -> dict[str, Any]:
    return {
        "study": study.name,
        "raters_kind": kind,
        "mix": found.mix.as_json(),
        "pay": found.pay.as_json(),
        "median_session_seconds": found.median_session,
        "median_hourly": None if found.median_hourly is None else str(found.median_hourly),
        "below_floor": len(found.unfair),
        "raters": [_rater_json(rater) for rater in found.raters],
        "refused": RefusedSerializer(refused_in(study)[:SHOWN_REFUSALS], many=True).data,
    }


def _rater_json(rater: RaterQuality) -> dict[str, Any]:
    measures = rater.measures
    return {
        "rater": rater.name,
        "level": rater.level.value,
        "included": rater.included,
        "payment": rater.payment,
        "signals": {
            signal.name: {
                "value": signal.value,
                "threshold": signal.threshold,
                "missed": signal.missed,
                "said": signal.said,
            }
            for signal in rater.signals
        },
        "ratings": measures.ratings,
        "skips": measures.skips,
        "all_bad": measures.all_bad,
        "active_seconds": round(active_seconds_of(measures), 3),
        "median_seconds": measures.median_seconds,
        "relative_pace": rater.relative_pace,
        "focus_losses": measures.focus_losses,
        "away_seconds": measures.away_seconds,
        "first_places": list(measures.firsts),
        "hourly": None if rater.hourly is None else str(rater.hourly),
        "stage_seconds": round(rater.stage_seconds, 3),
        "below_floor": rater.unfair,
    }
