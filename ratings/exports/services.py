"""Making an export: one consistent read, streamed into one file, recorded and audited."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.audit import Actor, record
from accounts.gates import require
from accounts.models import User
from accounts.roles import Act
from ratings.exports.errors import CannotWrite
from ratings.exports.files import HashedFile, check_target, written_aside
from ratings.exports.jsonl import write_jsonl
from ratings.exports.keys import derive_keys
from ratings.exports.models import Export
from ratings.exports.options import JSONL, PARQUET, ExportOptions, check_options, container_of
from ratings.exports.pairs import DROP
from ratings.exports.rows import Context, Rated, Row
from ratings.exports.selectors import rated_triples
from ratings.exports.snapshot import consistent_read
from ratings.slots.models import Rater
from ratings.studies.blinding import require_visible_results
from ratings.studies.models import Study
from ratings.studies.selectors import get_study, source_labels

#: Where exports lie below STORAGE_DIR, each named by its content.
STORED = "exports"

#: Passes rows on, perhaps showing a bar.
Watch = Callable[[Iterable[Rated]], Iterator[Rated]]


def export_study(
    study_name: str,
    *,
    format: str,
    actor: Actor,
    out: Path | None = None,
    container: str = JSONL,
    raters: str = Rater.Kind.HUMAN,
    ties: str = DROP,
    split: str | None = None,
    lineage: bool = False,
    watch: Watch = iter,
) -> Export:
    """Writes the study's preference data and records it; the same content and options again is the same record.

    out: the file to write (its ending decides the container); None: the site's storage, named by content.
    Raises UnknownStudy, InvalidInput or CannotWrite; then no file is left and an older one at `out` stands as it was.
    """
    options = check_options(
        format=format,
        container=container if out is None else container_of(out),
        raters=raters,
        ties=ties,
        split=split,
        lineage=lineage,
    )
    study = get_study(study_name)
    folder, name = _place(out, options)
    with written_aside(folder, name=name) as sink:
        with consistent_read():
            rows = _write(study, options, sink, watch)
        sink.sync()
        return _publish(study, options, sink, rows=rows, out=out, actor=actor)


def export_study_for(user: User, study_name: str, **options: Any) -> Export:
    """What pages and API call: into the site's storage, if this person may export and the study is not blind.

    Raises PermissionRefused or Blinded, and as export_study does.
    """
    require(user, Act.EXPORT)
    require_visible_results(get_study(study_name))
    return export_study(study_name, out=None, actor=Actor.of(user), **options)


def _place(out: Path | None, options: ExportOptions) -> tuple[Path, str]:
    """The folder and the working name of the file."""
    if out is not None:
        check_target(out)
        return out.parent, out.name
    folder = Path(settings.STORAGE_DIR) / STORED
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(
            f"The storage folder can not be made: {error.strerror}.", details={"path": str(folder)}
        ) from error
    return folder, f"export.{options.container}"


def _write(study: Study, options: ExportOptions, sink: HashedFile, watch: Watch) -> int:
    labels = tuple(source_labels(study))
    context = Context(
        study=study.name,
        labels=labels,
        ties=options.ties,
        lineage=options.lineage,
        keys=derive_keys(
            settings.SECRET_KEY, study=study.name, format_name=options.format.name, options=options.as_json()
        ),
    )
    rated = rated_triples(
        study,
        raters=options.raters,
        split=options.split,
        counted_only=options.format.counted_only,
        with_texts=options.format.has_pairs or options.lineage,
    )
    to_rows = options.format.rows
    rows: Iterator[Row] = chain.from_iterable(to_rows(one, context) for one in watch(rated))
    if options.container != PARQUET:
        return write_jsonl(rows, sink)
    # Imported here: pyarrow costs tens of megabytes, and most processes never write Parquet.
    from ratings.exports.parquet import write_parquet
    from ratings.exports.schemas import schema_of

    schema = schema_of(options.format.name, labels=labels, lineage=options.lineage)
    return write_parquet(rows, sink, schema=schema)


@transaction.atomic
def _publish(
    study: Study, options: ExportOptions, sink: HashedFile, *, rows: int, out: Path | None, actor: Actor
) -> Export:
    """Record, audit line and file: all or none (the rename comes last)."""
    sha256 = sink.sha256
    path = "" if out is not None else f"{STORED}/{sha256}.{options.container}"
    export, _ = Export.objects.get_or_create(
        study=study,
        format=options.format.name,
        container=options.container,
        options=options.as_json(),
        sha256=sha256,
        path=path,
        defaults={"version": sha256[:12], "rows": rows, "bytes": sink.bytes, "created_by": actor.user},
    )
    details = {"format": export.format, **options.as_json(), "version": export.version, "rows": rows}
    record(actor, "export.create", subject=study.name, details=details)
    sink.publish(Path(settings.STORAGE_DIR) / path if out is None else out)
    return export
