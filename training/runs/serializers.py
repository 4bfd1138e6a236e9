"""Runs, examples, checkpoints and evaluations as the API shows them.

Fields called as attributes of DRF's own classes are (label, source, parent …) are annotated Any.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.bodies import Body
from generation.registry.models import LanguageModel
from training.recipes.schema import ALGORITHMS
from training.runs.against_base import against_base
from training.runs.blinding import counts_are_hidden, told
from training.runs.cautions import cautions_of
from training.runs.evaluating import EvaluationSpec
from training.runs.measured_models import Evaluation
from training.runs.missing import examples_missing
from training.runs.models import Checkpoint, Iteration, PreferencePair, TrainingExample, TrainingRun
from training.runs.spending import spent_on

_DEFAULTS = EvaluationSpec(model="", dataset="")


class JobStateSerializer(serializers.Serializer[Any]):
    """Where the work is. `done` of `total` units of the stage; null: nobody knows how many there will be.

    `lost`: its worker has let the lease run out, so that `state` is "running" and nobody works on it.
    """

    job = serializers.IntegerField(source="pk")
    state = serializers.CharField()
    lost = serializers.BooleanField(source="is_lost")
    stage = serializers.CharField()
    done = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True)
    error = serializers.JSONField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class RunSerializer(serializers.ModelSerializer[TrainingRun]):
    """`recipe` is the whole recipe as used; `checkpoint` the label of the resulting model, null before the end.

    `seconds` of `took` and `estimate`: of the clock, of the work alone, over all attempts, without each process's
    start-up and the time between them.
    """

    base = serializers.CharField(source="base.label", read_only=True)
    dataset = serializers.CharField(source="dataset.name", read_only=True)
    job = JobStateSerializer(read_only=True)
    checkpoint = serializers.SerializerMethodField()
    metrics = serializers.SerializerMethodField()
    estimate = serializers.SerializerMethodField()
    took = serializers.SerializerMethodField()

    class Meta:
        model = TrainingRun
        fields = [
            "id",
            "algorithm",
            "label",
            "recipe_name",
            "recipe",
            "recipe_sha256",
            "base",
            "dataset",
            "seed",
            "code_version",
            "data_sha256",
            "conditions",
            "metrics",
            "estimate",
            "took",
            "checkpoint",
            "job",
            "created_at",
        ]
        read_only_fields = fields

    @extend_schema_field({"type": "object", "nullable": True})
    def get_estimate(self, run: TrainingRun) -> dict[str, Any] | None:
        # How many texts a run of a blinded study learns from tells what raters preferred.
        return None if not run.estimate or counts_are_hidden(run) else run.estimate

    @extend_schema_field({"type": "object", "nullable": True})
    def get_took(self, run: TrainingRun) -> dict[str, Any] | None:
        found = spent_on(run)
        return None if found is None else asdict(found)

    @extend_schema_field({"type": "string", "nullable": True})
    def get_checkpoint(self, run: TrainingRun) -> str | None:
        results = [one.model for one in run.checkpoints.all() if one.is_result]
        return results[0].label if results and results[0] else None

    def get_metrics(self, run: TrainingRun) -> dict[str, Any]:
        return told(run, run.metrics)


class IterationSerializer(serializers.ModelSerializer[Iteration]):
    """`complete`: false where `examples/?learned_in=` lacks some of what its model learned from: an earlier version of
    the program kept no rows of what was replayed or copied with its hint."""

    counts = serializers.SerializerMethodField()
    metrics = serializers.SerializerMethodField()
    complete = serializers.SerializerMethodField()

    class Meta:
        model = Iteration
        fields = ["number", "stage", "counts", "metrics", "steps", "complete", "samples"]
        fields += ["started_at", "finished_at"]
        read_only_fields = fields

    def get_complete(self, iteration: Iteration) -> bool:
        # Once for all iterations of the run.
        context: Any = self.context
        by_run = context.setdefault("examples_missing", {})
        if iteration.run_id not in by_run:
            by_run[iteration.run_id] = examples_missing(iteration.run)
        return iteration.number not in by_run[iteration.run_id]

    def get_counts(self, iteration: Iteration) -> dict[str, Any]:
        return told(iteration.run, iteration.counts)

    def get_metrics(self, iteration: Iteration) -> dict[str, Any]:
        return told(iteration.run, iteration.metrics)


class WarningSerializer(serializers.Serializer[Any]):
    """`code`: diverged, worse_than_guessing, worse_than_chance or worse_than_base."""

    code = serializers.CharField()
    message = serializers.CharField()
    details = serializers.DictField(child=serializers.JSONField())


class RunWithIterationsSerializer(RunSerializer):
    """One run, with its iterations.

    `warnings`: what is bad about its result, with advice. `against_base`: its result minus its base on the same
    questions, with a 95% interval and McNemar's exact test; `on` is "held out", or a split that both were evaluated on.
    """

    iterations = IterationSerializer(many=True, read_only=True)
    warnings = serializers.SerializerMethodField()
    against_base = serializers.SerializerMethodField()

    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "iterations", "warnings", "against_base"]
        read_only_fields = fields

    @extend_schema_field(WarningSerializer(many=True))
    def get_warnings(self, run: TrainingRun) -> list[dict[str, Any]]:
        return [one.as_json() for one in cautions_of(run)]

    @extend_schema_field({"type": "array", "items": {"type": "object"}})
    def get_against_base(self, run: TrainingRun) -> list[dict[str, Any]]:
        return [one.as_json() for one in against_base(run)]


class AskedRunSerializer(Body):
    """`set`: instead of the recipe's values, by key."""

    algorithm = serializers.CharField(help_text=f"one of {', '.join(ALGORITHMS)}")
    recipe = serializers.CharField(help_text="the name of a recipe")
    set = serializers.DictField(child=serializers.JSONField(), default=dict)
    label: Any = serializers.CharField(
        required=False, help_text="not looked at: the body of a launch will do"
    )


