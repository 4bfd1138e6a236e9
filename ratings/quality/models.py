"""What people decided about raters (whether they count, and whether they are paid), and what of theirs was refused."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from ratings.slots.models import Rater


class RaterDecision(models.Model):
    """One decision about one rater. Rows are added, never edited; the latest about a matter is in force.

    `analysis`: included or excluded; what is in force stands on Rater.included too, where analysis and exports read it.
    `payment`: undecided, approved or rejected; it never follows from the other.
    """

    class Matter(models.TextChoices):
        ANALYSIS = "analysis", "Analysis"
        PAYMENT = "payment", "Payment"

    class Verdict(models.TextChoices):
        INCLUDED = "included", "Included"
        EXCLUDED = "excluded", "Excluded"
        UNDECIDED = "undecided", "Undecided"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"

    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="decisions", db_index=False)
    matter = models.CharField(max_length=8, choices=Matter.choices)
    old = models.CharField(max_length=9, choices=Verdict.choices)
    new = models.CharField(max_length=9, choices=Verdict.choices)
    reason = models.TextField(blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_by_label = models.CharField(max_length=150)
    decided_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "ratings"
        constraints = [
            models.CheckConstraint(
                condition=(
                    models.Q(matter="analysis", new__in=["included", "excluded"])
                    | models.Q(matter="payment", new__in=["undecided", "approved", "rejected"])
                ),
                name="ratings_decision_fits_its_matter",
            ),
            models.CheckConstraint(
                condition=~models.Q(old=models.F("new")), name="ratings_decision_changes_something"
            ),
        ]
        indexes = [models.Index(fields=["rater", "matter", "-id"], name="ratings_decision_latest")]


class RefusedInput(models.Model):
    """How often a kind of bad input of one rater was refused on one day. Nothing of what was sent is kept."""

    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="refused", db_index=False)
    #: The code of the error.
    code = models.CharField(max_length=30)
    #: Of UTC.
    day = models.DateField()
    count = models.PositiveIntegerField(default=1)

    class Meta:
        app_label = "ratings"
        constraints = [
            models.UniqueConstraint(fields=["rater", "code", "day"], name="ratings_refused_once_a_day"),
        ]
