"""The Celery application: `make worker` runs it, and whoever enqueues a job sends through it."""

from __future__ import annotations

from celery import Celery

from jobs.broker import celery_options

app = Celery("starchamber", amqp="jobs.broker:Amqp", include=["jobs.tasks", "jobs.worker"])
# Read when it is first used, which is after Django's settings stand.
app.add_defaults(celery_options)
