"""Where candidates come from: runs, the prompts as they were sent, and every sample, right or wrong.

Nothing here is reachable from a page of raters: provenance points at the rationale, never the other way.
"""

from __future__ import annotations

from django.conf import settings as site
from django.db import models
from django.utils import timezone

from generation.registry.models import LanguageModel
from jobs.models import Job
from ratings.library.models import VERDICT_CHOICES, Dataset, Question, QuestionRevision, Rationale, Source


class GenerationRun(models.Model):
    """`samples` candidates of one model for every question of a dataset's splits. Settings never change."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="generation_runs")
    model = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, related_name="generation_runs")
    #: What the rationales are filed under.
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="generation_runs")
    #: The first lane: the job that people watch, cancel and resume. The other lanes are its children.
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="generation_run")
    #: "" for all splits but `prompt`.
    split = models.SlugField(max_length=50, blank=True, default="")
    samples = models.PositiveIntegerField()
    #: 0 is greedy.
    temperature = models.FloatField()
    top_p = models.FloatField()
    seed = models.BigIntegerField()
    #: Worked examples before each question, drawn from split `prompt`.
    shots = models.PositiveSmallIntegerField(default=0)
    #: These examples as they were sent, with the blank line behind them.
    prefix = models.TextField(blank=True, default="")
    #: Whether the prompt states the gold answer (STaR's rationalization).
    hint = models.BooleanField(default=False)
    #: null: as many as fit into the model's context behind the longest prompt, at most DEFAULT_NEW_TOKENS; a worker
    #: that has the model's tokenizer puts the number here.
    max_new_tokens = models.PositiveIntegerField(null=True, blank=True)
    #: Candidates in one batch: the unit that is stored whole or not at all.
    batch_size = models.PositiveIntegerField()
    #: Texts before which a completion ends.
    stop = models.JSONField(default=list)
    #: Whether calculator marks were filled in while decoding.
    calculator = models.BooleanField(default=False)
    #: The model's digest when the run was launched; other files stop the run.
    model_digest = models.CharField(max_length=64, blank=True)
    #: What the work met on the way: {"unknown_characters": generation.runs.vocabulary.Unknown as JSON, "room_settled":
    #: true where max_new_tokens is what fits}.
    conditions = models.JSONField(default=dict, blank=True)
    #: Questions asked; candidates planned are `questions * samples`.
    questions = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        site.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    #: When the last batch was stored; null before.
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "generation"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(samples__gte=1, batch_size__gte=1), name="generation_run_makes_something"
            )
        ]

    def __str__(self) -> str:
        return f"generation run {self.pk}"

    @property
    def planned(self) -> int:
        """How many candidates the run makes."""
        return self.questions * self.samples


class GenerationBatch(models.Model):
    """Candidates `first` to `first + size - 1` of a run, counted question by question, sample by sample.

    Membership never changes. A lane claims a batch under its job's fencing number; one whose holder is gone is free.
    """

    # No index of its own: the unique one begins with it.
    run = models.ForeignKey(GenerationRun, on_delete=models.CASCADE, related_name="batches", db_index=False)
    number = models.PositiveIntegerField()
    first = models.PositiveIntegerField()
    size = models.PositiveIntegerField()
    #: Who works on it, or did last; null: nobody yet.
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    fence = models.PositiveBigIntegerField(default=0)
    stored_at = models.DateTimeField(null=True, blank=True)
    #: How long sampling took; null before it is stored.
    seconds = models.FloatField(null=True, blank=True)

    class Meta:
        app_label = "generation"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="generation_batch_number_unique_in_run")
        ]


class Prompt(models.Model):
    """What a model was sent about one question of a run. The revision is pinned at the launch."""

    # No index of its own: the unique one begins with it.
    run = models.ForeignKey(GenerationRun, on_delete=models.CASCADE, related_name="prompts", db_index=False)
    #: The question's place in the run, from 0.
    number = models.PositiveIntegerField()
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="prompts")
    revision = models.ForeignKey(QuestionRevision, on_delete=models.PROTECT, related_name="+")
    #: Behind the run's prefix, which is the same for all.
    text = models.TextField()

    class Meta:
        app_label = "generation"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="generation_prompt_number_unique_in_run"),
            models.UniqueConstraint(
                fields=["run", "question"], name="generation_prompt_question_unique_in_run"
            ),
        ]

    @property
    def sent(self) -> str:
        """The prompt to the letter, as it was sent."""
        return self.run.prefix + self.text


class Candidate(models.Model):
    """One sample, kept whether right or wrong."""

    # No index of its own: that of run and verdict begins with it.
    run = models.ForeignKey(
        GenerationRun, on_delete=models.CASCADE, related_name="candidates", db_index=False
    )
    # No index of its own: the unique one begins with it.
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="candidates", db_index=False)
    #: From 0.
    sample = models.PositiveIntegerField()
    #: generation.runs.seeds.sample_seed of the run's seed, the question and the sample.
    seed = models.BigIntegerField()
    #: What the model wrote, as it came; NUL and lone surrogates, which no database stores, as U+FFFD.
    text = models.TextField(blank=True)
    #: What it thought, where the server or thinking tags keep that apart.
    reasoning = models.TextField(blank=True)
    #: Parsed out of the rationale, canonical; "" when there is none.
    answer = models.TextField(blank=True)
    #: Against the gold answer of the prompt's revision.
    verdict = models.CharField(max_length=10, choices=VERDICT_CHOICES)
    text_agrees = models.BooleanField(null=True, blank=True)
    #: Natural log of the probability of the scored tokens, summed; null where the server says none.
    logprob = models.FloatField(null=True, blank=True)
    scored_tokens = models.PositiveIntegerField(default=0)
    tokens = models.PositiveIntegerField(default=0)
    prompt_tokens = models.PositiveIntegerField(default=0)
    #: stop: the model ended by itself or at a stop text; length: it was cut off.
    finish = models.CharField(max_length=10)
    #: What raters may see; null where the model wrote nothing.
    rationale = models.ForeignKey(
        Rationale, on_delete=models.PROTECT, null=True, blank=True, related_name="candidates"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "generation"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["prompt", "sample"], name="generation_candidate_unique")
        ]
        indexes = [models.Index(fields=["run", "verdict"], name="generation_candidate_verdict")]
