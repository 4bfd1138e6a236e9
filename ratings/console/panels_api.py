"""The staff's calls about a study's panels and paper clubs."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.audit import Actor
from accounts.gates import require, staff_user
from accounts.roles import Act
from ratings.club.hosting import open_club
from ratings.club.models import Club
from ratings.club.selectors import club_link, counts_of
from ratings.crowd.models import Panel, PanelEntry, PanelEvent
from ratings.crowd.panels import (
    PanelDesign,
    close_panel,
    create_panel,
    entry_link,
    erase_contact,
    get_panel,
)
from ratings.crowd.selectors import panel_statuses
from ratings.crowd.syncing import prolific, sync_panel
from ratings.studies.selectors import get_study

_EVENTS_SHOWN = 100


class NewPanelSerializer(serializers.Serializer[PanelDesign]):
    """A panel to be made; what is left out has its provider's default."""

    name = serializers.CharField(default="prolific", max_length=50)
    provider = serializers.ChoiceField(choices=Panel.Provider.choices, default=Panel.Provider.PROLIFIC)
    session_parameter = serializers.CharField(default="", allow_blank=True, max_length=50)
    person_parameter = serializers.CharField(default="", allow_blank=True, max_length=50)
    quota = serializers.IntegerField(default=None, allow_null=True)
    external_study = serializers.CharField(default="", allow_blank=True, max_length=100)
    codes = serializers.DictField(child=serializers.CharField(), default=dict)
    completion_url = serializers.CharField(default="", allow_blank=True, max_length=500)


class PanelSerializer(serializers.Serializer[Panel]):
    """A panel, its link for the provider, and how many entered with which status."""

    name = serializers.CharField()
    provider = serializers.CharField()
    link = serializers.SerializerMethodField()
    quota = serializers.IntegerField(allow_null=True)
    external_study = serializers.CharField()
    codes = serializers.DictField(child=serializers.CharField())
    completion_url = serializers.CharField()
    closed_at = serializers.DateTimeField(allow_null=True)
    statuses = serializers.SerializerMethodField()

    def get_link(self, panel: Panel) -> str:
        return entry_link(panel)

    def get_statuses(self, panel: Panel) -> dict[str, int]:
        return panel_statuses(panel)


class PanelEntrySerializer(serializers.ModelSerializer[PanelEntry]):
    """One submission: its rater's pseudonym and its status; no id of the person."""

    rater = serializers.CharField(source="rater.name")

    class Meta:
        model = PanelEntry
        fields = ("rater", "status", "status_at", "entered_at")


class PanelEventSerializer(serializers.ModelSerializer[PanelEvent]):
    """What a link or a provider told us."""

    class Meta:
        model = PanelEvent
        fields = ("kind", "accepted", "message", "at")


class PanelDetailSerializer(PanelSerializer):
    """The same with its submissions and the last hundred events."""

    entries = serializers.SerializerMethodField()
    events = serializers.SerializerMethodField()

    @extend_schema(responses=PanelEntrySerializer(many=True))
    def get_entries(self, panel: Panel) -> list[dict[str, Any]]:
        rows = PanelEntry.objects.filter(panel=panel).select_related("rater").order_by("pk")
        return [dict(row) for row in PanelEntrySerializer(rows, many=True).data]

    def get_events(self, panel: Panel) -> list[dict[str, Any]]:
        rows = PanelEvent.objects.filter(panel=panel).order_by("-pk")[:_EVENTS_SHOWN]
        return [dict(row) for row in PanelEventSerializer(rows, many=True).data]


class SyncedSerializer(serializers.Serializer[Any]):
    submissions = serializers.IntegerField()
    known = serializers.IntegerField()
    changed = serializers.IntegerField()


