"""Raters, the slots that they hold, and what they said."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import HashedToken
from ratings.studies.models import Study, Triple


def no_orders_seen() -> list[int]:
    return [0] * 6


class Rater(models.Model):
    """Somebody, or something, that rates in one study under a pseudonym."""

    class Kind(models.TextChoices):
        HUMAN = "human", "Human"
        SIMULATED = "simulated", "Simulated"
        MODEL = "model", "Model"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="raters")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=9, choices=Kind.choices, default=Kind.HUMAN)
    #: True for imported ratings whose raters are columns rather than persons: nothing clusters by them.
    anonymous = models.BooleanField(default=False)
    #: The group of ratings.studies.pools that this rater belongs to; empty: none.
    pool = models.CharField(max_length=100, blank=True)
    #: How many triples this rater gets; null: as many as the study says.
    quota = models.PositiveIntegerField(null=True, blank=True)
    #: Triples rated (skips not counted).
    done = models.PositiveIntegerField(default=0)
    #: Where this rater stands in the study's journey: ratings.studies.journey. Who never entered one rates at once.
    stage = models.CharField(max_length=16, default="rating")
    #: The version of the consent that this rater gave; empty where none was asked for.
    consent = models.CharField(max_length=16, blank=True)
    #: Personal items (see PersonalItem) that were rated, and that are planned, practice apart. Their kind must not
    #: show, so they count in the rater's own progress.
    extra_done = models.PositiveSmallIntegerField(default=0)
    extra_planned = models.PositiveSmallIntegerField(default=0)
    #: The next personal item is handed out once `done` reaches this; null when none is left.
    due = models.PositiveIntegerField(null=True, blank=True)
    #: Whether this rater's ratings count in the analysis. Never a matter of payment, and reversible.
    included = models.BooleanField(default=True)
    #: How often this rater rated in each of the six orders: six numbers, by order number.
    orders_seen = models.JSONField(default=no_orders_seen, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "ratings"
        constraints = [
            models.UniqueConstraint(fields=["study", "name"], name="ratings_rater_name_unique_in_study"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["human", "simulated", "model"]),
                name="ratings_rater_kind_is_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RaterToken(HashedToken):
    """Lets its bearer rate as one rater: in a link, in the browser's cookie, or as an API token."""

    class Purpose(models.TextChoices):
        LINK = "link", "Link and API"
        SESSION = "session", "Browser session"

    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="tokens")
    purpose = models.CharField(max_length=7, choices=Purpose.choices, default=Purpose.LINK)

    class Meta:
        app_label = "ratings"


