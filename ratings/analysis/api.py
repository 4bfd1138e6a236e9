"""The analysis of a study, by API."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.gates import staff_user
from ratings.analysis.serializers import AnalysisSerializer
from ratings.analysis.services import analyse_study_for
from ratings.slots.models import Rater


class AnalysisView(APIView):
    """Win rates, strengths, agreement and position effect of one kind of raters."""

    @extend_schema(
        parameters=[OpenApiParameter("raters", enum=Rater.Kind.values, default=Rater.Kind.HUMAN.value)],
        responses=AnalysisSerializer,
    )
    def get(self, request: Request, name: str) -> Response:
        """409 `blinded` until the study is closed or un-blinded. A blind analyst reads "Source 1" … until it is
        un-blinded."""
        kind = request.query_params.get("raters", Rater.Kind.HUMAN)
        return Response(analyse_study_for(staff_user(request), name, raters_kind=kind))
