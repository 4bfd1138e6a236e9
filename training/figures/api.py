"""The calls about figures: what was asked for, with its numbers; a new one from finished runs."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.bodies import Body
from accounts.gates import require, staff_user
from accounts.roles import Act
from training.figures.catalogue import KINDS
from training.figures.making import (
    MAX_RUNS,
    from_stored,
    make_figure_for,
    make_source_figure_for,
    runs_labelled,
    visible_figure,
)
from training.figures.models import FigureRecord
from training.figures.selectors import figures
from training.runs.models import TrainingRun


class FigureSerializer(serializers.ModelSerializer[FigureRecord]):
    """`error` is {} for a figure that was made."""

    runs: serializers.SlugRelatedField[TrainingRun] = serializers.SlugRelatedField(
        "label", many=True, read_only=True
    )
    dataset = serializers.CharField(source="dataset.name", read_only=True, default=None)

    class Meta:
        model = FigureRecord
        fields = [
            "id", "name", "runs", "dataset", "sources", "seeds", "plan", "error", "code_version", "created_at",
        ]  # fmt: skip


class FigureWithNumbersSerializer(FigureSerializer):
    """`numbers`: one object for each point, as in the CSV file; [] where the figure could not be made."""

    numbers = serializers.SerializerMethodField()

    class Meta(FigureSerializer.Meta):
        fields = [*FigureSerializer.Meta.fields, "numbers"]

    def get_numbers(self, figure: FigureRecord) -> list[dict[str, Any]]:
        return from_stored(figure).numbers if figure.result else []


class NewFigureSerializer(Body):
    """`runs`: labels of finished runs. Or `dataset` and `sources`: whose solutions of it (step-counts)."""

    name = serializers.ChoiceField(choices=list(KINDS))
    runs = serializers.ListField(child=serializers.CharField(), max_length=MAX_RUNS, default=list)
    dataset = serializers.CharField(default="")
    sources = serializers.ListField(child=serializers.CharField(), max_length=MAX_RUNS, default=list)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        runs, dataset, sources = attrs["runs"], attrs["dataset"], attrs["sources"]
        if bool(runs) == bool(dataset or sources):
            given = "both are given" if runs else "neither is given"
            raise serializers.ValidationError(
                {"runs": [f"Expected labels of finished runs, or dataset with sources: {given}."]}
            )
        if sources and not dataset:
            raise serializers.ValidationError({"dataset": ["Expected the name of a dataset beside sources."]})
        return attrs


class FiguresView(generics.ListAPIView[FigureRecord]):
    """Figures that were asked for, newest first."""

    serializer_class = FigureSerializer

    def get_queryset(self) -> QuerySet[FigureRecord]:
        if getattr(self, "swagger_fake_view", False):
            return FigureRecord.objects.none()
        require(staff_user(self.request), Act.VIEW_MODELS)
        return figures()

    @extend_schema(request=NewFigureSerializer, responses={201: FigureWithNumbersSerializer})
    def post(self, request: Request) -> Response:
        """Makes a figure; 409 `run_not_finished` or `nothing_to_draw` says what is missing."""
        user = staff_user(request)
        require(user, Act.RUN_JOBS)
        body = NewFigureSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        if asked["runs"]:
            made = make_figure_for(user, asked["name"], runs_labelled(asked["runs"]))
        else:
            made = make_source_figure_for(user, asked["name"], asked["dataset"], asked["sources"])
        return Response(FigureWithNumbersSerializer(made).data, status=HTTPStatus.CREATED)


class FigureView(APIView):
    """One figure with its numbers."""

    @extend_schema(responses=FigureWithNumbersSerializer)
    def get(self, request: Request, pk: int) -> Response:
        require(staff_user(request), Act.VIEW_MODELS)
        return Response(FigureWithNumbersSerializer(visible_figure(pk)).data)
