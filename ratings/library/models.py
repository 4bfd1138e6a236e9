"""What there is to judge."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from problems.types import Family, Verdict

FAMILY_CHOICES = [(family.value, family.value.replace("_", " ")) for family in Family]
WRITER_CHOICES = [(writer, writer) for writer in ("people", "program", "model")]
VERDICT_CHOICES = [(verdict.value, verdict.value) for verdict in Verdict]


class Dataset(models.Model):
    """A named set of questions of one problem family."""

    name = models.SlugField(max_length=100, unique=True)
    family = models.CharField(max_length=20, choices=FAMILY_CHOICES)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "ratings"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Question(models.Model):
    """The identity of a question; what it says stands in its revisions."""

    # No index of its own: the unique one begins with it, and every index costs an import.
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="questions", db_index=False)
    external_id = models.CharField(max_length=200)
    split = models.SlugField(max_length=50, default="train")
    created_at = models.DateTimeField(default=timezone.now)

    #: What the selectors fetch along.
    current_revisions: list[QuestionRevision]
    all_revisions: list[QuestionRevision]

    class Meta:
        app_label = "ratings"
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "external_id"], name="ratings_question_id_unique_in_dataset"
            )
        ]
        indexes = [models.Index(fields=["dataset", "split"], name="ratings_question_split")]

    def __str__(self) -> str:
        return f"{self.external_id}"

    @property
    def current_revision(self) -> QuestionRevision:
        """The revision in force: the one that a selector fetched along, else a statement of its own."""
        fetched: list[QuestionRevision] | None = getattr(self, "current_revisions", None)
        return fetched[0] if fetched else self.revisions.get(current=True)


class QuestionRevision(models.Model):
    """One version of a question's text, choices and gold answer. Never changed; superseded by the next number."""

    # No index of its own: the unique one begins with it, and every index costs an import.
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="revisions", db_index=False)
    number = models.PositiveSmallIntegerField(default=1)
    current = models.BooleanField(default=True)
    text = models.TextField()
    #: [{"label": "A", "text": "…"}, …], empty unless multiple choice.
    choices = models.JSONField(default=list, blank=True)
    #: The gold answer in canonical form (a number, a choice's label), the text as given for open questions, or "".
    answer = models.TextField(blank=True)
    #: SHA-256 hex of text, choices and answer: what makes a re-import "unchanged".
    content_digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "ratings"
        constraints = [
            models.UniqueConstraint(fields=["question", "number"], name="ratings_revision_number_unique"),
            models.UniqueConstraint(
                fields=["question"], condition=models.Q(current=True), name="ratings_one_current_revision"
            ),
        ]


class Source(models.Model):
    """What produced a rationale: a model, a checkpoint, people. Hidden from raters."""

    label = models.SlugField(max_length=100, unique=True)
    #: Who wrote its rationales (ratings.library.writers): people, program, model; "" where nobody has said.
    written_by = models.CharField(
        max_length=10, choices=WRITER_CHOICES, blank=True, default="", db_default=""
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "ratings"
        ordering = ["label"]

    def __str__(self) -> str:
        return self.label


class Rationale(models.Model):
    """A text that argues for an answer. Immutable; a replaced one is retired, never deleted."""

    # No index of its own: the unique one begins with it, and every index costs an import.
    question = models.ForeignKey(
        Question, on_delete=models.CASCADE, related_name="rationales", db_index=False
    )
    #: The revision whose gold answer the verdict is about.
    revision = models.ForeignKey(QuestionRevision, on_delete=models.CASCADE, related_name="rationales")
    # No index of its own: that of source and verdict begins with it, and every index costs an import.
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="rationales", db_index=False)
    #: As it came, byte for byte.
    text = models.TextField()
    #: What raters see: the text after the normaliser of this version.
    normalised = models.TextField()
    normaliser_version = models.PositiveSmallIntegerField()
    #: SHA-256 hex of `text`.
    text_digest = models.CharField(max_length=64)
    #: The answer parsed out of the text, canonical; "" when there is none.
    answer = models.TextField(blank=True)
    verdict = models.CharField(max_length=10, choices=VERDICT_CHOICES)
    #: Multiple choice: whether the choice named in words agrees with the letter that decides. Null: not named.
    text_agrees = models.BooleanField(null=True, blank=True)
    #: The answer that its file stated beside the text, as it came; "" where the text is read. Grading needs it again
    #: when the question changes.
    stated_answer = models.TextField(blank=True, default="")
    #: Written for a stated answer.
    given = models.BooleanField(default=False)
    #: How often its source produced exactly this text for this question: its weight when one is drawn.
    copies = models.PositiveIntegerField(db_default=1, default=1)
    #: False once a later import replaced it.
    live = models.BooleanField(default=True)
    meta = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "ratings"
        constraints = [
            models.UniqueConstraint(
                fields=["question", "source", "text_digest"], name="ratings_rationale_unique_per_source"
            )
        ]
        indexes = [models.Index(fields=["source", "verdict"], name="ratings_rationale_verdict")]