class PanelsView(APIView):
    """A study's panels."""

    @extend_schema(responses=PanelSerializer(many=True))
    def get(self, request: Request, name: str) -> Response:
        require(staff_user(request), Act.RUN_STUDIES)
        panels = Panel.objects.filter(study=get_study(name)).select_related("study")
        return Response({"results": [PanelSerializer(panel).data for panel in panels]})

    @extend_schema(request=NewPanelSerializer, responses={201: PanelSerializer})
    def post(self, request: Request, name: str) -> Response:
        """Makes a panel."""
        user = staff_user(request)
        require(user, Act.RUN_STUDIES)
        body = NewPanelSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        panel = create_panel(name, PanelDesign(**body.validated_data), actor=Actor.of(user))
        return Response(PanelSerializer(panel).data, status=HTTPStatus.CREATED)


class PanelView(APIView):
    """One panel with its submissions and what happened."""

    @extend_schema(responses=PanelDetailSerializer)
    def get(self, request: Request, name: str, panel: str) -> Response:
        require(staff_user(request), Act.RUN_STUDIES)
        return Response(PanelDetailSerializer(get_panel(name, panel)).data)


class ClosePanelSerializer(serializers.Serializer[Any]):
    closed = serializers.BooleanField(default=True, help_text="false: takes new raters again")


class ClosePanelView(APIView):
    """Closes a panel for who is new; who is in goes on. `closed: false` opens it again."""

    @extend_schema(request=ClosePanelSerializer, responses=PanelSerializer)
    def post(self, request: Request, name: str, panel: str) -> Response:
        user = staff_user(request)
        require(user, Act.RUN_STUDIES)
        body = ClosePanelSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        found = close_panel(get_panel(name, panel), actor=Actor.of(user), **body.validated_data)
        return Response(PanelSerializer(found).data)


class SyncPanelView(APIView):
    """Asks the provider about every submission."""

    @extend_schema(request=None, responses=SyncedSerializer)
    def post(self, request: Request, name: str, panel: str) -> Response:
        user = staff_user(request)
        require(user, Act.RUN_STUDIES)
        found = get_panel(name, panel)
        with prolific() as client:
            return Response(SyncedSerializer(sync_panel(found, client=client, actor=Actor.of(user))).data)


class EraseContactsSerializer(serializers.Serializer[Any]):
    rater = serializers.CharField(default=None, allow_null=True, help_text="one rater's name; null: all")


class ErasedSerializer(serializers.Serializer[Any]):
    erased = serializers.IntegerField()


class EraseContactsView(APIView):
    """Erases who raters are with their panels; votes stay."""

    @extend_schema(request=EraseContactsSerializer, responses=ErasedSerializer)
    def post(self, request: Request, name: str) -> Response:
        user = staff_user(request)
        require(user, Act.RUN_STUDIES)
        body = EraseContactsSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        erased = erase_contact(get_study(name), actor=Actor.of(user), rater=body.validated_data["rater"])
        return Response({"erased": erased})


class ClubSerializer(serializers.Serializer[Club]):
    """A paper club: its link for phones, where it stands, how many phones there are and have rated this round."""

    code = serializers.CharField()
    link = serializers.SerializerMethodField()
    phase = serializers.CharField()
    round = serializers.IntegerField()
    phones = serializers.SerializerMethodField()
    voted = serializers.SerializerMethodField()

    def get_link(self, club: Club) -> str:
        link: str = club_link(club)
        return link

    def get_phones(self, club: Club) -> int:
        return counts_of(club).phones

    def get_voted(self, club: Club) -> int:
        return counts_of(club).voted


class ClubsView(APIView):
    """A study's paper clubs, newest first."""

    @extend_schema(responses=ClubSerializer(many=True))
    def get(self, request: Request, name: str) -> Response:
        require(staff_user(request), Act.RUN_STUDIES)
        clubs = Club.objects.filter(study=get_study(name)).order_by("-pk")[:50]
        return Response({"results": [ClubSerializer(club).data for club in clubs]})

    @extend_schema(request=None, responses={201: ClubSerializer})
    def post(self, request: Request, name: str) -> Response:
        """Opens a club."""
        user = staff_user(request)
        require(user, Act.RUN_STUDIES)
        return Response(ClubSerializer(open_club(name, actor=Actor.of(user))).data, status=HTTPStatus.CREATED)
