"""The pages behind the staff's sign-in links and behind invitations. GET reads, POST acts."""

from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from accounts import tokens
from accounts.errors import InvalidInput
from accounts.forms import AcceptInvitationForm
from accounts.models import Invitation, User
from accounts.people import accept_invitation

HOME = "/"


def staff_link_page(request: HttpRequest, secret: str) -> HttpResponse:
    """A one-use link. Raises NotFound or Gone when it is not live."""
    if request.method != "POST":
        link = tokens.read_sign_in_link(secret)
        return render(request, "accounts/join_staff.html", {"name": link.user.get_username()})
    user = tokens.use_sign_in_link(secret)
    return _sign_in(request, user, method="link")


def invitation_page(request: HttpRequest, secret: str) -> HttpResponse:
    """An invitation: choose a name and a password. Raises NotFound or Gone when it is not live."""
    invitation = tokens.read_one_use(Invitation, secret)
    form = AcceptInvitationForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            user = accept_invitation(secret, **form.cleaned_data)
        except InvalidInput as error:
            form.add_error(error.details["field"], error.message)
        else:
            return _sign_in(request, user, method="invitation")
    context = {
        "form": form,
        "role": invitation.get_role_display(),
        "by": invitation.invited_by.get_username(),
    }
    return render(request, "accounts/join_invitation.html", context, status=422 if form.errors else 200)


def _sign_in(request: HttpRequest, user: User, *, method: str) -> HttpResponse:
    """Signs in through allauth's stages, so that a person with a second factor is asked for it."""
    if request.user.is_authenticated:
        logout(request)
    record_authentication(request, user, method=method)
    response: HttpResponse = perform_login(request, user, email_verification="none", redirect_url=HOME)
    return response if isinstance(response, HttpResponse) else HttpResponseRedirect(HOME)
