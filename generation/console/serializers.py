"""What the calls about models, generation runs and candidates answer with, and what they ask for.

Fields called as attributes of DRF's own classes are (label, source, parent …) are annotated Any.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.bodies import Body
from generation.registry.models import LanguageModel
from generation.registry.settings import MAX_SERVED_NAME, ModelSettings, Protocol, RationaleText
from generation.runs.models import Candidate, GenerationRun
from generation.runs.selectors import summary_of
from generation.runs.spec import GenerationSpec

_MODEL_DEFAULTS = ModelSettings()
_RUN_DEFAULTS = GenerationSpec(dataset="", model="", samples=1)


class FileSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    bytes = serializers.IntegerField()
    sha256 = serializers.CharField()


class LanguageModelSerializer(serializers.ModelSerializer[LanguageModel]):
    """A model. `parent`: what it was trained from. Hub models and endpoints have no facts of files."""

    label: Any = serializers.CharField(read_only=True)
    parent: Any = serializers.CharField(source="parent.label", default=None, read_only=True, allow_null=True)
    children: serializers.SlugRelatedField[LanguageModel] = serializers.SlugRelatedField(
        slug_field="label", many=True, read_only=True
    )
    parameters = serializers.IntegerField(source="manifest.parameters", default=None, allow_null=True)
    context: Any = serializers.IntegerField(source="manifest.context", default=None, allow_null=True)
    vocabulary = serializers.IntegerField(source="manifest.vocabulary", default=None, allow_null=True)
    architecture = serializers.CharField(source="manifest.architecture", default=None, allow_null=True)
    files = FileSerializer(source="manifest.files", many=True, default=())
    made = serializers.DictField(
        source="manifest.made", default=None, allow_null=True, help_text="its own manifest.json"
    )
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)
    settings = serializers.DictField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = LanguageModel
        fields = [
            *(
                "label",
                "kind",
                "location",
                "parent",
                "children",
                "settings",
                "digest",
                "parameters",
                "context",
            ),
            *("vocabulary", "architecture", "files", "made", "created_at", "created_by"),
        ]
        read_only_fields = fields


class NewLanguageModelSerializer(Body):
    """Exactly one of `path`, `hub` and `endpoint`."""

    label: Any = serializers.CharField()
    path = serializers.CharField(default=None, allow_null=True, help_text="a folder below MODEL_ROOTS")
    hub = serializers.CharField(default=None, allow_null=True, help_text="owner/name")
    endpoint = serializers.CharField(default=None, allow_null=True, help_text="a name in ENDPOINTS")
    rationale_text = serializers.ChoiceField(
        choices=[(one.value, one.value) for one in RationaleText],
        default=_MODEL_DEFAULTS.rationale_text.value,
        help_text="which of its texts is the rationale",
    )
    protocol = serializers.ChoiceField(
        choices=[(one.value, one.value) for one in Protocol], default=_MODEL_DEFAULTS.protocol.value
    )
    served_model = serializers.CharField(
        default="", allow_blank=True, max_length=MAX_SERVED_NAME, help_text="its name on the server"
    )


class GenerationSerializer(serializers.ModelSerializer[GenerationRun]):
    """A generation run. `state`: its job's; `job` is what is cancelled and resumed.

    `conditions`: `unknown_characters`, where questions have some that the model's tokenizer does not know;
    `room_settled`, where `max_new_tokens` was not asked for and is what fits.
    """

    dataset = serializers.CharField(source="dataset.name", read_only=True)
    model = serializers.CharField(source="model.label", read_only=True)
    source: Any = serializers.CharField(source="source.label", read_only=True)
    state = serializers.CharField(source="job.state", read_only=True)
    planned = serializers.IntegerField(read_only=True, help_text="candidates that it makes")
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)

    class Meta:
        model = GenerationRun
        fields = [
            *(
                "id",
                "state",
                "job",
                "dataset",
                "model",
                "model_digest",
                "source",
                "split",
                "questions",
                "samples",
            ),
            *("planned", "temperature", "top_p", "seed", "shots", "hint", "max_new_tokens", "batch_size"),
            *("calculator", "conditions", "created_at", "created_by", "finished_at"),
        ]
        read_only_fields = fields


class SummarySerializer(serializers.Serializer[Any]):
    """What is stored so far. `seconds`: null before the end."""

    candidates = serializers.IntegerField()
    correct = serializers.IntegerField()
    wrong = serializers.IntegerField()
    unparsable = serializers.IntegerField()
    given = serializers.IntegerField()
    questions_right = serializers.IntegerField(help_text="questions with at least one right answer")
    tokens = serializers.IntegerField()
    seconds = serializers.FloatField(allow_null=True)


class GenerationWithSummarySerializer(GenerationSerializer):
    """One run, with what came of it and the worked examples before each of its prompts."""

    summary = serializers.SerializerMethodField()

    class Meta(GenerationSerializer.Meta):
        fields = [*GenerationSerializer.Meta.fields, "prefix", "summary"]
        read_only_fields = fields

    @extend_schema_field(SummarySerializer)
    def get_summary(self, run: GenerationRun) -> dict[str, Any]:
        return dict(SummarySerializer(summary_of(run)).data)


class NewGenerationSerializer(Body):
    """CONTRACT.md's `generate`; bounds are checked by the run's spec."""

    dataset = serializers.CharField()
    model = serializers.CharField()
    samples = serializers.IntegerField(help_text="candidates per question")
    split = serializers.CharField(default=None, allow_null=True, help_text="null: all but prompt")
    temperature = serializers.FloatField(default=_RUN_DEFAULTS.temperature, help_text="0 is greedy")
    top_p = serializers.FloatField(default=_RUN_DEFAULTS.top_p)
    seed = serializers.IntegerField(default=_RUN_DEFAULTS.seed)
    source: Any = serializers.CharField(default=None, allow_null=True, help_text="null: the model's label")
    shots = serializers.IntegerField(default=_RUN_DEFAULTS.shots, help_text="worked examples of split prompt")
    hint = serializers.BooleanField(default=_RUN_DEFAULTS.hint, help_text="give the right answer away")
    max_new_tokens = serializers.IntegerField(
        default=None, allow_null=True, help_text="null: what fits, at most 256"
    )
    batch_size = serializers.IntegerField(default=None, allow_null=True)
    lanes = serializers.IntegerField(
        default=None, allow_null=True, help_text="workers at a time; null: all alive"
    )


class CandidateSerializer(serializers.ModelSerializer[Candidate]):
    """One sample, right or wrong. `rationale`: what raters may see of it; null where the model wrote nothing."""

    dataset = serializers.CharField(source="run.dataset.name", read_only=True)
    model = serializers.CharField(source="run.model.label", read_only=True)
    source: Any = serializers.CharField(source="run.source.label", read_only=True)
    question = serializers.CharField(source="prompt.question.external_id", read_only=True)
    revision = serializers.IntegerField(source="prompt.revision.number", read_only=True)

    class Meta:
        model = Candidate
        fields = [
            *("id", "run", "dataset", "model", "source", "question", "revision", "sample", "seed", "text"),
            *("reasoning", "answer", "verdict", "text_agrees", "logprob", "scored_tokens", "tokens"),
            *("prompt_tokens", "finish", "rationale", "created_at"),
        ]
        read_only_fields = fields


class CandidateWithPromptSerializer(CandidateSerializer):
    """A candidate with its prompt to the letter."""

    prompt = serializers.CharField(source="prompt.sent", read_only=True)

    class Meta(CandidateSerializer.Meta):
        fields = [*CandidateSerializer.Meta.fields, "prompt"]
        read_only_fields = fields
