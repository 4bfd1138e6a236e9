"""The pages about people, one's own tokens and the audit log."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import own_tokens
from accounts import people as services
from accounts.errors import InvalidInput
from accounts.forms import AuditFilterForm, InviteForm, NewTokenForm, RoleForm
from accounts.gates import staff_page, staff_user
from accounts.links import link_of
from accounts.models import User
from accounts.roles import Act, Role
from accounts.selectors import audit_page, open_invitations, tokens_of
from accounts.selectors import people as everybody


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@staff_page(Act.MANAGE_PEOPLE)
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, and the form to invite somebody. A new link is in this one answer and nowhere else."""
    by = staff_user(request)
    form = InviteForm(request.POST if request.method == "POST" else None, by=by)
    link = ""
    if form.is_valid():
        secret = services.invite(by, role=Role(form.cleaned_data["role"]), note=form.cleaned_data["note"])
        link, form = link_of(secret), InviteForm(by=by)
    context = {
        "rows": [(person, _role_form(person, by=by)) for person in everybody()],
        "invitations": open_invitations(),
        "form": form,
        "link": link,
    }
    return render(request, "accounts/people.html", context, status=422 if form.errors else 200)


def _role_form(person: User, *, by: User) -> RoleForm | None:
    """The form that changes this person's role, or None when `by` may not touch it."""
    if person.role == Role.OWNER and by.role != Role.OWNER:
        return None
    return RoleForm(by=by, initial={"role": person.role}, auto_id=f"role-{person.pk}-%s")


@require_POST
@staff_page(Act.MANAGE_PEOPLE)
def change_role(request: HttpRequest, user_id: int) -> HttpResponse:
    role = request.POST.get("role", "")
    if role not in Role.values:
        raise InvalidInput(
            f"role={role[:40]!r} is not a role: expected one of {', '.join(Role.values)}.",
            details={"field": "role"},
        )
    person = services.change_role(staff_user(request), user_id, Role(role))
    messages.success(request, f"{person.username} is now {person.get_role_display().lower()}.")
    return redirect("people")


@require_POST
@staff_page(Act.MANAGE_PEOPLE)
def deactivate(request: HttpRequest, user_id: int) -> HttpResponse:
    person = services.deactivate(staff_user(request), user_id)
    messages.success(request, f"{person.username} can no longer sign in.")
    return redirect("people")


@require_POST
@staff_page(Act.MANAGE_PEOPLE)
def reactivate(request: HttpRequest, user_id: int) -> HttpResponse:
    person = services.reactivate(staff_user(request), user_id)
    messages.success(request, f"{person.username} can sign in again.")
    return redirect("people")


@require_POST
@staff_page(Act.MANAGE_PEOPLE)
def withdraw_invitation(request: HttpRequest, invitation_id: int) -> HttpResponse:
    services.withdraw_invitation(staff_user(request), invitation_id)
    messages.success(request, "The invitation no longer works.")
    return redirect("people")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@staff_page(None)
def own_tokens_page(request: HttpRequest) -> HttpResponse:
    """One's own tokens. A new one's secret is in this one answer and nowhere else."""
    user = staff_user(request)
    form = NewTokenForm(request.POST if request.method == "POST" else None)
    secret = ""
    if form.is_valid():
        _, secret = own_tokens.create_own_token(user, **form.cleaned_data)
        form = NewTokenForm()
    context = {"tokens": tokens_of(user), "form": form, "secret": secret}
    return render(request, "accounts/tokens.html", context, status=422 if form.errors else 200)


@require_POST
@staff_page(None)
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    own_tokens.revoke_own_token(staff_user(request), token_id)
    messages.success(request, "The token no longer works.")
    return redirect("own_tokens")


@require_safe
@staff_page(Act.VIEW_AUDIT)
def audit(request: HttpRequest) -> HttpResponse:
    """The audit log, newest first, by act and actor."""
    form = AuditFilterForm(request.GET)
    if not form.is_valid():
        return render(request, "accounts/audit.html", {"form": form, "events": []}, status=422)
    events, before = audit_page(**form.cleaned_data)
    older = request.GET.copy()
    older["before"] = str(before)
    context = {"form": form, "events": events, "older": older.urlencode() if before else ""}
    return render(request, "accounts/audit.html", context)