class NewRunSerializer(AskedRunSerializer):
    """The same, with what the resulting model is to be called."""

    label = serializers.CharField()


class ExampleSerializer(serializers.ModelSerializer[TrainingExample]):
    """`prompt` is the prompt as it was sent ("": nobody was asked), `training_prompt` what is learned behind."""

    question = serializers.CharField(source="question.external_id", read_only=True)
    question_revision = serializers.IntegerField(source="revision.number", read_only=True)
    prompt = serializers.CharField(read_only=True)

    class Meta:
        model = TrainingExample
        fields = [
            "id",
            "iteration",
            "origin",
            "question",
            "question_revision",
            "sample",
            "prompt",
            "training_prompt",
            "completion",
            "answer",
            "verdict",
            "fate",
            "trace_valid",
            "verifier_score",
            "tokens",
            "logprob",
            "seed",
            "rationale",
        ]
        read_only_fields = fields


class PreferencePairSerializer(serializers.ModelSerializer[PreferencePair]):
    question = serializers.CharField(source="question.external_id", read_only=True, allow_null=True)

    class Meta:
        model = PreferencePair
        fields = [
            "number",
            "origin",
            "use",
            "question",
            "split",
            "prompt",
            "chosen",
            "rejected",
            "weight",
            "chosen_example",
            "rejected_example",
            "chosen_rationale",
            "rejected_rationale",
            "votes",
        ]
        read_only_fields = fields


class CheckpointSerializer(serializers.ModelSerializer[Checkpoint]):
    """`model`: the label under which it is registered."""

    run = serializers.IntegerField(source="run_id", read_only=True)
    model = serializers.CharField(source="model.label", read_only=True)
    digest = serializers.CharField(source="model.digest", read_only=True)
    metrics = serializers.SerializerMethodField()

    class Meta:
        model = Checkpoint
        fields = [
            "id",
            "model",
            "run",
            "name",
            "iteration",
            "step",
            "metrics",
            "is_result",
            "digest",
            "created_at",
        ]
        read_only_fields = fields

    def get_metrics(self, checkpoint: Checkpoint) -> dict[str, Any]:
        return told(checkpoint.run, checkpoint.metrics)


class EvaluationSerializer(serializers.ModelSerializer[Evaluation]):
    """`result` is CONTRACT.md's object of `evaluate`; {} before the end.

    `conditions`: `unknown_characters` by model, where questions have some that its tokenizer does not know.
    """

    model = serializers.CharField(source="model.label", read_only=True)
    dataset = serializers.CharField(source="dataset.name", read_only=True)
    verifiers: serializers.SlugRelatedField[LanguageModel] = serializers.SlugRelatedField(
        slug_field="label", many=True, read_only=True
    )
    job = JobStateSerializer(read_only=True)

    class Meta:
        model = Evaluation
        fields = [
            "id",
            "model",
            "dataset",
            "split",
            "verifiers",
            "settings",
            "code_version",
            "conditions",
            "result",
            "job",
            "created_at",
        ]
        read_only_fields = fields


class NewEvaluationSerializer(Body):
    """The service says which values it knows, so that pages, API and commands refuse in the same words."""

    model = serializers.CharField()
    dataset = serializers.CharField()
    split = serializers.CharField(default=_DEFAULTS.split)
    verifiers = serializers.ListField(child=serializers.CharField(), default=list)
    samples = serializers.IntegerField(default=_DEFAULTS.samples)
    k = serializers.ListField(child=serializers.IntegerField(), default=list)
    temperature = serializers.FloatField(default=_DEFAULTS.temperature)
    top_p = serializers.FloatField(default=_DEFAULTS.top_p)
    seed = serializers.IntegerField(default=_DEFAULTS.seed)
    shots = serializers.IntegerField(default=_DEFAULTS.shots)
    max_new_tokens = serializers.IntegerField(default=None, allow_null=True)
    questions = serializers.IntegerField(default=_DEFAULTS.questions)

    def spec(self) -> EvaluationSpec:
        values = dict(self.validated_data)
        return EvaluationSpec(**{**values, "verifiers": tuple(values["verifiers"]), "k": tuple(values["k"])})