class Slot(models.Model):
    """One place for one rating of one triple, with its order. The plan of a study is its set of slots."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        HELD = "held", "Held"
        RATED = "rated", "Rated"
        #: Skipped too often; a researcher decides.
        PARKED = "parked", "Parked"

    class Kind(models.TextChoices):
        NORMAL = "normal", "Normal"
        #: The others belong to one rater (see PersonalItem); no page and no API of raters tells them apart.
        PRACTICE = "practice", "Practice"
        CHECK = "check", "Instruction check"
        DEGRADED = "degraded", "Degraded"
        REPEAT = "repeat", "Repeat"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="slots", db_index=False)
    #: Of a practice item or a check only the anchor: its own `content` is what is shown.
    triple = models.ForeignKey(Triple, on_delete=models.CASCADE, related_name="slots", db_index=False)
    #: Null for personal slots, which are not part of the plan.
    replicate = models.PositiveSmallIntegerField(null=True, blank=True)
    #: What is shown instead of the triple's content; null for all normal slots.
    content = models.JSONField(null=True, blank=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.NORMAL)
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    #: 0-5, see ratings.studies.orders: which source stands in which position.
    order = models.PositiveSmallIntegerField()
    #: Lower first. Rewritten by a periodic job, never computed while a rater waits.
    priority = models.IntegerField(default=0)
    #: Random but reproducible from the study's seed; no source goes into it.
    random_key = models.BigIntegerField()
    #: Who holds it, or who rated it. Only ever read and written under the lock of this row.
    holder = models.ForeignKey(
        Rater, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    skips = models.PositiveSmallIntegerField(default=0)

    class Meta:
        app_label = "ratings"
        constraints = [
            models.UniqueConstraint(
                fields=["triple", "replicate"], name="ratings_slot_replicate_unique_in_triple"
            ),
            models.CheckConstraint(condition=models.Q(order__lte=5), name="ratings_slot_order_is_one_of_six"),
        ]
        indexes = [
            models.Index(
                fields=["study", "priority", "random_key"],
                condition=models.Q(state="open"),
                name="ratings_slot_open",
            ),
            models.Index(
                fields=["study", "lease_expires_at"],
                condition=models.Q(state="held"),
                name="ratings_slot_held",
            ),
            models.Index(fields=["study", "state"], name="ratings_slot_state"),
        ]


class Assignment(models.Model):
    """A rater holding a slot, once. Kept for ever, so that no rater sees a triple twice."""

    class State(models.TextChoices):
        HELD = "held", "Held"
        RATED = "rated", "Rated"
        SKIPPED = "skipped", "Skipped"
        #: The lease ran out and somebody else took the slot.
        EXPIRED = "expired", "Expired"
        #: Given back unrated, because the rater went back to an earlier triple.
        RELEASED = "released", "Released"
        #: Rated after the slot had gone to somebody else.
        SURPLUS = "surplus", "Surplus"

    #: Random, 32 hex digits; the only name of the assignment that leaves the server.
    token = models.CharField(max_length=32, unique=True)
    slot = models.ForeignKey(Slot, on_delete=models.CASCADE, related_name="assignments")
    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="assignments", db_index=False)
    triple = models.ForeignKey(Triple, on_delete=models.CASCADE, related_name="assignments", db_index=False)
    kind = models.CharField(max_length=8, choices=Slot.Kind.choices, default=Slot.Kind.NORMAL)
    state = models.CharField(max_length=8, choices=State.choices, default=State.HELD)
    #: The order that is shown: stored before it is rendered. Null for imported ratings whose order is not known.
    order = models.PositiveSmallIntegerField(null=True, blank=True)
    claimed_at = models.DateTimeField(default=timezone.now)
    lease_expires_at = models.DateTimeField()
    #: What the rater has entered so far, as the page sent it.
    draft = models.JSONField(null=True, blank=True)

    class Meta:
        app_label = "ratings"
        constraints = [
            models.UniqueConstraint(
                fields=["triple", "rater"],
                condition=models.Q(kind__in=["normal", "degraded"]),
                name="ratings_no_triple_twice_by_one_rater",
            ),
            models.UniqueConstraint(
                fields=["slot"],
                condition=models.Q(state__in=["held", "rated"]),
                name="ratings_one_holder_per_slot",
            ),
            models.UniqueConstraint(
                fields=["rater"], condition=models.Q(state="held"), name="ratings_one_held_slot_per_rater"
            ),
        ]
        indexes = [models.Index(fields=["rater", "state"], name="ratings_assignment_state")]


class Rating(models.Model):
    """One revision of what a rater said about one triple. Rows are added, never edited; only `current` moves on."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="ratings", db_index=False)
    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="ratings")
    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="ratings", db_index=False)
    triple = models.ForeignKey(Triple, on_delete=models.CASCADE, related_name="ratings", db_index=False)
    #: The id that the API shows: the assignment's rating, shared by all its revisions.
    key = models.CharField(max_length=32)
    revision = models.PositiveSmallIntegerField(default=1)
    current = models.BooleanField(default=True)
    kind = models.CharField(max_length=8, choices=Slot.Kind.choices, default=Slot.Kind.NORMAL)
    surplus = models.BooleanField(default=False)
    skipped = models.BooleanField(default=False)
    #: Groups of source indices, best first, ties in one group: [[2], [0, 1]].
    ranking = models.JSONField(default=list)
    all_bad = models.BooleanField(default=False)
    #: {source index as text: step index from 0}.
    first_wrong_step = models.JSONField(default=dict, blank=True)
    #: {source index as text: [reason code]}.
    reasons = models.JSONField(default=dict, blank=True)
    confidence = models.PositiveSmallIntegerField(null=True, blank=True)
    #: Codes of ratings.studies.form.DOUBTS.
    doubts = models.JSONField(default=list, blank=True)
    #: What the page noticed: ratings.slots.signals. Like `active_seconds` no part of what was said.
    signals = models.JSONField(default=dict, blank=True)
    #: The version of the consent under which this was said.
    consent = models.CharField(max_length=16, blank=True)
    comment = models.TextField(blank=True)
    #: For a skip: why.
    skip_reason = models.CharField(max_length=200, blank=True)
    #: The order that was shown (null: not known).
    order = models.PositiveSmallIntegerField(null=True, blank=True)
    active_seconds = models.FloatField(null=True, blank=True)
    #: SHA-256 hex of the submitted body without `active_seconds`: the same body again is a repeat, not a rating.
    body_digest = models.CharField(max_length=64)
    submitted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "ratings"
        constraints = [
            models.UniqueConstraint(fields=["key", "revision"], name="ratings_rating_revision_unique"),
            models.UniqueConstraint(
                fields=["assignment"], condition=models.Q(current=True), name="ratings_one_current_rating"
            ),
        ]
        indexes = [
            models.Index(fields=["study", "id"], name="ratings_rating_study"),
            models.Index(fields=["rater", "-id"], name="ratings_rating_rater"),
        ]


