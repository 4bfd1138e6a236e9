"""Signing in and out: the pages of allauth that this site offers.

Not all of them: accounts come by invitation, nothing is sent by mail, and a page that mails somebody must not
be left open by accident. Their names stay, because allauth links to them; their addresses answer 404.
"""

from __future__ import annotations

from typing import NoReturn

from allauth.account import views
from django.http import Http404, HttpRequest
from django.urls import include, path


def not_offered(request: HttpRequest) -> NoReturn:
    raise Http404("This site has no such page.")


urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("password/set/", views.password_set, name="account_set_password"),
    path("2fa/", include("allauth.mfa.urls")),
    path("signup/", not_offered, name="account_signup"),
    path("email/", not_offered, name="account_email"),
    path("confirm-email/", not_offered, name="account_email_verification_sent"),
]
