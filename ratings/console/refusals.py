"""Puts a service's refusal beside the field of the form that it is about."""

from __future__ import annotations

from django import forms

from accounts.errors import StarchamberError


def show_refusal(form: forms.BaseForm, error: StarchamberError) -> None:
    """The error's sentence, beside the field that its details name, else above the form."""
    field = error.details.get("field")
    message = error.message
    if field in form.fields:
        message = message.removeprefix(f"{field}: ")
        form.add_error(field, message[:1].upper() + message[1:])
    else:
        form.add_error(None, message)
