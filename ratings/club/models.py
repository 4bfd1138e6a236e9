"""A club, the phones in it, and the triples that it rated together."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from ratings.slots.models import Rater
from ratings.studies.models import Study, Triple


class Club(models.Model):
    """One evening of one study: whoever opens its link takes part, without an account."""

    class Phase(models.TextChoices):
        LOBBY = "lobby", "Waiting for people"
        VOTING = "voting", "Rating"
        VOTES = "votes", "Votes shown"
        REVEALED = "revealed", "Sources shown"
        ENDED = "ended", "Over"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="clubs")
    #: In the link and to be typed: eight characters that nobody takes for one another.
    code = models.CharField(max_length=12, unique=True)
    phase = models.CharField(max_length=8, choices=Phase.choices, default=Phase.LOBBY)
    #: The number of the present round; 0 in the lobby.
    round = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "ratings"
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.code

    @property
    def version(self) -> str:
        """Changes whenever what phones and wall show is another page."""
        return f"{self.phase}-{self.round}"


class ClubRound(models.Model):
    """One triple that the club rates together."""

    club = models.ForeignKey(Club, on_delete=models.CASCADE, related_name="rounds")
    number = models.PositiveIntegerField()
    triple = models.ForeignKey(Triple, on_delete=models.CASCADE, related_name="+")
    #: 0-5: how the wall arranges the rationales once votes are shown. Phones have orders of their own.
    wall_order = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "ratings"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["club", "number"], name="ratings_club_round_unique"),
            models.UniqueConstraint(fields=["club", "triple"], name="ratings_club_triple_unique"),
        ]


class ClubPhone(models.Model):
    """One browser in a club; its rater says what is said on it."""

    club = models.ForeignKey(Club, on_delete=models.CASCADE, related_name="phones")
    rater = models.OneToOneField(Rater, on_delete=models.CASCADE, related_name="club_phone")
    #: From 0: the orders of a round are dealt over it.
    number = models.PositiveIntegerField()
    #: When it last asked for something, written at most every few seconds.
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "ratings"
        constraints = [models.UniqueConstraint(fields=["club", "number"], name="ratings_club_phone_unique")]
