"""Training runs with all that went into them and came out."""

from __future__ import annotations

from django.conf import settings as site
from django.db import models
from django.utils import timezone

from generation.registry.models import LanguageModel
from jobs.models import Job
from ratings.library.models import VERDICT_CHOICES, Dataset, Question, QuestionRevision, Rationale
from ratings.studies.models import Study


class Algorithm(models.TextChoices):
    SFT = "sft", "SFT"
    DPO = "dpo", "DPO"
    STAR = "star", "STaR"
    VSTAR = "vstar", "V-STaR"


class Origin(models.TextChoices):
    """How a training example came to be."""

    #: The model's own rationale, asked plainly (with the few-shot examples, where there are any).
    FEW_SHOT = "few_shot", "Few-shot"
    #: The model's own rationale, asked with the answer as a hint that the stored prompt does not have.
    RATIONALIZED = "rationalized", "Rationalized"
    #: A rationale of the library, for supervised fine-tuning.
    SFT = "sft", "SFT"
    #: A wrong beginning and its correction, of which the correction alone is learned.
    RETRY = "retry", "Retry"
    #: A rationale of the library that STaR mixes into an iteration, of a question that is never asked.
    REPLAYED = "replayed", "Replayed"
    #: What was kept, learned a second time with the hint in its training prompt.
    HINTED_COPY = "hinted_copy", "Hinted copy"


#: Learned beside what a run kept of its own, and none of its candidates.
EXTRAS = (Origin.REPLAYED, Origin.HINTED_COPY)


class Fate(models.TextChoices):
    """What became of a training example, and if it was not learned from, why not."""

    KEPT = "kept", "Kept"
    WRONG = "wrong", "Wrong answer"
    UNPARSABLE = "unparsable", "No answer found"
    DUPLICATE = "duplicate", "Same text as another"
    CAPPED = "capped", "Enough of its question"
    UNFINISHED = "unfinished", "Cut off before its end"
    TOO_LONG = "too_long", "Longer than the context"
    INVALID = "invalid", "Right by wrong steps"
    OUTSCORED = "outscored", "Outscored, by the verifier"
    HELD_OUT = "held_out", "Held out, only measured"


