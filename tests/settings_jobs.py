"""The product's settings, and the kinds of work of tests/jobs/work.py: for real workers and their children."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.jobs.app.WorkForTests"]

JOB_GRACE_SECONDS = 1
