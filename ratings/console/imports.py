"""Importing a file by page: a preview that writes nothing, then the import of the very same file."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from accounts.audit import Actor
from accounts.errors import StarchamberError
from accounts.gates import staff_page, staff_user
from accounts.roles import Act
from ratings.console.datasets import DATASETS
from ratings.console.import_form import ImportForm, writer_words
from ratings.console.refusals import show_refusal
from ratings.console.staging import UploadGone, drop_upload, keep_upload, kept_upload
from ratings.library.errors import UnusableRows
from ratings.library.services import import_questions, import_rationales
from ratings.library.uploads import check_size

#: Where the session remembers what was previewed.
SESSION_KEY = "import_preview"


# The CSRF check reads the form and with it the whole upload, so it comes after the gate and the check of the size:
# a stranger's gigabytes are not written to disk first.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@staff_page(Act.EDIT_LIBRARY)
def import_file(request: HttpRequest) -> HttpResponse:
    """The form; its POST answers with the preview."""
    check_size(int(request.META.get("CONTENT_LENGTH") or 0))
    return _import_file(request)


@csrf_protect
def _import_file(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        form = ImportForm(initial={"dataset": request.GET.get("dataset", "")})
        return _page(request, form)
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    _forget(request)
    try:
        answer = _run(request, form.cleaned_data["file"], form.options(), dry_run=True)
    except UnusableRows as error:
        return _page(request, form, status=422, problems=error.details)
    except StarchamberError as error:
        show_refusal(form, error)
        return _page(request, form, status=422)
    form.cleaned_data["file"].seek(0)
    key = keep_upload(form.cleaned_data["file"])
    preview = {"key": key, "name": form.cleaned_data["file"].name, **form.options()}
    request.session[SESSION_KEY] = preview
    rows = [
        (label, writer_words(answer["written_by"][label]), counts)
        for label, counts in answer["sources"].items()
    ]
    unsaid = [label for label, writer in answer["written_by"].items() if not writer]
    return _page(request, form, preview=preview, answer=answer, source_rows=rows, unsaid=unsaid)


@require_POST
@staff_page(Act.EDIT_LIBRARY)
def commit_import(request: HttpRequest) -> HttpResponse:
    """Imports the file of the last preview; the second click finds it done."""
    preview = request.session.get(SESSION_KEY)
    if preview is None or preview["key"] != request.POST.get("key"):
        raise UploadGone("This preview is over: the file was imported, dropped or replaced by another.")
    options = {name: preview[name] for name in ("what", "format", "dataset", *ImportForm.more)}
    with kept_upload(preview["key"], name=preview["name"]) as file:
        answer = _run(request, file, options, dry_run=False)
    _forget(request)
    messages.success(
        request,
        f"{preview['name']}: {answer['created']:,} created, {answer['updated']:,} updated, "
        f"{answer['unchanged']:,} unchanged.",
    )
    return redirect("console:dataset", preview["dataset"])


def _run(request: HttpRequest, file: Any, options: dict[str, str], *, dry_run: bool) -> dict[str, Any]:
    service = import_questions if options["what"] == "questions" else import_rationales
    return service(
        file,
        format=options["format"],
        dataset=options["dataset"],
        family=options["family"] or None,
        split=options["split"] or None,
        source=options["source"] or None,
        written_by=options["written_by"] or None,
        dry_run=dry_run,
        actor=Actor.of(staff_user(request)),
    )


def _forget(request: HttpRequest) -> None:
    """Drops what an earlier preview kept."""
    earlier = request.session.pop(SESSION_KEY, None)
    if earlier is not None:
        drop_upload(earlier["key"])


def _page(request: HttpRequest, form: ImportForm, *, status: int = 200, **extra: Any) -> HttpResponse:
    context = {"form": form, "trail": [DATASETS], **extra}
    return render(request, "console/import.html", context, status=status)
