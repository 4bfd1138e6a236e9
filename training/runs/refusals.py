"""Puts a refusal beside the field of the form that it is about."""

from __future__ import annotations

from django import forms

from accounts.errors import StarchamberError


def show_refusal(form: forms.BaseForm, error: StarchamberError) -> None:
    """The error's sentence, beside the field that its details name (`samples[2]` is about samples), else on top."""
    field = str(error.details.get("field") or "").partition("[")[0]
    message = error.message
    if field in form.fields:
        message = message.removeprefix(f"{field}: ")
    form.add_error(field if field in form.fields else None, message[:1].upper() + message[1:])