class TrainingRun(models.Model):
    """One training, launched once. Its state is its job's."""

    algorithm = models.CharField(max_length=10, choices=Algorithm.choices)
    #: What the resulting model is called.
    label = models.SlugField(max_length=100)
    #: False once the label was given to a later run, because this one failed or was cancelled.
    holds_label = models.BooleanField(default=True)
    #: The recipe's name or file, as it was asked for.
    recipe_name = models.CharField(max_length=200)
    #: The whole recipe as used, defaults and overrides included.
    recipe = models.JSONField()
    #: SHA-256 hex of algorithm and recipe.
    recipe_sha256 = models.CharField(max_length=64)
    base = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, related_name="runs_from")
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="training_runs")
    studies = models.ManyToManyField(Study, related_name="training_runs", blank=True)
    seed = models.BigIntegerField(default=0)
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="training_run")
    #: Version of the package and, where there is one, the commit.
    code_version = models.CharField(max_length=80)
    #: SHA-256 hex of the questions, rationales and preferences used; "" until the run has frozen them.
    data_sha256 = models.CharField(max_length=64, blank=True, default="")
    #: By which rule (training.runs.freezing.DATA_RULE): digests of two rules say nothing about each other.
    data_rule = models.PositiveSmallIntegerField(default=1)
    #: On what, and under which limits, it was computed: training.runs.conditions.
    conditions = models.JSONField(default=dict, blank=True)
    #: What the run measured at its end; {} before.
    metrics = models.JSONField(default=dict, blank=True)
    #: What it was thought to take when it was launched: training.estimating.Estimate; {} where nothing was measured.
    estimate = models.JSONField(default=dict, blank=True)
    #: The most memory of a GPU that it held; null without one.
    device_peak_bytes = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        site.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        app_label = "training"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(algorithm__in=Algorithm.values), name="training_run_algorithm_is_known"
            ),
            models.UniqueConstraint(
                fields=["label"], condition=models.Q(holds_label=True), name="training_run_label_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.label


class Iteration(models.Model):
    """One round of a run: what was sampled, what was kept, how long was trained, how good the result is."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="iterations", db_index=False)
    #: From 1; runs without rounds have one.
    number = models.PositiveSmallIntegerField()
    #: What it is at: generating, rationalizing, training, evaluating, done.
    stage = models.CharField(max_length=20, blank=True, default="")
    #: Counts of the sampled: {"questions", "kept", "rationalized", "failed", "unparsable", "invalid_trace", …}.
    counts = models.JSONField(default=dict, blank=True)
    #: Shares and losses: {"accuracy", "by_digits" or "by_steps": {group: accuracy}, "loss", …}.
    metrics = models.JSONField(default=dict, blank=True)
    steps = models.PositiveIntegerField(default=0)
    #: What the model of this iteration answers to the same few held-out questions: [{"question", "text", "answer",
    #: "verdict"}], to be read side by side.
    samples = models.JSONField(default=list, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "training"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="training_iteration_number_unique")
        ]


class PromptPrefix(models.Model):
    """The few-shot examples that many prompts of a run begin with, stored once."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="prefixes", db_index=False)
    sha256 = models.CharField(max_length=64)
    text = models.TextField()

    class Meta:
        app_label = "training"
        constraints = [
            models.UniqueConstraint(fields=["run", "sha256"], name="training_prefix_unique_in_run")
        ]


class RunFact(models.Model):
    """What a loop wrote down under a name, to read it again when it is resumed."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="facts", db_index=False)
    name = models.CharField(max_length=100)
    facts = models.JSONField()

    class Meta:
        app_label = "training"
        constraints = [models.UniqueConstraint(fields=["run", "name"], name="training_fact_name_unique")]


class ExampleBatch(models.Model):
    """Candidates that were sampled together: stored whole or not at all, and never sampled again."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="batches", db_index=False)
    #: From 1; 0 holds candidates of held-out questions, which nothing learns from.
    iteration = models.PositiveSmallIntegerField()
    origin = models.CharField(max_length=12, choices=Origin.choices)
    number = models.PositiveIntegerField()
    stored_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "training"
        constraints = [
            models.UniqueConstraint(
                fields=["run", "iteration", "origin", "number"], name="training_batch_number_unique"
            )
        ]


class TrainingExample(models.Model):
    """One rationale that a run considered: what was asked, what came, and whether it was learned from."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="examples", db_index=False)
    #: null for what was not sampled.
    batch = models.ForeignKey(
        ExampleBatch, on_delete=models.CASCADE, null=True, blank=True, related_name="examples"
    )
    iteration = models.PositiveSmallIntegerField()
    origin = models.CharField(max_length=12, choices=Origin.choices)
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(QuestionRevision, on_delete=models.PROTECT, related_name="+", db_index=False)
    #: From 0, within run, iteration, origin and question.
    sample = models.PositiveSmallIntegerField(default=0)
    #: The few-shot examples before `own_prompt`; null where there are none.
    prefix = models.ForeignKey(
        PromptPrefix, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    #: What was sent after the prefix; "" for a rationale that nobody was asked for.
    own_prompt = models.TextField(blank=True)
    #: What the model sees when it learns: no hint in it, unless the recipe leaves one there.
    training_prompt = models.TextField()
    completion = models.TextField()
    answer = models.TextField(blank=True)
    verdict = models.CharField(max_length=10, choices=VERDICT_CHOICES)
    text_agrees = models.BooleanField(null=True, blank=True)
    fate = models.CharField(max_length=10, choices=Fate.choices)
    #: Whether the reasoning itself holds; null where the family can not tell.
    trace_valid = models.BooleanField(null=True, blank=True)
    #: Log-likelihood under the verifier that chose, in nats; null where none was asked.
    verifier_score = models.FloatField(null=True, blank=True)
    #: stop: ended by itself; length: cut off; "" for what was not sampled.
    finish = models.CharField(max_length=10, blank=True)
    #: Tokens, how many of them the model chose itself, and the sum of these ones' log-probabilities; null for what was
    #: not sampled.
    tokens = models.PositiveIntegerField(null=True, blank=True)
    scored_tokens = models.PositiveIntegerField(null=True, blank=True)
    logprob = models.FloatField(null=True, blank=True)
    seed = models.BigIntegerField(null=True, blank=True)
    #: The library's rationale, for supervised fine-tuning and for what STaR replays.
    rationale = models.ForeignKey(
        Rationale, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        app_label = "training"
        constraints = [
            models.UniqueConstraint(
                fields=["run", "iteration", "origin", "question", "sample"],
                name="training_example_unique_in_run",
            ),
            models.CheckConstraint(
                condition=models.Q(origin__in=Origin.values), name="training_example_origin_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(fate__in=Fate.values), name="training_example_fate_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["run", "iteration", "fate", "id"], name="training_example_fate"),
        ]

    @property
    def prompt(self) -> str:
        """The prompt exactly as it was sent."""
        return (self.prefix.text if self.prefix else "") + self.own_prompt


class PreferencePair(models.Model):
    """Two completions of one prompt of which one is preferred: by its verdict, or by raters."""

    class Origin(models.TextChoices):
        #: A right and a wrong sample of the generator.
        VERDICT = "verdict", "Right against wrong"
        #: What raters of a study preferred.
        RATERS = "raters", "Raters"
        #: A line of an export file.
        FILE = "file", "Export file"

    class Use(models.TextChoices):
        TRAIN = "train", "Learned from"
        HELD_OUT = "held_out", "Held out"

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="pairs", db_index=False)
    number = models.PositiveIntegerField()
    origin = models.CharField(max_length=8, choices=Origin.choices)
    use = models.CharField(max_length=8, choices=Use.choices)
    #: null for a file's line whose question is not known here.
    question = models.ForeignKey(Question, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    split = models.SlugField(max_length=50, blank=True)
    prompt = models.TextField()
    chosen = models.TextField()
    rejected = models.TextField()
    #: How much it counts in the loss.
    weight = models.FloatField(default=1.0)
    chosen_example = models.ForeignKey(
        TrainingExample, on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    rejected_example = models.ForeignKey(
        TrainingExample, on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    chosen_rationale = models.ForeignKey(
        Rationale, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    rejected_rationale = models.ForeignKey(
        Rationale, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    #: The votes behind it: {"study", "raters", "rating": the rating's key, "revision"}; {} for verdicts.
    votes = models.JSONField(default=dict, blank=True)

    class Meta:
        app_label = "training"
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="training_pair_number_unique_in_run"),
        ]


class Checkpoint(models.Model):
    """The weights of a run at one moment. `model` is there once they are registered, and as long as they are kept."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="checkpoints", db_index=False)
    #: "iteration-3", "generator", "verifier": what it is within its run.
    name = models.CharField(max_length=50)
    iteration = models.PositiveSmallIntegerField(default=1)
    step = models.PositiveIntegerField(default=0)
    metrics = models.JSONField(default=dict, blank=True)
    #: The run's result: what its label stands for.
    is_result = models.BooleanField(default=False)
    model = models.OneToOneField(
        LanguageModel, on_delete=models.PROTECT, null=True, blank=True, related_name="checkpoint"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "training"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "name"], name="training_checkpoint_name_unique"),
            models.UniqueConstraint(
                fields=["run"], condition=models.Q(is_result=True), name="training_one_result_per_run"
            ),
        ]
