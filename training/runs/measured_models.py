"""What was measured of a model: evaluations with the candidates behind their numbers, and its pace on a machine."""

from __future__ import annotations

from django.conf import settings as site
from django.db import models
from django.utils import timezone

from generation.registry.models import LanguageModel
from jobs.models import Job
from ratings.library.models import VERDICT_CHOICES, Dataset, Question, QuestionRevision


class SampleSet(models.Model):
    """Candidates of one model for one split under one setting: sampled once, scored by any number of scorers."""

    model = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, related_name="sample_sets")
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="+")
    split = models.SlugField(max_length=50)
    #: {"samples", "temperature", "top_p", "max_new_tokens", "shots", "calculator", "seed"}.
    settings = models.JSONField()
    #: SHA-256 hex of model, questions and settings: what makes another evaluation find these candidates.
    digest = models.CharField(max_length=64, unique=True)
    #: [[question, revision], …] in their order.
    questions = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "training"


class Sample(models.Model):
    """One candidate of a sample set."""

    sample_set = models.ForeignKey(
        SampleSet, on_delete=models.CASCADE, related_name="candidates", db_index=False
    )
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="+", db_index=False)
    revision = models.ForeignKey(QuestionRevision, on_delete=models.PROTECT, related_name="+", db_index=False)
    #: The greedy answer is kept apart from the sampled ones.
    greedy = models.BooleanField(default=False)
    number = models.PositiveSmallIntegerField()
    text = models.TextField()
    answer = models.TextField(blank=True)
    verdict = models.CharField(max_length=10, choices=VERDICT_CHOICES)
    #: Sum of the log-probabilities of the completion under the model itself, without temperature; null where a server
    #: says none.
    logprob = models.FloatField(null=True, blank=True)
    #: stop: the model ended by itself; length: it was cut off.
    finish = models.CharField(max_length=10)
    tokens = models.PositiveIntegerField()
    seed = models.BigIntegerField()

    class Meta:
        app_label = "training"
        constraints = [
            models.UniqueConstraint(
                fields=["sample_set", "question", "greedy", "number"], name="training_sample_unique_in_set"
            )
        ]


class SampleScore(models.Model):
    """What another model thinks of a candidate: the summed log-probability of its completion and its end.

    null: the candidate does not fit into that model's context, which is worse than any number.
    """

    sample = models.ForeignKey(Sample, on_delete=models.CASCADE, related_name="scores", db_index=False)
    scorer = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, related_name="+")
    value = models.FloatField(null=True)

    class Meta:
        app_label = "training"
        constraints = [models.UniqueConstraint(fields=["sample", "scorer"], name="training_score_unique")]


class Evaluation(models.Model):
    """How good a model is on one split, with everything that CONTRACT.md names, and intervals."""

    model = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, related_name="evaluations")
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="evaluations")
    split = models.SlugField(max_length=50)
    #: {"samples", "k": [..], "temperature", "seed", …}.
    settings = models.JSONField()
    verifiers = models.ManyToManyField(LanguageModel, related_name="evaluations_as_verifier", blank=True)
    sample_set = models.ForeignKey(
        SampleSet, on_delete=models.PROTECT, null=True, blank=True, related_name="evaluations"
    )
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="evaluation")
    code_version = models.CharField(max_length=80)
    #: What the work met on the way: {"unknown_characters": {model: generation.runs.vocabulary.Unknown as JSON}}.
    conditions = models.JSONField(default=dict, blank=True)
    #: CONTRACT.md's object; {} before the end.
    result = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        site.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        app_label = "training"
        ordering = ["-id"]


class Measurement(models.Model):
    """How fast one model is on one machine, and how long its texts of one dataset are: what estimates are made from."""

    model = models.ForeignKey(LanguageModel, on_delete=models.CASCADE, related_name="measurements")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="measurements")
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="measurement")
    #: The machine's name, "" before it was measured.
    host = models.CharField(max_length=200, blank=True)
    #: training.estimating.Figures; {} before.
    figures = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "training"
        ordering = ["-id"]
        indexes = [models.Index(fields=["model", "dataset", "-id"], name="training_measurement_newest")]
