"""The pages of figures: what there is, a new one from runs, one figure with its tables and its files."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.errors import StarchamberError
from accounts.gates import staff_page, staff_user
from accounts.models import User
from accounts.roles import Act
from training.figures.catalogue import KINDS
from training.figures.drawing import picture_spec
from training.figures.form import FigureForm
from training.figures.making import (
    from_stored,
    made_by,
    make_figure_for,
    make_source_figure_for,
    visible_figure,
)
from training.figures.models import FigureRecord
from training.figures.rendering import render_apart
from training.figures.saving import as_csv, as_json
from training.figures.selectors import figures
from training.runs.pages import RUNS, permissions
from training.runs.refusals import show_refusal

FIGURES_A_PAGE = 25
FIGURES = ("Figures", "/figures/")
#: What a figure can be had as, with its type.
FILES = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
}


@require_safe
@never_cache
@staff_page(Act.VIEW_MODELS)
def all_figures(request: HttpRequest) -> HttpResponse:
    """Every figure that was asked for, newest first, those that could not be made among them."""
    page = Paginator(figures(), FIGURES_A_PAGE).get_page(request.GET.get("page"))
    rows = [(one, KINDS[one.name].title if one.name in KINDS else one.name) for one in page]
    context = {"page": page, "rows": rows, "may": permissions(staff_user(request)), "trail": [RUNS]}
    return render(request, "training/figures.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Act.RUN_JOBS)
def new_figure(request: HttpRequest) -> HttpResponse:
    """?name= and ?run= (a run's number, several) are preselected. POST makes the figure and leads to its page."""
    initial = {"name": request.GET.get("name", ""), "runs": request.GET.getlist("run")}
    form = FigureForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            made = _made(staff_user(request), form)
        except StarchamberError as error:
            show_refusal(form, error)
        else:
            return redirect("training:figure", made.pk)
    context = {"form": form, "trail": [RUNS, FIGURES]}
    return render(request, "training/new_figure.html", context, status=422 if form.errors else 200)


def _made(user: User, form: FigureForm) -> FigureRecord:
    name, (dataset, sources) = form.cleaned_data["name"], form.chosen_sources()
    if sources:
        return make_source_figure_for(user, name, dataset, sources)
    return make_figure_for(user, name, form.chosen_runs())


@require_safe
@never_cache
@staff_page(Act.VIEW_MODELS)
def figure(request: HttpRequest, pk: int) -> HttpResponse:
    """One figure: its charts, the table of each, the runs and seeds behind it, and its files."""
    found = visible_figure(pk)
    context = {
        "made": found,
        "kind": KINDS.get(found.name),
        "figure": from_stored(found) if found.result else None,
        "files": list(FILES),
        "trail": [RUNS, FIGURES],
    }
    return render(request, "training/figure.html", context)


@require_safe
@staff_page(Act.VIEW_MODELS)
def figure_file(request: HttpRequest, pk: int, ending: str) -> HttpResponse:
    """The figure as a file; 404 for a figure that could not be made."""
    found = visible_figure(pk)
    if ending not in FILES or not found.result:
        raise Http404
    drawn = from_stored(found)
    if ending == "json":
        content = as_json(drawn, made_by=made_by(found))
    else:
        content = as_csv(drawn) if ending == "csv" else render_apart(picture_spec(drawn), ending)
    response = HttpResponse(content, content_type=FILES[ending])
    response["Content-Disposition"] = f'attachment; filename="{found.name}-{found.pk}.{ending}"'
    return response
