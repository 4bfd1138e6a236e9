from django.db import migrations, models
from django.db.models import Exists, OuterRef

#: What the labels of this project's own sources have always meant.
KNOWN = {
    "human": "people",
    "worked_example": "people",
    "scratchpad": "program",
    "written": "program",
    "gpt3_greedy": "model",
}


def say_what_is_known(apps, schema_editor):
    """The sources named by the program, and those of GSM8K's example solutions, which alone keep `is_correct`."""
    Source = apps.get_model("ratings", "Source")
    Rationale = apps.get_model("ratings", "Rationale")
    for label, writer in KNOWN.items():
        Source.objects.filter(label=label, written_by="").update(written_by=writer)
    Source.objects.filter(label__startswith="gpt3_sample_", written_by="").update(written_by="model")
    own = Rationale.objects.filter(source=OuterRef("pk"))
    judged = own.filter(meta__has_key="is_correct")
    others = own.exclude(meta__has_key="is_correct")
    example = Source.objects.filter(Exists(judged), ~Exists(others), written_by="")
    Source.objects.filter(pk__in=list(example.values_list("pk", flat=True))).update(written_by="model")


class Migration(migrations.Migration):
    dependencies = [
        ("ratings", "0013_refused_input_is_counted"),
    ]

    operations = [
        migrations.AddField(
            model_name="source",
            name="written_by",
            field=models.CharField(
                blank=True,
                choices=[("people", "people"), ("program", "program"), ("model", "model")],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
        migrations.RunPython(say_what_is_known, migrations.RunPython.noop),
    ]
