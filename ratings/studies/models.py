"""A study, its sources and its triples."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from ratings.library.models import Dataset, Question, QuestionRevision, Rationale, Source

#: What a rater is asked, unless the study says otherwise (the STaR paper's own question, in our words).
DEFAULT_INSTRUCTIONS = (
    "Each page shows a question, its answer and three rationales that argue for that answer. "
    "Rank the rationales by how well each one justifies the answer. "
    "Their order is random. Equal ranks are allowed; if none of them is any good, say so."
)


class Study(models.Model):
    """Raters rank triples of rationales, one rationale from each of three sources."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        OPEN = "open", "Open"
        PAUSED = "paused", "Paused"
        CLOSED = "closed", "Closed"

    name = models.SlugField(max_length=100, unique=True)
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="studies")
    state = models.CharField(max_length=6, choices=State.choices, default=State.DRAFT)
    instructions = models.TextField(default=DEFAULT_INSTRUCTIONS)
    seed = models.BigIntegerField(default=0)
    ratings_per_triple = models.PositiveSmallIntegerField(default=3)
    #: How many triples one rater gets; null for as many as there are.
    per_rater = models.PositiveIntegerField(null=True, blank=True)
    lease_seconds = models.PositiveIntegerField(default=600)
    #: A slot that was skipped this often is parked and shown to the researcher.
    max_skips = models.PositiveSmallIntegerField(default=3)
    #: Only questions of this split were drawn; empty: of all but `prompt`.
    split = models.SlugField(max_length=100, blank=True)
    any_answer = models.BooleanField(default=False)
    strict_text = models.BooleanField(default=False)
    #: What one act of rating asks for: ratings.studies.form. Empty: a full ranking and nothing else.
    form = models.JSONField(default=dict, blank=True)
    #: What a rater goes through before and after rating: ratings.studies.journey. Empty: nothing.
    journey = models.JSONField(default=dict, blank=True)
    #: Items for quality control that each rater gets among the others: ratings.studies.quality_mix. Empty: none.
    quality = models.JSONField(default=dict, blank=True)
    #: What a rater is paid, and below which hourly rate that is unfair: ratings.studies.pay. Empty: not said.
    pay = models.JSONField(default=dict, blank=True)
    #: The one comparison that the study is made for, and how it will be tested: ratings.studies.protocol. Frozen with
    #: the rest of the design when the study opens. Empty: none was said.
    protocol = models.JSONField(default=dict, blank=True)
    #: Named groups of raters, each with its own quota and places: ratings.studies.pools. Empty: all alike.
    pools = models.JSONField(default=list, blank=True)
    #: How well looks alone tell the sources: ratings.studies.guess. Null until it was computed; empty: too few triples.
    guess = models.JSONField(null=True, blank=True)
    #: {reason: number of the dataset's questions left out for it} by the draw.
    excluded = models.JSONField(default=dict, blank=True)
    #: Questions that could have been drawn, of `considered` questions in the dataset.
    eligible = models.PositiveIntegerField(default=0)
    considered = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    #: The reason for opening in spite of blocking lint findings.
    override_reason = models.TextField(blank=True)
    unblinded_at = models.DateTimeField(null=True, blank=True)
    unblind_reason = models.TextField(blank=True)

    class Meta:
        app_label = "ratings"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["draft", "open", "paused", "closed"]),
                name="ratings_study_state_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(ratings_per_triple__gte=1), name="ratings_study_wants_a_rating_per_triple"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def results_are_visible(self) -> bool:
        """Pages and API hide what tells sources apart until the study is closed or un-blinded."""
        return self.state == self.State.CLOSED or self.unblinded_at is not None


class Protocol(models.Model):
    """A study's design as it stood when the study opened for the first time. Never edited."""

    study = models.OneToOneField(Study, on_delete=models.CASCADE, related_name="frozen_protocol")
    #: ratings.studies.protocol.whole_design: every choice, the primary contrast among them.
    content = models.JSONField()
    #: SHA-256 hex of the canonical JSON of `content`.
    sha256 = models.CharField(max_length=64)
    frozen_at = models.DateTimeField(default=timezone.now)
    frozen_by = models.CharField(max_length=150)

    class Meta:
        app_label = "ratings"


class Deviation(models.Model):
    """What was done otherwise than the frozen protocol says, by whom, when and why. Rows are added, never edited."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="deviations")
    #: A code of ratings.studies.protocol.DEVIATIONS.
    code = models.CharField(max_length=32)
    details = models.JSONField(default=dict, blank=True)
    reason = models.TextField()
    by = models.CharField(max_length=150)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "ratings"
        ordering = ["at", "id"]


class StudySource(models.Model):
    """One of a study's sources; `index` is its place in `--sources` and its number in rankings and orders."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="study_sources")
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="+")
    index = models.PositiveSmallIntegerField()

    class Meta:
        app_label = "ratings"
        ordering = ["index"]
        constraints = [
            models.UniqueConstraint(fields=["study", "index"], name="ratings_study_source_index_unique"),
            models.UniqueConstraint(fields=["study", "source"], name="ratings_study_source_unique"),
        ]


class Triple(models.Model):
    """One question with one rationale from each of the study's sources."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="triples")
    number = models.PositiveIntegerField()
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="triples")
    revision = models.ForeignKey(QuestionRevision, on_delete=models.PROTECT, related_name="triples")
    #: 0-5: the sources sorted by a hash of their texts. Orders are dealt over this, so that they depend on no label.
    base_order = models.PositiveSmallIntegerField(default=0)
    #: What the desk shows, rendered and sanitised once: {"question": {"html", "choices", "answer"},
    #: "cards": [{"html", "steps": [html]} by source index]}. Holds no label and no id.
    content = models.JSONField()

    class Meta:
        app_label = "ratings"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["study", "question"], name="ratings_triple_question_unique_in_study"
            ),
            models.UniqueConstraint(fields=["study", "number"], name="ratings_triple_number_unique_in_study"),
        ]


class TripleCard(models.Model):
    """Which rationale stands for which source in a triple."""

    triple = models.ForeignKey(Triple, on_delete=models.CASCADE, related_name="cards")
    source_index = models.PositiveSmallIntegerField()
    rationale = models.ForeignKey(Rationale, on_delete=models.PROTECT, related_name="cards")

    class Meta:
        app_label = "ratings"
        ordering = ["source_index"]
        constraints = [
            models.UniqueConstraint(
                fields=["triple", "source_index"], name="ratings_card_source_unique_in_triple"
            )
        ]
