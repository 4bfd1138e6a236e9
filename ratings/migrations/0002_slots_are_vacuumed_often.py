"""PostgreSQL: slots and assignments change with every rating, and each change leaves a dead entry at the front of the
index that the next claim walks. The default waits until a fifth of the table is dead; a study of 100,000 slots would
get 20,000 dead entries to walk over first.
"""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_SETTINGS = (
    "autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0, "
    "autovacuum_analyze_scale_factor = 0.05"
)
_NAMES = (
    "autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_vacuum_cost_delay, "
    "autovacuum_analyze_scale_factor"
)


def vacuum_often(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE ratings_slot SET ({_SETTINGS})")
        schema_editor.execute(f"ALTER TABLE ratings_assignment SET ({_SETTINGS})")


def vacuum_by_default(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE ratings_slot RESET ({_NAMES})")
        schema_editor.execute(f"ALTER TABLE ratings_assignment RESET ({_NAMES})")


class Migration(migrations.Migration):
    dependencies = [("ratings", "0001_library_studies_slots_exports")]

    operations = [migrations.RunPython(vacuum_often, vacuum_by_default)]
