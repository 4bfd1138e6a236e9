"""The audit log grows and is never rewritten."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from accounts import audit
from accounts.audit import COMMAND, Actor
from accounts.models import AuditEvent


def test_a_line_names_actor_act_subject_and_details(owner):
    audit.record(Actor.of(owner), "unblind", subject="trial", details={"reason": "done"})
    line = AuditEvent.objects.get()
    assert (line.actor, line.actor_label, line.act, line.subject) == (owner, "owner", "unblind", "trial")
    assert line.details == {"reason": "done"}


def test_a_line_can_not_be_changed_or_deleted(db):
    audit.record(COMMAND, "open_study", subject="trial")
    line = AuditEvent.objects.get()
    line.act = "nothing"
    for change in (
        line.save,
        line.delete,
        lambda: AuditEvent.objects.update(act="nothing"),
        lambda: AuditEvent.objects.filter(pk=line.pk).delete(),
        lambda: AuditEvent.objects.bulk_update([line], ["act"]),
    ):
        with pytest.raises(TypeError):
            change()
    assert list(AuditEvent.objects.values_list("act", "subject")) == [("open_study", "trial")]


def test_a_line_with_a_known_id_does_not_overwrite_its_namesake(db):
    audit.record(COMMAND, "open_study")
    line = AuditEvent.objects.get()
    for options in ({}, {"force_update": True}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AuditEvent(pk=line.pk, act="nothing", actor_label="x").save(**options)
    assert AuditEvent.objects.get().act == "open_study"


def test_an_act_that_fails_leaves_no_line(db):
    with pytest.raises(RuntimeError), transaction.atomic():
        audit.record(COMMAND, "open_study")
        raise RuntimeError
    assert not AuditEvent.objects.exists()


def test_the_name_outlives_the_account(owner):
    audit.record(Actor.of(owner), "unblind")
    owner.delete()
    line = AuditEvent.objects.get()
    assert line.actor is None and line.actor_label == "owner"
