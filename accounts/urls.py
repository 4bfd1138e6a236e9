"""The addresses of the pages about people, tokens and the audit log."""

from __future__ import annotations

from django.urls import path

from accounts import pages

urlpatterns = [
    path("people/", pages.people, name="people"),
    path("people/<int:user_id>/role/", pages.change_role, name="change_role"),
    path("people/<int:user_id>/deactivate/", pages.deactivate, name="deactivate_person"),
    path("people/<int:user_id>/reactivate/", pages.reactivate, name="reactivate_person"),
    path(
        "people/invitations/<int:invitation_id>/withdraw/",
        pages.withdraw_invitation,
        name="withdraw_invitation",
    ),
    path("people/tokens/", pages.own_tokens_page, name="own_tokens"),
    path("people/tokens/<int:token_id>/revoke/", pages.revoke_token, name="revoke_token"),
    path("audit/", pages.audit, name="audit"),
]
