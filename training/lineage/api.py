"""The call `lineage/{rationale}/`.

Fields called as attributes of DRF's own classes are (label, source, parent …) are annotated Any.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.gates import require, staff_user
from accounts.roles import Act
from training.lineage.selectors import lineage_of


class LineageRationaleSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    sha256 = serializers.CharField()
    source: Any = serializers.CharField()
    dataset = serializers.CharField()
    question = serializers.CharField()
    question_revision = serializers.IntegerField()
    split = serializers.CharField()
    verdict = serializers.CharField()
    live = serializers.BooleanField()


class LineageCandidateSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    generation_run = serializers.IntegerField()
    model = serializers.CharField()
    prompt = serializers.CharField()
    sample = serializers.IntegerField()
    seed = serializers.IntegerField()
    temperature = serializers.FloatField()
    logprob = serializers.FloatField(allow_null=True)
    hint = serializers.BooleanField()


class LineageRunSerializer(serializers.Serializer[Any]):
    """A run on the way to a model. votes: pairs of votes that it learned from, by study."""

    run = serializers.IntegerField()
    label: Any = serializers.CharField()
    algorithm = serializers.CharField()
    checkpoint = serializers.CharField()
    iteration = serializers.IntegerField()
    step = serializers.IntegerField()
    base = serializers.CharField()
    dataset = serializers.CharField()
    studies = serializers.ListField(child=serializers.CharField())
    recipe_sha256 = serializers.CharField()
    data_sha256 = serializers.CharField()
    code_version = serializers.CharField()
    seed = serializers.IntegerField()
    votes = serializers.DictField(child=serializers.IntegerField())


class LineageModelSerializer(serializers.Serializer[Any]):
    """trained: the runs that led to it, the nearest first; none for a model that came from elsewhere."""

    label: Any = serializers.CharField()
    kind = serializers.CharField()
    digest = serializers.CharField()
    trained = LineageRunSerializer(many=True)


class LineageStudySerializer(serializers.Serializer[Any]):
    """by_raters: how it fared against the others of its triple; left out while the study is blinded."""

    study = serializers.CharField()
    triple = serializers.IntegerField()
    blinded = serializers.BooleanField()
    by_raters = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()), required=False
    )


class LineageUseSerializer(serializers.Serializer[Any]):
    run = serializers.IntegerField()
    label: Any = serializers.CharField()
    algorithm = serializers.CharField()
    examples = serializers.IntegerField()
    chosen = serializers.IntegerField()
    rejected = serializers.IntegerField()


class LineageSerializer(serializers.Serializer[Any]):
    rationale = LineageRationaleSerializer()
    candidates = LineageCandidateSerializer(many=True)
    candidate_count = serializers.IntegerField()
    models = LineageModelSerializer(many=True)
    studies = LineageStudySerializer(many=True)
    learned_by = LineageUseSerializer(many=True)


class LineageView(APIView):
    """Where a rationale comes from, and what was made of it."""

    @extend_schema(responses=LineageSerializer)
    def get(self, request: Request, rationale: int) -> Response:
        """Rationale, candidates, models and the runs behind them with data and votes; studies; who learned from it."""
        user = staff_user(request)
        require(user, Act.VIEW_SOURCES)
        require(user, Act.VIEW_MODELS)
        return Response(lineage_of(rationale))
