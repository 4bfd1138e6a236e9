"""The start page: all studies, and what to do next."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.gates import staff_page, staff_user
from accounts.roles import Act
from ratings.console.access import permissions
from ratings.console.selectors import study_rows
from ratings.library.models import Dataset
from ratings.studies.models import Study

STUDIES_A_PAGE = 24


@require_safe
@staff_page(Act.VIEW_STUDIES)
def home(request: HttpRequest) -> HttpResponse:
    """All studies, newest first. Where there is none: the way to the first one."""
    page = Paginator(Study.objects.select_related("dataset"), STUDIES_A_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "page": page,
        "rows": study_rows(list(page)),
        "has_datasets": Dataset.objects.exists(),
        "may": permissions(staff_user(request)),
    }
    return render(request, "console/home.html", context)
