from django.db import migrations


def say_what_was_generated(apps, schema_editor):
    """What runs of this site were filed under was written by models."""
    Source = apps.get_model("ratings", "Source")
    GenerationRun = apps.get_model("generation", "GenerationRun")
    generated = GenerationRun.objects.order_by().values_list("source", flat=True).distinct()
    Source.objects.filter(pk__in=list(generated), written_by="").update(written_by="model")


class Migration(migrations.Migration):
    dependencies = [
        ("generation", "0002_conditions_of_runs"),
        ("ratings", "0014_who_wrote_a_source"),
    ]

    operations = [migrations.RunPython(say_what_was_generated, migrations.RunPython.noop)]
