"""A draft study of any size, made by SQL in seconds: what opening and claiming are measured on. PostgreSQL only.

Not the product's import: that has a benchmark of its own.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

#: Every text is its own and names no source, so that the lint reads all of it and finds nothing.
LIBRARY = """
INSERT INTO ratings_dataset (name, family, created_at) VALUES (%(name)s, 'gsm8k', now());

INSERT INTO ratings_source (label, created_at)
VALUES ('alpha', now()), ('beta', now()), ('gamma', now()) ON CONFLICT DO NOTHING;

INSERT INTO ratings_question (dataset_id, external_id, split, created_at)
SELECT d.id, 'q' || n, 'train', now() FROM ratings_dataset d, generate_series(1, %(triples)s) n WHERE d.name = %(name)s;

INSERT INTO ratings_questionrevision
  (question_id, number, current, text, choices, answer, content_digest, created_at)
SELECT q.id, 1, true, 'What is ' || q.external_id || ' plus two?', '[]', '4', md5(q.external_id), now()
FROM ratings_question q JOIN ratings_dataset d ON d.id = q.dataset_id WHERE d.name = %(name)s;

INSERT INTO ratings_rationale
  (question_id, revision_id, source_id, text, normalised, normaliser_version, text_digest, answer, verdict,
   stated_answer, given, live, meta, created_at)
SELECT r.question_id, r.id, s.id, t.text, t.text, 1, md5(t.text), '4', 'correct', '', false, true, '{}', now()
FROM ratings_questionrevision r
JOIN ratings_question q ON q.id = r.question_id
JOIN ratings_dataset d ON d.id = q.dataset_id,
ratings_source s,
LATERAL (SELECT repeat('First one takes the number and then adds to it. ', 4) || md5(r.id || s.label) AS text) t
WHERE d.name = %(name)s AND s.label IN ('alpha', 'beta', 'gamma');
"""

TRIPLES = """
INSERT INTO ratings_studysource (study_id, source_id, index)
SELECT s.id, c.id, row_number() OVER (ORDER BY c.label) - 1 FROM ratings_study s, ratings_source c
WHERE s.name = %(name)s AND c.label IN ('alpha', 'beta', 'gamma');

INSERT INTO ratings_triple (study_id, number, question_id, revision_id, base_order, content)
SELECT s.id, row_number() OVER (ORDER BY r.id), r.question_id, r.id, r.id %% 6, jsonb_build_object(
  'question', jsonb_build_object('html', '<p>' || r.text || '</p>', 'choices', '[]'::jsonb, 'answer', r.answer),
  'cards', (
    SELECT jsonb_agg(
      jsonb_build_object('html', '<p>' || x.text || '</p>', 'steps', jsonb_build_array(x.text)) ORDER BY x.source_id
    ) FROM ratings_rationale x WHERE x.revision_id = r.id
  )
)
FROM ratings_study s JOIN ratings_question q ON q.dataset_id = s.dataset_id
JOIN ratings_questionrevision r ON r.question_id = q.id WHERE s.name = %(name)s;

INSERT INTO ratings_triplecard (triple_id, source_index, rationale_id)
SELECT t.id, ss.index, x.id FROM ratings_study s JOIN ratings_triple t ON t.study_id = s.id
JOIN ratings_studysource ss ON ss.study_id = s.id
JOIN ratings_rationale x ON x.revision_id = t.revision_id AND x.source_id = ss.source_id WHERE s.name = %(name)s;
"""


def make_draft(name: str, *, triples: int, overlap: int) -> None:
    """A draft study with `triples` x `overlap` planned slots, in the database that Django is connected to."""
    from ratings.library.models import Dataset
    from ratings.studies.models import Study

    _run(LIBRARY, name=name, triples=triples)
    Study.objects.create(
        name=name,
        dataset=Dataset.objects.get(name=name),
        instructions="Rank them.",
        ratings_per_triple=overlap,
        eligible=triples,
        considered=triples,
    )
    _run(TRIPLES, name=name, triples=triples)


def _run(statements: str, *, name: str, triples: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for statement in statements.split(";"):
            if statement.strip():
                cursor.execute(statement, {"name": name, "triples": triples})


@contextlib.contextmanager
def own_database() -> Iterator[str]:
    """A migrated, empty PostgreSQL database of this benchmark's own; Django is connected to it. Yields its URL."""
    import django

    django.setup()
    from django.core.management import call_command

    from tests.services.postgres import create_database
    from tests.services.world import SERVERS, connected_to

    SERVERS.start_postgres()
    try:
        url = create_database(SERVERS.database_url, name="starchamber_benchmark", template="template1")
        with connected_to(url):
            call_command("migrate", verbosity=0)
            yield url
    finally:
        SERVERS.stop()
