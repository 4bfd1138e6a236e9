from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0004_figures"),
    ]

    operations = [
        migrations.AddField(
            model_name="evaluation",
            name="conditions",
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
