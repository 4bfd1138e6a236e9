"""Launching by page: first the recipe, then its keys, each explained."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.audit import Actor
from accounts.errors import NotFound, StarchamberError
from accounts.gates import staff_page, staff_user
from accounts.roles import Act
from jobs.tasks import enqueue
from training.recipes.reader import RecipeAbout, describe, describe_all, recipe_names
from training.runs.estimates import outlook as outlook_of
from training.runs.forms import LaunchForm
from training.runs.launching import inputs_for, launch_training_for
from training.runs.measuring import measure
from training.runs.models import Algorithm, TrainingRun
from training.runs.outlook_showing import shown
from training.runs.pages import RUNS
from training.runs.refusals import show_refusal
from training.runs.selectors import get_run


@require_safe
@staff_page(Act.RUN_JOBS)
def choose_recipe(request: HttpRequest) -> HttpResponse:
    """All recipes, by algorithm: the general one first, then those for a purpose."""
    described = describe_all()
    groups = [
        (algorithm.label, [one for one in described if one.algorithm == algorithm]) for algorithm in Algorithm
    ]
    context = {"groups": groups, "base": request.GET.get("base", ""), "trail": [RUNS]}
    return render(request, "training/choose_recipe.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Act.RUN_JOBS)
def new_run(request: HttpRequest, recipe: str) -> HttpResponse:
    """The form of one recipe, with ?from=RUN the values of that run, with ?base=LABEL that base.

    POST launches; with `act` estimate or measure it says what the run would take, or has that found out.
    """
    about = _described(recipe)
    clone = _clone_of(request, about)
    act = request.POST.get("act", "launch")
    form = LaunchForm(
        request.POST if request.method == "POST" else None,
        about=about,
        values=None if clone is None else clone.recipe,
        base=request.GET.get("base", ""),
        label="" if clone is None else _next_label(clone.label),
    )
    # Nobody need have named what is only asked about.
    form.fields["label"].required = act == "launch"
    outlook: dict[str, Any] = {}
    if form.is_valid():
        try:
            if act == "launch":
                return _launched(request, form)
            outlook = _asked(request, form, act)
        except StarchamberError as error:
            show_refusal(form, error)
    if request.headers.get("HX-Target") == "estimate":
        return render(request, "training/_outlook.html", outlook or {"outlook_error": _errors(form)})
    context: dict[str, Any] = {
        "form": form,
        "about": about,
        "algorithm": Algorithm(about.algorithm).label,
        "clone": clone,
        "trail": [RUNS, ("New run", "/runs/new/")],
        **outlook,
    }
    return render(request, "training/new_run.html", context, status=422 if form.errors else 200)


def _launched(request: HttpRequest, form: LaunchForm) -> HttpResponse:
    run = launch_training_for(staff_user(request), form.recipe(), label=form.cleaned_data["label"])
    enqueue(run.job)
    messages.success(request, f"{run.label} is launched.")
    return redirect("training:run", run.pk)


def _asked(request: HttpRequest, form: LaunchForm, act: str) -> dict[str, Any]:
    """What the run would take; with `measure` a worker is sent to find out."""
    recipe, user = form.recipe(), staff_user(request)
    inputs = inputs_for(user, recipe)
    if act == "measure":
        enqueue(measure(inputs.base.label, inputs.dataset.name, actor=Actor.of(user)).job)
    return {"outlook": shown(outlook_of(recipe.values, inputs), recipe.algorithm)}


def _errors(form: LaunchForm) -> str:
    """The first thing that is wrong, for the estimate that can not be made because of it."""
    name, errors = next(iter(form.errors.items()))
    field = form.fields.get(name)
    if field is not None and form.has_error(name, code="required"):
        return f"{field.label} is missing."
    return str(errors[0]) if field is None else f"{field.label}: {errors[0]}"


@require_safe
@staff_page(Act.RUN_JOBS)
def clone(request: HttpRequest, pk: int) -> HttpResponse:
    """To the form of a run's recipe with the run's own values; of a file that is not here, its algorithm's form."""
    run = get_run(pk)
    recipe = run.recipe_name if run.recipe_name in recipe_names() else run.algorithm
    return redirect(f"{reverse('training:new_run', args=[recipe])}?from={run.pk}")


def _described(recipe: str) -> RecipeAbout:
    if recipe not in recipe_names():
        raise NotFound(f"There is no recipe {recipe[:100]!r}.", details={"recipe": recipe[:100]})
    return describe(recipe)


def _clone_of(request: HttpRequest, about: RecipeAbout) -> TrainingRun | None:
    """The run that is cloned, if one of this algorithm is named."""
    wanted = request.GET.get("from", "")
    if not wanted:
        return None
    if not wanted.isdecimal() or len(wanted) > 18:
        raise NotFound(f"There is no run {wanted[:100]!r}.", details={"from": wanted[:100]})
    run = get_run(int(wanted))
    return run if run.algorithm == about.algorithm else None


def _next_label(label: str) -> str:
    """star -> star-2 -> star-3, as far as the name goes."""
    stem, _, number = label.rpartition("-")
    return f"{stem}-{int(number) + 1}" if stem and number.isdecimal() and len(number) < 6 else f"{label}-2"