class PersonalItem(models.Model):
    """One item that one rater gets beside the plan: practice, a check, a degraded triple, or a repeat.

    Made when the rater enters (`ratings.quality`), drawn by the rater's own seed, and handed out by
    `ratings.slots.personal` as a slot of its own. Of items that are due together the lowest `number` comes first.
    """

    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="items", db_index=False)
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=Slot.Kind.choices)
    #: Handed out once the rater has rated so many normal triples.
    after = models.PositiveIntegerField(default=0)
    #: Null until it is due where the choice hangs on what the rater saw: a repeat comes back to a triple that was
    #: rated, a degraded item takes one that was never seen (see DegradedTriple).
    triple = models.ForeignKey(Triple, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    #: 0-5; null as long as `triple` is. A repeat shows each card in another position than before.
    order = models.PositiveSmallIntegerField(null=True, blank=True)
    #: What is shown, in the form of Triple.content; null: the triple as it is.
    content = models.JSONField(null=True, blank=True)
    #: What was done to it, and what a careful rater does with it; read by `ratings.quality` alone. `draw`: a number by
    #: the rater's own seed, for whatever is still to be chosen.
    expected = models.JSONField(default=dict, blank=True)
    #: Its place, once it was handed out.
    slot = models.OneToOneField(Slot, on_delete=models.CASCADE, null=True, blank=True, related_name="item")

    class Meta:
        app_label = "ratings"
        constraints = [
            models.UniqueConstraint(fields=["rater", "number"], name="ratings_item_number_unique_in_rater"),
        ]


class DegradedTriple(models.Model):
    """A triple with one of its cards made worse by us: what a degraded item shows, and what was done to it.

    Made once for a study (`ratings.quality.degrading`), so that every rater's item is one small row.
    """

    triple = models.OneToOneField(Triple, on_delete=models.CASCADE, related_name="degraded")
    #: In the form of Triple.content.
    content = models.JSONField()
    #: {"way": a ratings.quality.degrade.Way, "source": the source index of the card}.
    expected = models.JSONField()

    class Meta:
        app_label = "ratings"


class StageChange(models.Model):
    """A rater went from one stage to the next: ratings.studies.stages."""

    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="stage_changes")
    left = models.CharField(max_length=16)
    entered = models.CharField(max_length=16)
    outcome = models.CharField(max_length=8)
    #: Of the consent that was given or refused by this change, else empty.
    consent = models.CharField(max_length=16, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "ratings"
        ordering = ["id"]


class Flag(models.Model):
    """A rater's remark that something about a triple is wrong, made without leaving the task."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="flags")
    reason = models.CharField(max_length=200)
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "ratings"
