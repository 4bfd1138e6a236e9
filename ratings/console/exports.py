"""A study's exports: make one, list them, fetch them."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.errors import StarchamberError
from accounts.gates import staff_page, staff_user
from accounts.roles import Act
from ratings.console.access import study_frame
from ratings.console.refusals import show_refusal
from ratings.exports.errors import NoStoredFile, UnknownExport
from ratings.exports.formats import FORMATS
from ratings.exports.models import Export
from ratings.exports.options import CONTAINERS, JSONL
from ratings.exports.pairs import BOTH, DROP, HALF
from ratings.exports.selectors import exports_of, get_export, stored_file_of
from ratings.exports.services import export_study_for
from ratings.slots.models import Rater
from ratings.studies.blinding import require_visible_results
from ratings.studies.models import Study
from ratings.studies.selectors import get_study

EXPORTS_A_PAGE = 25
_WORDS = {
    "votes": "Votes: every rating with all its revisions",
    "ranking": "Rankings: a Ratings file that can be imported again",
    "trl-preference": "Preference pairs for TRL: prompt, chosen, rejected",
    "trl-conversational": "Preference pairs for TRL as conversations",
}


class ExportForm(forms.Form):
    """What to write, and how."""

    format = forms.ChoiceField(choices=[(name, _WORDS.get(name, name)) for name in FORMATS])
    container = forms.ChoiceField(label="File", choices=[(name, name) for name in CONTAINERS], initial=JSONL)
    raters = forms.ChoiceField(
        choices=Rater.Kind.choices, initial=Rater.Kind.HUMAN, help_text="Kinds are never pooled."
    )
    ties = forms.ChoiceField(
        choices=[(DROP, "Leave out"), (BOTH, "Both ways, two rows"), (HALF, "One row, by a fair coin")],
        initial=DROP,
        help_text="For pairs: what becomes of a tie.",
    )
    split = forms.ChoiceField(required=False, help_text="Only questions of this split.")
    lineage = forms.BooleanField(
        required=False, label="Add columns that say which revision and rationales each row comes from"
    )

    def __init__(self, data: Any = None, *, study: Study) -> None:
        super().__init__(data)
        splits = (
            study.triples.values_list("question__split", flat=True).order_by("question__split").distinct()
        )
        split = self.fields["split"]
        assert isinstance(split, forms.ChoiceField)
        split.choices = [("", "All splits"), *((name, name) for name in splits)]


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Act.EXPORT)
def exports(request: HttpRequest, name: str) -> HttpResponse:
    """The exports so far and, once results are visible, the form for another."""
    study = get_study(name)
    form = ExportForm(request.POST if request.method == "POST" else None, study=study)
    status = HTTPStatus.OK if form.is_valid() or not form.errors else HTTPStatus.UNPROCESSABLE_ENTITY
    if form.is_valid():
        options = {**form.cleaned_data, "split": form.cleaned_data["split"] or None}
        try:
            made = export_study_for(staff_user(request), name, **options)
        except StarchamberError as error:
            status = error.status
            show_refusal(form, error)
        else:
            messages.success(request, f"{made.format}: {made.rows:,} rows, version {made.version}.")
            return redirect("console:exports", name)
    context = {
        **study_frame(request, study, here="exports"),
        "form": form,
        "page": Paginator(exports_of(study), EXPORTS_A_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "console/exports.html", context, status=status)


@require_safe
@staff_page(Act.EXPORT)
def export_file(request: HttpRequest, name: str, export_id: int) -> HttpResponseBase:
    """The file itself."""
    study = get_study(name)
    export = get_export(export_id)
    if export.study_id != study.pk:
        raise UnknownExport(f"Study {name!r} has no export {export_id}.", details={"export": export_id})
    require_visible_results(study)
    path = Path(settings.STORAGE_DIR) / stored_file_of(export)
    if not path.is_file():
        raise NoStoredFile("The storage no longer holds this file; make the export again.")
    return FileResponse(path.open("rb"), as_attachment=True, filename=_file_name(export))


def _file_name(export: Export) -> str:
    return f"{export.study.name}-{export.format}-{export.version}.{export.container}"
