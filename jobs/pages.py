"""The pages of jobs: the list, one job live, and what can be done to it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.audit import Actor
from accounts.errors import Conflict
from accounts.gates import staff_page, staff_user
from accounts.naming import NamesValues
from accounts.roles import Act
from jobs.kinds import QUEUES
from jobs.live import live_curves, live_job
from jobs.logs import log_path
from jobs.models import Job
from jobs.selectors import LOST, get_job, jobs_with_people, queue_status
from jobs.services import cancel_job, resume_job
from jobs.tasks import enqueue

JOBS_A_PAGE = 25
TRAIL = [("Runs", "/jobs/")]


_STATES = [("", "Any state"), *Job.State.choices, (LOST, "No word")]


class JobFilterForm(NamesValues):
    """Which jobs to list."""

    state = forms.ChoiceField(required=False, choices=_STATES)
    queue = forms.ChoiceField(required=False, choices=[("", "Any queue"), *((name, name) for name in QUEUES)])

    def chosen(self) -> dict[str, str]:
        if not self.is_valid():
            return {}
        return {name: value for name, value in self.cleaned_data.items() if value}


@require_safe
@never_cache
@staff_page(Act.VIEW_MODELS)
def jobs(request: HttpRequest) -> HttpResponse:
    """All jobs, newest first; the table alone where htmx asks again."""
    form = JobFilterForm(request.GET, auto_id="filter-%s")
    chosen = form.chosen()
    found = jobs_with_people(**chosen) if form.is_valid() else Job.objects.none()
    page = Paginator(found, JOBS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "query": urlencode(chosen),
        "here": f"?{urlencode({**chosen, 'page': page.number})}",
        "queues": queue_status(),
        "is_moving": any(job.is_live for job in page),
    }
    asked_again = request.headers.get("HX-Target") == "jobs"
    template = "jobs/_jobs.html" if asked_again else "jobs/jobs.html"
    return render(request, template, context, status=200 if form.is_valid() else 422)


@require_safe
@never_cache
@staff_page(Act.VIEW_MODELS)
def job(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_job(pk)
    context = {
        "job": found,
        "live": live_job(found, staff_user(request)),
        "trail": TRAIL,
        **live_curves(found),
    }
    return render(request, "jobs/job.html", context)


@require_safe
@never_cache
@staff_page(Act.VIEW_MODELS)
def live(request: HttpRequest, pk: int) -> HttpResponse:
    """The moving part, for htmx. Of a job that has ended it does not ask again."""
    return render(request, "jobs/_live.html", {"live": live_job(get_job(pk), staff_user(request))})


@require_safe
@never_cache
@staff_page(Act.VIEW_MODELS)
def curves(request: HttpRequest, pk: int) -> HttpResponse:
    """The charts, for htmx."""
    return render(request, "jobs/_curves.html", live_curves(get_job(pk)))


@require_safe
@never_cache
@staff_page(Act.VIEW_MODELS)
def log(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The whole log as plain text."""
    path = log_path(get_job(pk).pk)
    if not path.is_file():
        raise Http404
    return FileResponse(path.open("rb"), content_type="text/plain; charset=utf-8")


@require_POST
@staff_page(Act.RUN_JOBS)
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    def act() -> str:
        ended = cancel_job(pk, actor=Actor.of(staff_user(request)))
        return "It is cancelled." if not ended.is_live else "It ends as soon as its process hears of it."

    return _do(request, pk, act)


@require_POST
@staff_page(Act.RUN_JOBS)
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    def act() -> str:
        resumed = resume_job(pk, actor=Actor.of(staff_user(request)))
        for one in (resumed, *resumed.lanes.filter(state=Job.State.QUEUED)):
            enqueue(one)
        return "It waits for a worker, and goes on from what is stored."

    return _do(request, pk, act)


def _do(request: HttpRequest, pk: int, act: Callable[[], str]) -> HttpResponse:
    """Does it and tells what became of it on the page that asked, also where it was done already."""
    get_job(pk)
    try:
        messages.success(request, act())
    except Conflict as error:
        messages.warning(request, error.message)
    back = request.headers.get("Referer", "")
    known = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(back if known else reverse("jobs:job", args=[pk]), status=303)
