from __future__ import annotations

import threading

import pytest
from django.conf import settings
from django.db import connection

from accounts.audit import COMMAND
from accounts.errors import InvalidInput
from accounts.models import AuditEvent
from ratings.exports.errors import CannotWrite
from ratings.exports.models import Export
from ratings.exports.services import export_study
from ratings.studies.errors import UnknownStudy
from tests.exports.reading import export, rows_of
from tests.exports.worlds import judge, judged_study, rater
from tests.worlds import make_study


@pytest.fixture(autouse=True)
def storage(tmp_path, settings):
    settings.STORAGE_DIR = tmp_path / "storage"
    return settings.STORAGE_DIR


def test_the_same_export_repeated_is_byte_identical_and_the_same_version(db, tmp_path):
    study = judged_study()
    first = export(study, "votes", tmp_path / "first.jsonl")
    second = export(study, "votes", tmp_path / "second.jsonl")
    assert (tmp_path / "first.jsonl").read_bytes() == (tmp_path / "second.jsonl").read_bytes()
    assert first.version == second.version == first.sha256[:12]
    assert first.bytes == (tmp_path / "first.jsonl").stat().st_size
    assert first.rows == 12


def test_the_storage_keeps_one_file_and_one_record_of_the_same_content(db, storage):
    study = judged_study()
    made = [export_study(study.name, format="votes", actor=COMMAND) for _ in range(2)]
    assert made[0].pk == made[1].pk and Export.objects.count() == 1
    assert [path.name for path in (storage / "exports").iterdir()] == [f"{made[0].sha256}.jsonl"]
    # Each of the two acts has its line all the same.
    lines = AuditEvent.objects.filter(act="export.create", subject="trial")
    assert [line.details["version"] for line in lines] == [made[0].version] * 2


def test_a_new_rating_is_a_new_version(db):
    study = judged_study()
    before = export_study(study.name, format="votes", actor=COMMAND)
    judge(study, 1, rater(study, "cara"), [[0], [1], [2]])
    after = export_study(study.name, format="votes", actor=COMMAND)
    assert before.version != after.version and after.rows == before.rows + 1


def test_exports_with_other_options_share_no_pseudonym(db, tmp_path):
    study = judged_study()
    names = [
        {row[key] for row in rows_of(study, format_name, tmp_path, **options) for key in keys}
        for format_name, keys, options in (
            ("votes", ("rater", "rating"), {}),
            ("votes", ("rater", "rating"), {"lineage": True}),
            ("votes", ("rater", "rating"), {"split": "train"}),
            ("ranking", ("rater",), {}),
            ("trl-preference", ("rating",), {"lineage": True}),
        )
    ]
    assert all(names)
    assert sum(map(len, names)) == len(set().union(*names))


def test_ties_say_nothing_where_there_are_no_pairs_and_make_no_second_export(db, tmp_path):
    study = judged_study()
    assert rows_of(study, "votes", tmp_path) == rows_of(study, "votes", tmp_path, ties="both")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", "trl-unpaired"),
        ("container", "csv"),
        ("raters", "everybody"),
        ("ties", "third"),
        ("split", "no split!"),
    ],
)
def test_an_option_that_does_not_exist_is_named_with_those_that_do(db, storage, field, value):
    judged_study()
    with pytest.raises(InvalidInput) as refused:
        export_study("trial", **{"format": "votes", "actor": COMMAND, field: value})
    assert refused.value.details["field"] == field and refused.value.details["value"] == value
    if field == "format":
        assert "votes, ranking, trl-preference, trl-conversational" in refused.value.message
    assert not storage.exists() and not Export.objects.exists()


def test_a_study_that_does_not_exist_writes_nothing(db, tmp_path):
    with pytest.raises(UnknownStudy):
        export_study("nowhere", format="votes", out=tmp_path / "rows.jsonl", actor=COMMAND)
    assert not (tmp_path / "rows.jsonl").exists()


def test_what_can_not_be_written_is_not_recorded_either(db, tmp_path):
    study = judged_study()
    for out in (tmp_path, tmp_path / "nowhere" / "rows.jsonl"):
        with pytest.raises(CannotWrite):
            export(study, "votes", out)
    settings.STORAGE_DIR.write_text("a file where the folder should be")
    with pytest.raises(CannotWrite, match="storage folder"):
        export_study(study.name, format="votes", actor=COMMAND)
    assert not Export.objects.exists() and not AuditEvent.objects.filter(act="export.create").exists()


def test_an_export_that_breaks_off_leaves_no_file_and_no_record(db, tmp_path):
    study = judged_study()

    def breaks_off(rated):
        yield next(iter(rated))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(study, "votes", tmp_path / "rows.jsonl", watch=breaks_off)
    assert [path.name for path in tmp_path.iterdir()] == [] and not Export.objects.exists()


def test_statements_grow_with_chunks_and_not_with_rows(
    db, tmp_path, django_assert_max_num_queries, monkeypatch
):
    study = judged_study()
    with django_assert_max_num_queries(12):
        export(study, "trl-preference", tmp_path / "rows.jsonl")
    whole = (tmp_path / "rows.jsonl").read_bytes()
    # Chunks of five ratings, and no room to keep a triple from one chunk to the next: the same bytes.
    monkeypatch.setattr("ratings.exports.selectors._CHUNK", 5)
    monkeypatch.setattr("ratings.exports.selectors._KEPT_TRIPLES", 3)
    export(study, "trl-preference", tmp_path / "rows.jsonl")
    assert (tmp_path / "rows.jsonl").read_bytes() == whole


def test_ratings_that_arrive_meanwhile_neither_wait_nor_show(world, tmp_path, monkeypatch):
    study = judged_study()
    monkeypatch.setattr("ratings.exports.selectors._CHUNK", 2)

    def rate() -> None:
        judge(study, 1, rater(study, "cara"), [[0], [1], [2]])
        connection.close()

    def meanwhile(rated):
        rows = iter(rated)
        yield next(rows)
        thread = threading.Thread(target=rate)
        thread.start()
        thread.join(timeout=20)
        assert not thread.is_alive(), "the rater waited for the export"
        yield from rows

    assert len(rows_of(study, "votes", tmp_path, watch=meanwhile)) == 12
    assert len(rows_of(study, "votes", tmp_path)) == 13


def test_both_worlds_write_the_same_bytes(world, tmp_path):
    study = make_study()
    judge(study, 1, rater(study, "ada"), [[2], [0, 1]], reasons={"2": ["z", "a"]}, key="k")
    made = export(study, "votes", tmp_path / "rows.jsonl")
    assert made.sha256 == PINNED


#: Of the one vote above, under the suite's SECRET_KEY.
PINNED = "9c4bfb9529a065669bc5cef2b67d3954f020cf3b6615b370ba6fee0ab22ac2d1"
