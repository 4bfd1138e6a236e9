"""What the library's calls answer with, and what they ask for.

Fields called as attributes of DRF's own classes are (label, source, parent …) are annotated Any.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ratings.library.formats import QUESTION_FORMATS, RATIONALE_FORMATS, TRIPLES
from ratings.library.models import FAMILY_CHOICES, WRITER_CHOICES, Question, QuestionRevision, Rationale


class DatasetSerializer(serializers.Serializer[Any]):
    """A dataset with its counts."""

    name = serializers.CharField()
    family = serializers.CharField()
    created_at = serializers.DateTimeField()
    questions = serializers.IntegerField()
    splits = serializers.DictField(child=serializers.IntegerField(), help_text="questions by split")


class DatasetWithSourcesSerializer(DatasetSerializer):
    """The same for whoever may see what the sources are."""

    rationales = serializers.IntegerField(help_text="live rationales")
    sources = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()),
        help_text="live rationales by source and verdict",
    )
    written_by = serializers.DictField(
        child=serializers.CharField(allow_blank=True), help_text="people, program, model, or empty: by source"
    )


class ChoiceSerializer(serializers.Serializer[Any]):
    label: Any = serializers.CharField()
    text = serializers.CharField()


class RevisionSerializer(serializers.ModelSerializer[QuestionRevision]):
    """One version of a question; `answer` is canonical, and a label where there are choices."""

    question = serializers.CharField(source="text", read_only=True)
    choices = ChoiceSerializer(many=True, read_only=True)

    class Meta:
        model = QuestionRevision
        fields = ["number", "current", "question", "choices", "answer", "created_at"]
        read_only_fields = fields


class QuestionSerializer(serializers.ModelSerializer[Question]):
    """A question as it now is."""

    id = serializers.CharField(source="external_id", read_only=True)
    dataset = serializers.CharField(source="dataset.name", read_only=True)
    question = serializers.CharField(source="current_revision.text", read_only=True)
    choices = ChoiceSerializer(source="current_revision.choices", many=True, read_only=True)
    answer = serializers.CharField(source="current_revision.answer", read_only=True)
    revision = serializers.IntegerField(source="current_revision.number", read_only=True)

    class Meta:
        model = Question
        fields = ["id", "dataset", "split", "question", "choices", "answer", "revision", "created_at"]
        read_only_fields = fields


class QuestionDetailSerializer(QuestionSerializer):
    """A question with all its revisions, newest first."""

    revisions = RevisionSerializer(source="all_revisions", many=True, read_only=True)

    class Meta(QuestionSerializer.Meta):
        fields = [*QuestionSerializer.Meta.fields, "revisions"]
        read_only_fields = fields


class RationaleSerializer(serializers.ModelSerializer[Rationale]):
    """A rationale with its source: never shown to raters. `normalised` is the text that they see."""

    dataset = serializers.CharField(source="question.dataset.name", read_only=True)
    question = serializers.CharField(source="question.external_id", read_only=True)
    revision = serializers.IntegerField(source="revision.number", read_only=True)
    source: Any = serializers.CharField(source="source.label", read_only=True)

    class Meta:
        model = Rationale
        fields = [
            "id",
            "dataset",
            "question",
            "revision",
            "source",
            "text",
            "text_digest",
            "normalised",
            "normaliser_version",
            "verdict",
            "answer",
            "text_agrees",
            "stated_answer",
            "given",
            "live",
            "meta",
            "created_at",
        ]
        read_only_fields = fields


class _ImportOptionsSerializer(serializers.Serializer[Any]):
    """What every import is asked with, in the query string."""

    family = serializers.ChoiceField(choices=FAMILY_CHOICES, required=False)
    split = serializers.CharField(max_length=50, required=False)
    source: Any = serializers.CharField(max_length=100, required=False)
    written_by = serializers.ChoiceField(
        choices=WRITER_CHOICES, required=False, help_text="where rows do not say"
    )
    dry_run = serializers.BooleanField(default=False, help_text="count and check everything, write nothing")


class QuestionImportSerializer(_ImportOptionsSerializer):
    format = serializers.ChoiceField(choices=list(QUESTION_FORMATS), default="jsonl")


class RationaleImportSerializer(_ImportOptionsSerializer):
    format = serializers.ChoiceField(choices=[*RATIONALE_FORMATS, TRIPLES], default="jsonl")


class RowErrorSerializer(serializers.Serializer[Any]):
    row = serializers.IntegerField(help_text="line number, from 1")
    field = serializers.CharField()
    value = serializers.CharField(allow_null=True)
    message = serializers.CharField()


class ImportedSerializer(serializers.Serializer[Any]):
    """What an import did. Row errors come as the error `row_errors`, so that these two are always empty here."""

    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    repeated = serializers.IntegerField(help_text="rows that say what an earlier row of the same file said")
    errors: Any = serializers.IntegerField()
    error_rows = RowErrorSerializer(many=True)
    sources = serializers.DictField(child=serializers.DictField(child=serializers.IntegerField()))
    written_by = serializers.DictField(
        child=serializers.CharField(allow_blank=True), help_text="people, program, model, or empty: by source"
    )
    dataset = serializers.CharField()
    dry_run = serializers.BooleanField()


class UploadSerializer(serializers.Serializer[Any]):
    """A file in a form; a plain body holds the bytes of the file itself."""

    file = serializers.FileField()
