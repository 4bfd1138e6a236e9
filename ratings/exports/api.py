"""Exports by API: make one, list them, fetch the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import django_filters
from django.conf import settings
from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import quote_etag
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.bodies import Body
from accounts.filters import Filters
from accounts.gates import require, staff_user
from accounts.roles import Act
from ratings.exports.errors import NoStoredFile
from ratings.exports.models import Export
from ratings.exports.options import JSONL, PARQUET
from ratings.exports.pairs import DROP
from ratings.exports.selectors import exports_of, get_export, stored_file_of
from ratings.exports.services import export_study_for
from ratings.slots.models import Rater
from ratings.studies.blinding import require_visible_results

_CONTENT_TYPES = {JSONL: "application/x-ndjson", PARQUET: "application/vnd.apache.parquet"}


class ExportSerializer(serializers.ModelSerializer[Export]):
    """`file` is null where a command wrote the file to a path of its own."""

    study = serializers.CharField(source="study.name", read_only=True)
    file = serializers.SerializerMethodField()

    class Meta:
        model = Export
        fields = [
            "id",
            "study",
            "format",
            "container",
            "options",
            "version",
            "sha256",
            "rows",
            "bytes",
            "created_at",
            "file",
        ]
        read_only_fields = fields

    @extend_schema_field({"type": "string", "nullable": True})
    def get_file(self, export: Export) -> str | None:
        return reverse("api_export_file", args=[export.pk]) if export.path else None


class NewExportSerializer(Body):
    """The service says which values it knows, so that pages, API and commands refuse in the same words."""

    study = serializers.CharField()
    format = serializers.CharField()
    container = serializers.CharField(default=JSONL)
    raters = serializers.CharField(default=Rater.Kind.HUMAN.value)
    ties = serializers.CharField(default=DROP)
    split = serializers.CharField(default=None, allow_null=True)
    lineage = serializers.BooleanField(default=False)


class ExportFilter(Filters):
    study = django_filters.CharFilter(field_name="study__name")
    format = django_filters.CharFilter(field_name="format")
    version = django_filters.CharFilter(field_name="version")

    class Meta:
        model = Export
        fields: list[str] = []


class ExportsView(generics.ListAPIView[Export]):
    """Exports, newest first."""

    serializer_class = ExportSerializer
    filterset_class = ExportFilter

    def get_queryset(self) -> QuerySet[Export]:
        if getattr(self, "swagger_fake_view", False):
            return Export.objects.none()
        require(staff_user(self.request), Act.EXPORT)
        return exports_of()

    @extend_schema(request=NewExportSerializer, responses={201: ExportSerializer})
    def post(self, request: Request) -> Response:
        """Writes the file and returns its record; 409 `blinded` until the study is closed or un-blinded."""
        user = staff_user(request)
        require(user, Act.EXPORT)
        body = NewExportSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        options = dict(body.validated_data)
        export = export_study_for(user, options.pop("study"), **options)
        return Response(ExportSerializer(export).data, status=201)


class ExportView(APIView):
    """One export's record."""

    @extend_schema(responses=ExportSerializer)
    def get(self, request: Request, export_id: int) -> Response:
        require(staff_user(request), Act.EXPORT)
        return Response(ExportSerializer(get_export(export_id)).data)


class _AnyFile(BaseContentNegotiation):
    """The file is what it is, whatever a client says it accepts; errors are JSON."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0] if parsers else None

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class ExportFileView(APIView):
    """One export's file."""

    content_negotiation_class = _AnyFile

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, export_id: int) -> HttpResponseBase:
        """Streams the whole file (ranges are not served); its ETag is its SHA-256."""
        require(staff_user(request), Act.EXPORT)
        export = get_export(export_id)
        require_visible_results(export.study)
        path = Path(settings.STORAGE_DIR) / stored_file_of(export)
        etag = quote_etag(export.sha256)
        if request.headers.get("If-None-Match") == etag:
            response: HttpResponse | FileResponse = HttpResponseNotModified()
        elif not path.is_file():
            raise NoStoredFile("The storage no longer holds this file; make the export again.")
        else:
            name = f"{export.study.name}-{export.format}-{export.version}.{export.container}"
            content_type = _CONTENT_TYPES[export.container]
            response = FileResponse(
                path.open("rb"), as_attachment=True, filename=name, content_type=content_type
            )
        response["ETag"] = etag
        return response
