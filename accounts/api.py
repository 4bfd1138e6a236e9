"""The calls about one's own tokens and the audit log."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.filters import Filters
from accounts.forms import MAX_TOKEN_DAYS
from accounts.gates import require, staff_user
from accounts.models import AuditEvent, StaffToken
from accounts.own_tokens import create_own_token, revoke_own_token
from accounts.roles import Act
from accounts.selectors import audit_events, tokens_of


class TokenSerializer(serializers.ModelSerializer[StaffToken]):
    """A token without its secret."""

    class Meta:
        model = StaffToken
        fields = ["id", "name", "created_at", "expires_at", "last_used_at"]
        read_only_fields = fields


class NewTokenSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    days = serializers.IntegerField(min_value=1, max_value=MAX_TOKEN_DAYS, default=90)


class MintedTokenSerializer(TokenSerializer):
    """A new token; `token` is its secret, in this answer only."""

    token = serializers.CharField(read_only=True)

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]
        read_only_fields = fields


class TokensView(generics.ListAPIView[StaffToken]):
    """One's own staff tokens."""

    serializer_class = TokenSerializer

    def get_queryset(self) -> QuerySet[StaffToken]:
        if getattr(self, "swagger_fake_view", False):
            return StaffToken.objects.none()
        return tokens_of(staff_user(self.request))

    @extend_schema(request=NewTokenSerializer, responses={201: MintedTokenSerializer})
    def post(self, request: Request) -> Response:
        """Makes a token. Its secret is in this answer and nowhere else."""
        body = NewTokenSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        token, secret = create_own_token(staff_user(request), **body.validated_data)
        return Response({**TokenSerializer(token).data, "token": secret}, status=201)


class TokenView(APIView):
    """One of one's own staff tokens."""

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, token_id: int) -> Response:
        """Revokes the token: from now on it answers 401."""
        revoke_own_token(staff_user(request), token_id)
        return Response(status=204)


class AuditFilter(Filters):
    act = django_filters.CharFilter(field_name="act")
    actor = django_filters.CharFilter(field_name="actor_label")

    class Meta:
        model = AuditEvent
        fields: list[str] = []


class AuditSerializer(serializers.ModelSerializer[AuditEvent]):
    actor = serializers.CharField(source="actor_label", read_only=True)

    class Meta:
        model = AuditEvent
        fields = ["id", "at", "actor", "act", "subject", "details"]
        read_only_fields = fields


class AuditView(generics.ListAPIView[AuditEvent]):
    """The audit log, newest first. Rows are only ever added."""

    serializer_class = AuditSerializer
    filterset_class = AuditFilter

    def get_queryset(self) -> QuerySet[AuditEvent]:
        if getattr(self, "swagger_fake_view", False):
            return AuditEvent.objects.none()
        require(staff_user(self.request), Act.VIEW_AUDIT)
        return audit_events()
