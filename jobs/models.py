"""The Job row is the truth about long work; everything else, broker included, is a hint."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class Job(models.Model):
    """One piece of long work, and whose it is at the moment.

    A process owns a running job by its lease and its fencing number: each claim raises the number, and every write of
    results first asks whether the number is still the row's. Times of leases are the database's.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        CANCELLED = "cancelled", "Cancelled"
        FAILED = "failed", "Failed"
        FINISHED = "finished", "Finished"

    #: By which jobs.kinds finds the handler.
    kind = models.SlugField(max_length=40)
    queue = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    #: Where what it works on is shown: a path of this site, or "".
    page = models.CharField(max_length=300, blank=True)
    #: The job whose work this one shares; it is cancelled and resumed with it.
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="lanes")

    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    cancel_requested = models.BooleanField(default=False)
    #: How often it was begun, and how many attempts in a row broke.
    attempts = models.PositiveIntegerField(default=0)
    failures = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField(default=5)
    #: A queued job is not begun before this.
    not_before = models.DateTimeField(null=True, blank=True)
    #: When the watch last sent a message about it.
    woken_at = models.DateTimeField(null=True, blank=True)

    fence = models.PositiveBigIntegerField(default=0)
    lease_owner = models.CharField(max_length=200, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)

    #: What the work itself says: where it is, and when it last said so.
    stage = models.CharField(max_length=100, blank=True)
    stage_started_at = models.DateTimeField(null=True, blank=True)
    #: `done` when the stage began: more than 0 where it was resumed.
    stage_from = models.BigIntegerField(default=0)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True)

    #: {"code", "message", "details"}: why it failed, or why the attempt before this one broke.
    error = models.JSONField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)

    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    #: Who launched it, in words that outlive the account.
    created_by_label = models.CharField(max_length=150)
    created_at = models.DateTimeField(default=timezone.now)
    queued_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["queued", "running", "cancelled", "failed", "finished"]),
                name="jobs_job_state_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(state="running", lease_expires_at__isnull=False)
                | (~models.Q(state="running") & models.Q(lease_expires_at__isnull=True)),
                name="jobs_job_is_leased_while_it_runs",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "lease_expires_at"], name="jobs_job_lease"),
            models.Index(fields=["state", "queue", "queued_at"], name="jobs_job_waiting"),
            models.Index(fields=["kind", "-id"], name="jobs_job_kind"),
        ]

    def __str__(self) -> str:
        return f"job {self.pk}: {self.title}"

    @property
    def is_live(self) -> bool:
        """Whether it waits or runs: something may still come of it by itself."""
        return self.state in (Job.State.QUEUED, Job.State.RUNNING)

    @property
    def is_lost(self) -> bool:
        """Whether it is called running although its process has let its lease run out: nobody says a word of it."""
        expires = self.lease_expires_at
        return self.state == Job.State.RUNNING and expires is not None and expires < timezone.now()

    @property
    def state_words(self) -> str:
        """Inside a sentence."""
        return "no word" if self.is_lost else str(self.get_state_display()).lower()

    @property
    def has_come_to_nothing(self) -> bool:
        return self.state in (Job.State.CANCELLED, Job.State.FAILED)

    @property
    def is_resumable(self) -> bool:
        """Not after an error that would come again: its details say so (`resumable`)."""
        return self.has_come_to_nothing and not self.ends_the_same

    @property
    def ends_the_same(self) -> bool:
        """Whether going on could only end as it did."""
        return (self.error or {}).get("details", {}).get("resumable") is False


class Metric(models.Model):
    """One point of one curve. Rows are only ever added; the same point again is ignored."""

    # No index of its own: the unique one begins with it.
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="metrics", db_index=False)
    series = models.CharField(max_length=60)
    step = models.BigIntegerField()
    value = models.FloatField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "series", "step"], name="jobs_metric_point_unique")
        ]


class StageSpan(models.Model):
    """One stage of one attempt that has ended: what it did, and what it cost. Rows are only ever added."""

    # No index of its own: the unique one begins with it.
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="spans", db_index=False)
    #: The attempt's fencing number.
    fence = models.PositiveBigIntegerField()
    #: "starting" until the work names its first stage.
    name = models.CharField(max_length=100)
    began_at = models.DateTimeField()
    seconds = models.FloatField()
    #: Of the process that does the work, all its threads together.
    cpu_seconds = models.FloatField()
    #: From where to where: more than 0 at the beginning where it was resumed.
    done_from = models.BigIntegerField(default=0)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True, blank=True)
    #: The most memory that the process has held so far in this attempt; null where the system does not say.
    peak_bytes = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            # A commit whose answer is lost is written again.
            models.UniqueConstraint(fields=["job", "fence", "began_at"], name="jobs_span_unique_in_attempt")
        ]

    @property
    def units(self) -> int:
        return max(0, self.done - self.done_from)


class WatchLease(models.Model):
    """The one row whose holder keeps watch (jobs.watch) for all workers."""

    owner = models.CharField(max_length=200, blank=True)
    expires_at = models.DateTimeField()


class WorkerBeat(models.Model):
    """A sign of life of one worker process."""

    name = models.CharField(max_length=200, unique=True)
    #: ["generate", …]
    queues = models.JSONField(default=list)
    #: How many jobs it takes at a time, and how many it has.
    concurrency = models.PositiveSmallIntegerField(default=1)
    running = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    #: When it said good-bye; null while it lives, and for one that was killed.
    stopped_at = models.DateTimeField(null=True, blank=True)
