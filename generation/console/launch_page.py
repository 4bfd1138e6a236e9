"""Launching a generation run from the browser."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.audit import Actor
from accounts.errors import StarchamberError
from accounts.gates import staff_page, staff_user
from accounts.roles import Act
from generation.console.access import models_trail
from generation.console.launch_form import LaunchForm
from generation.runs.services import KIND, jobs_of, launch_generation
from jobs.selectors import queue_status
from jobs.tasks import enqueue
from ratings.console.refusals import show_refusal


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Act.RUN_JOBS)
def new_run(request: HttpRequest) -> HttpResponse:
    """What the query names is filled in. POST launches the run and leads to its page."""
    initial = {name: request.GET[name] for name in LaunchForm.base_fields if name in request.GET}
    form = LaunchForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            run = launch_generation(form.spec(), actor=Actor.of(staff_user(request)))
        except StarchamberError as error:
            show_refusal(form, error)
        else:
            for job in jobs_of(run):
                enqueue(job)
            messages.success(request, f"{run.planned:,} candidates are on their way.")
            return redirect("generation:run", run.pk)
    [queue] = queue_status([KIND])
    context = {"form": form, "queue": queue, "trail": models_trail()}
    return render(request, "generation/new_run.html", context, status=422 if form.errors else 200)
