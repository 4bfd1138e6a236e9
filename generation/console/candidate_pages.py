"""One candidate: what was sent, what came back, and what became of it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.gates import staff_page
from accounts.roles import Act
from generation.console.access import permissions, run_trail
from generation.runs.models import Candidate
from generation.runs.selectors import get_candidate, neighbours_of


@require_safe
@staff_page(Act.VIEW_MODELS)
def candidate(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_candidate(pk)
    context = {
        "candidate": found,
        "run": found.run,
        "prompt": found.prompt,
        "question": found.prompt.question,
        "revision": found.prompt.revision,
        "sent": found.run.prefix + found.prompt.text,
        "per_token": _per_token(found),
        "others": neighbours_of(found),
        "may": permissions(request),
        "trail": run_trail(found.run),
    }
    return render(request, "generation/candidate.html", context)


def _per_token(candidate: Candidate) -> float | None:
    if candidate.logprob is None or not candidate.scored_tokens:
        return None
    return candidate.logprob / candidate.scored_tokens
