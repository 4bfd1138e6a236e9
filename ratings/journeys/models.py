"""What raters said and did before and after rating. Rows are added, never edited."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from ratings.slots.models import Assignment, Rater, Slot


class ComprehensionTry(models.Model):
    """One try of the comprehension check. A second one asks only for what the first got wrong."""

    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="tries")
    number = models.PositiveSmallIntegerField()
    #: {question index as text: choice index}.
    answers = models.JSONField()
    #: Indices of the questions answered wrongly.
    wrong = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "ratings"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["rater", "number"], name="ratings_try_number_unique_in_rater"),
        ]


class DebriefAnswers(models.Model):
    """What a rater said when all was rated. Guesses about cards stand in BlindingGuess."""

    rater = models.OneToOneField(Rater, on_delete=models.CASCADE, related_name="debrief")
    #: {question index as text: choice index or text}; only what was answered.
    answers = models.JSONField(default=dict, blank=True)
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "ratings"


class BlindingGuessQuerySet(models.QuerySet["BlindingGuess"]):
    def intact(self) -> BlindingGuessQuerySet:
        """Those about cards as their source wrote them: raters are asked about degraded triples like all others, lest
        one be told by its absence, but what they say of a card that we changed says nothing about its source."""
        return self.exclude(assignment__kind=Slot.Kind.DEGRADED)


class BlindingGuess(models.Model):
    """Who a rater thinks wrote one card, said in the debrief, before anything was un-blinded."""

    class Said(models.TextChoices):
        PERSON = "person", "A person"
        MACHINE = "machine", "A machine"
        UNSURE = "unsure", "I can not tell"

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="guesses")
    source_index = models.PositiveSmallIntegerField()
    said = models.CharField(max_length=7, choices=Said.choices)
    created_at = models.DateTimeField(default=timezone.now)

    objects = BlindingGuessQuerySet.as_manager()

    class Meta:
        app_label = "ratings"
        constraints = [
            models.UniqueConstraint(
                fields=["assignment", "source_index"], name="ratings_one_guess_per_card_and_rater"
            ),
        ]
