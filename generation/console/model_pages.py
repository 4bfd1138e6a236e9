"""Models: the list, one model with its lineage and runs, and registering another."""

from __future__ import annotations

import json

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.audit import Actor
from accounts.errors import StarchamberError
from accounts.gates import staff_page, staff_user
from accounts.roles import Act
from generation.console import selectors
from generation.console.access import models_trail, permissions
from generation.console.model_forms import NewModelForm
from generation.console.parts import parts_of
from generation.registry.models import LanguageModel
from generation.registry.selectors import folder_of, get_model, lineage
from generation.registry.services import MAX_HASHED_BYTES, TINY_BASE, ensure_tiny_base, register_model
from ratings.console.refusals import show_refusal

MODELS_A_PAGE = 50


@require_safe
@staff_page(Act.VIEW_MODELS)
def models(request: HttpRequest) -> HttpResponse:
    page = Paginator(selectors.models_with_counts(), MODELS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "has_base": LanguageModel.objects.filter(label=TINY_BASE).exists(),
        "may": permissions(request),
    }
    return render(request, "generation/models.html", context)


@require_POST
@staff_page(Act.RUN_JOBS)
def register_base(request: HttpRequest) -> HttpResponse:
    """Registers the base that comes with the program."""
    try:
        made = ensure_tiny_base(actor=Actor.of(staff_user(request)))
    except StarchamberError as error:
        messages.error(request, error.message)
        return redirect("generation:models")
    messages.success(request, f"{made.label} is registered.")
    return redirect("generation:model", made.label)


@require_safe
@staff_page(Act.VIEW_MODELS)
def model(request: HttpRequest, label: str) -> HttpResponse:
    """What is known of a model, where it comes from, and what has been done with it."""
    found = get_model(label)
    may = permissions(request)
    parts = [
        render_to_string(template, {**context, "model": found, "may": may}, request=request)
        for template, context in parts_of(found, staff_user(request))
    ]
    context = {
        "model": found,
        "facts": found.manifest,
        "made": _made(found),
        "options": found.options,
        "here": _where(found),
        "ancestors": list(reversed(lineage(found))),
        "children": found.children.order_by("pk"),
        "runs": selectors.runs_of(found),
        "studies": selectors.study_starts(found),
        "parts": parts,
        "may": may,
        "trail": models_trail(),
    }
    return render(request, "generation/model.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Act.RUN_JOBS)
def new_model(request: HttpRequest) -> HttpResponse:
    form = NewModelForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = register_model(
                form.cleaned_data["label"],
                **form.place(),
                settings=form.settings(),
                actor=Actor.of(staff_user(request)),
                max_bytes=MAX_HASHED_BYTES,
            )
        except StarchamberError as error:
            show_refusal(form, error)
        else:
            messages.success(request, f"{made.label} is registered.")
            return redirect("generation:model", made.label)
    context = {"form": form, "trail": models_trail()}
    return render(request, "generation/new_model.html", context, status=422 if form.errors else 200)


def _made(model: LanguageModel) -> str:
    """What its own manifest says of how it was made, but for the files; "" where it says nothing."""
    made = {key: value for key, value in model.manifest.get("made", {}).items() if key != "files"}
    return json.dumps(made, indent=2, ensure_ascii=False) if made else ""


def _where(model: LanguageModel) -> str:
    """The folder on this machine, or why there is none; "" for models that need none."""
    if not model.has_folder:
        return ""
    try:
        return str(folder_of(model))
    except StarchamberError as error:
        return error.message
