"""A study's panels: their links, who came through them, what their providers told us."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.audit import Actor
from accounts.errors import StarchamberError
from accounts.gates import staff_page, staff_user
from accounts.roles import Act
from ratings.console.access import study_frame
from ratings.console.journeys import STAGE_WORDS
from ratings.console.refusals import show_refusal
from ratings.crowd.models import Panel, PanelEntry, PanelEvent
from ratings.crowd.panels import (
    PanelDesign,
    close_panel,
    create_panel,
    entry_link,
    erase_contact,
    get_panel,
)
from ratings.crowd.selectors import panel_entries, panel_statuses, places_of
from ratings.crowd.syncing import prolific, sync_panel
from ratings.studies.models import Study
from ratings.studies.selectors import get_study

_EVENTS_SHOWN = 50
_ENTRIES_A_PAGE = 50
#: The outcomes that panels have codes for; the others stand in the study's journey.
_CODES = {
    "completed": "Code for those who finish",
    "screened_out": "Code for those screened out",
    "no_consent": "Code for those who do not consent",
    "failed_check": "Code for failed attention checks",
    "nothing_rated": "Code for those who rated nothing",
    "study_closed": "Code for those whom the closing caught",
}


class PanelForm(forms.Form):
    """A new panel."""

    name = forms.SlugField(max_length=50, initial="prolific", help_text="Part of its link and of pseudonyms.")
    provider = forms.ChoiceField(choices=Panel.Provider.choices)
    quota = forms.IntegerField(
        label="Places", min_value=1, max_value=1_000_000, required=False, help_text="Empty: no limit."
    )
    external_study = forms.CharField(
        label="Study id at the provider", max_length=100, required=False, help_text="Needed to ask its API."
    )
    completion_url = forms.CharField(
        label="Where raters go back to",
        max_length=500,
        required=False,
        help_text="Empty: Prolific's own. CODE, SESSION and PERSON are filled in.",
    )
    session_parameter = forms.CharField(
        label="Parameter with the submission's id",
        max_length=50,
        required=False,
        help_text="Empty: SESSION_ID, or id.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for outcome, label in _CODES.items():
            self.fields[f"code_{outcome}"] = forms.CharField(label=label, max_length=100, required=False)

    def design(self) -> PanelDesign:
        data = self.cleaned_data
        plain = {name: data[name] for name in data if not name.startswith("code_")}
        codes = {outcome: data[f"code_{outcome}"] for outcome in _CODES if data[f"code_{outcome}"]}
        return PanelDesign(**plain, codes=codes)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@staff_page(Act.RUN_STUDIES)
def panels(request: HttpRequest, name: str) -> HttpResponse:
    study = get_study(name)
    form = PanelForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = create_panel(name, form.design(), actor=Actor.of(staff_user(request)))
        except StarchamberError as error:
            show_refusal(form, error)
        else:
            messages.success(request, f"{made.name} is ready: its link is below.")
            return HttpResponseRedirect(reverse("console:panel", args=[name, made.name]), status=303)
    return _page(request, study, form)


def _page(request: HttpRequest, study: Study, form: forms.Form) -> HttpResponse:
    rows = []
    for panel in Panel.objects.filter(study=study).select_related("study"):
        counts = panel_statuses(panel)
        statuses = [(PanelEntry.Status(status).label, count) for status, count in counts.items()]
        came, taken = places_of(panel)
        places = {"came": came, "taken": taken, "statuses": statuses}
        rows.append({"panel": panel, "link": entry_link(panel), **places})
    events = PanelEvent.objects.filter(panel__study=study) | PanelEvent.objects.filter(panel=None)
    context = {
        **study_frame(request, study, here="panels"),
        "panels": rows,
        "events": events.select_related("panel").order_by("-pk")[:_EVENTS_SHOWN],
        "form": form,
    }
    return render(request, "console/panels.html", context, status=422 if form.errors else 200)


@require_safe
@never_cache
@staff_page(Act.RUN_STUDIES)
def panel_(request: HttpRequest, name: str, panel: str) -> HttpResponse:
    """One panel: its link to copy, who came through it, and whether anybody new may."""
    found = get_panel(name, panel)
    page = Paginator(panel_entries(found), _ENTRIES_A_PAGE).get_page(request.GET.get("page"))
    raters, taken = places_of(found)
    came = [{"entry": entry, "stage": STAGE_WORDS[entry.rater.stage]} for entry in page]
    context = {
        **study_frame(request, found.study, here="panels"),
        "panel": found,
        "link": entry_link(found),
        "codes": [(_CODES.get(outcome, outcome), code) for outcome, code in found.codes.items()],
        "page": page,
        "came": came,
        "raters": raters,
        "taken": taken,
        "events": PanelEvent.objects.filter(panel=found).order_by("-pk")[:_EVENTS_SHOWN],
    }
    return render(request, "console/panel.html", context)


@require_POST
@staff_page(Act.RUN_STUDIES)
def close(request: HttpRequest, name: str, panel: str) -> HttpResponse:
    """Closes a panel for who is new, or opens it again."""
    closed = request.POST.get("act") != "reopen"
    found = close_panel(get_panel(name, panel), actor=Actor.of(staff_user(request)), closed=closed)
    words = "takes nobody new; who is in goes on." if closed else "takes new raters again."
    messages.success(request, f"{found.name} {words}")
    return HttpResponseRedirect(reverse("console:panel", args=[name, found.name]), status=303)


@require_POST
@staff_page(Act.RUN_STUDIES)
def sync(request: HttpRequest, name: str, panel: str) -> HttpResponse:
    """Asks the provider about every submission."""
    try:
        with prolific() as client:
            synced = sync_panel(get_panel(name, panel), client=client, actor=Actor.of(staff_user(request)))
        messages.success(request, f"{synced.submissions} submissions, {synced.changed} of them changed.")
    except StarchamberError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(reverse("console:panels", args=[name]), status=303)


@require_POST
@staff_page(Act.RUN_STUDIES)
def erase(request: HttpRequest, name: str) -> HttpResponse:
    """Erases who the raters are with their panels; their votes stay."""
    study = get_study(name)
    rater = request.POST.get("rater", "").strip() or None
    erased = erase_contact(study, actor=Actor.of(staff_user(request)), rater=rater)
    messages.success(
        request,
        f"The contact data of {erased} entr{'y is' if erased == 1 else 'ies are'} erased. Votes stay.",
    )
    return HttpResponseRedirect(reverse("console:panels", args=[name]), status=303)
