"""The forms of the pages about people and tokens."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.models import User
from accounts.people import MAX_NAME_LENGTH
from accounts.roles import Role

#: Days that a token of one's own may live.
MAX_TOKEN_DAYS = 365


class AcceptInvitationForm(forms.Form):
    """One's own name and password."""

    username = forms.CharField(
        max_length=MAX_NAME_LENGTH,
        label="User name",
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password = forms.CharField(
        strip=False,
        max_length=1000,
        help_text="At least 8 characters, not a common password.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class RoleForm(forms.Form):
    """A role that the person who chooses it may give: only owners make owners."""

    role = forms.ChoiceField()

    def __init__(self, data: Any = None, *, by: User, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (role.value, role.label) for role in Role if role != Role.OWNER or by.role == Role.OWNER
        ]


class InviteForm(RoleForm):
    """Whom one invites, and as what."""

    note = forms.CharField(
        max_length=200,
        required=False,
        label="For whom",
        help_text="For your own list; the invited person does not see it.",
    )
    field_order = ["note", "role"]

    def __init__(self, data: Any = None, *, by: User, **kwargs: Any) -> None:
        super().__init__(data, by=by, **kwargs)
        # The least that one can be: more is a choice, not an oversight.
        self.fields["role"].initial = Role.BLIND_ANALYST


class NewTokenForm(forms.Form):
    """A bearer token of one's own."""

    name = forms.CharField(max_length=100, help_text="What it is for: a script, a machine.")
    days = forms.IntegerField(min_value=1, max_value=MAX_TOKEN_DAYS, initial=90, label="Days it works")


class AuditFilterForm(forms.Form):
    """Which lines of the audit log to show; `before` is the cursor."""

    act = forms.CharField(max_length=60, required=False)
    actor = forms.CharField(max_length=150, required=False)
    before = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False, widget=forms.HiddenInput)
