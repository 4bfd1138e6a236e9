from collections import defaultdict

from django.db import migrations

#: Imports after which a text that stands alone beside its question is people's, as they read such a file today.
SAID = {
    ("dataset.import_questions", "gsm8k"),
    ("dataset.import_questions", "jsonl"),
    ("dataset.import_rationales", "cose"),
    ("dataset.import_rationales", "gsm8k-model-solutions"),
}


def say_what_imports_said(apps, schema_editor):
    """Sources whose texts are the only ones beside their questions, a model's apart, in datasets of such imports alone.

    What a file of triples or a rationales file without `written_by` brought stays unsaid, as it does today.
    """
    Source = apps.get_model("ratings", "Source")
    Rationale = apps.get_model("ratings", "Rationale")
    events = apps.get_model("accounts", "AuditEvent").objects.filter(act__startswith="dataset.import_")
    done = defaultdict(set)
    for act, name, details in events.values_list("act", "subject", "details"):
        done[name].add((act, details.get("format")))
    known = {name for name, acts in done.items() if acts <= SAID}
    people = []
    for source in Source.objects.filter(written_by=""):
        own = Rationale.objects.filter(source=source).order_by()
        names = set(own.values_list("question__dataset__name", flat=True).distinct())
        beside = Rationale.objects.filter(question__in=own.values("question")).exclude(source=source)
        if names and names <= known and not beside.exclude(source__written_by="model").exists():
            people.append(source.pk)
    Source.objects.filter(pk__in=people).update(written_by="people")


class Migration(migrations.Migration):
    dependencies = [
        ("ratings", "0014_who_wrote_a_source"),
        ("generation", "0003_sources_of_models"),
        ("accounts", "0001_people_tokens_audit"),
    ]

    operations = [migrations.RunPython(say_what_imports_said, migrations.RunPython.noop)]
